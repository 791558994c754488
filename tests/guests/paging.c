/* Page tables: what the host may remember of them, and which hypercall makes it look again. */

#include "harness.h"

/* Where the tests map pages; each has a page table of its own. */
#define PLACE       0x10000000
#define NEXT_PLACE  (PLACE + 0x00400000)
#define SLOT        (PLACE >> 22)

/* Somewhere in the kernel's half, above all memory. */
#define KERNEL_PLACE 0xe0000000

#define KERNEL_PAGE (PAGE_PRESENT | PAGE_WRITABLE)

static u32 one, two;        /* pages that hold 1 and 2 */

static volatile u32 *word(u32 address)
{
    return (volatile u32 *)address;
}

static u32 page_with(u32 value)
{
    u32 page = new_page();

    *(u32 *)kernel_address(page) = value;
    return page;
}

static void set_pte(u32 directory, u32 address, u32 entry)
{
    hypercall(SET_PTE, directory, address, entry);
}

static volatile u32 *directory_entry(u32 directory, u32 address)
{
    return (volatile u32 *)kernel_address(directory) + (address >> 22);
}

static void use(u32 directory)
{
    hypercall(NEW_PGTABLE, directory, 0, 0);
}

static int faults(u32 address)
{
    TRY("movl (%%eax), %%eax", : "a"(address) : "memory");
    resume_at = 0;
    return traps_caught == 1 && caught.vector == 14 && caught.error == 0 && lguest_data.cr2 == address;
}

static void appear(void)
{
    check(faults(PLACE), "nothing is there yet");
    map_page(test_directory, PLACE, one, KERNEL_PAGE);
    check_equal("a new page is there without a hypercall", *word(PLACE), 1);
    check(faults(PLACE + PAGE_SIZE), "its neighbour is not there yet");
    map_page(test_directory, PLACE + PAGE_SIZE, two, KERNEL_PAGE);
    check_equal("a new page in an old table, too", *word(PLACE + PAGE_SIZE), 2);
}

static void single_pages(void)
{
    volatile u32 *entry = page_entry(test_directory, PLACE);

    *entry = two | KERNEL_PAGE;
    set_pte(test_directory, PLACE, two | KERNEL_PAGE);
    check_equal("SET_PTE exchanges a page", *word(PLACE), 2);

    *entry = one | KERNEL_PAGE;
    set_pte(test_directory, PLACE, 0);
    check_equal("SET_PTE with 0 is a flush: the entry counts", *word(PLACE), 1);
    set_pte(test_directory, PLACE, 0);
    check_equal("and the page stays when nothing changed", *word(PLACE), 1);

    *entry = 0;
    set_pte(test_directory, PLACE, 0);
    check(faults(PLACE), "SET_PTE takes a page away");

    /* How Linux 2.6 writes PROT_NONE: not present, and bits that would be bad in a present entry. */
    *entry = two | PAGE_DIRTY | PAGE_ACCESSED | PAGE_USER | 0x198;
    set_pte(test_directory, PLACE, *entry);
    check(faults(PLACE), "all bits of an entry that is not present are the guest's own");

    *entry = one | PAGE_PRESENT;
    TRY("movl %%eax, (%%edx)", : "a"(77), "d"(PLACE) : "memory");
    check_kernel_trap("a read-only page refuses a write", 14, 3, 0);
    check_equal("and keeps its contents", *word(PLACE), 1);
    *entry = one | KERNEL_PAGE;
    set_pte(test_directory, PLACE, *entry);
    *word(PLACE) = 77;
    check_equal("made writable by SET_PTE, it takes it", *(u32 *)kernel_address(one), 77);
    *word(PLACE) = 1;

    *entry = one | PAGE_PRESENT;
    set_pte(test_directory, PLACE, *entry);
    TRY("movl %%eax, (%%edx)", : "a"(78), "d"(PLACE) : "memory");
    check_kernel_trap("made read-only by SET_PTE, it refuses again", 14, 3, 0);
}

static void used_bits(void)
{
    volatile u32 *entry = page_entry(test_directory, PLACE);
    volatile u32 *above = directory_entry(test_directory, PLACE);

    *above &= ~PAGE_ACCESSED;
    hypercall(SET_PMD, test_directory, SLOT, 0);
    *entry = one | KERNEL_PAGE;
    set_pte(test_directory, PLACE, *entry);
    (void)*word(PLACE);
    check_equal("reading sets the accessed bit, and not the dirty one", *entry, one | KERNEL_PAGE | PAGE_ACCESSED);
    check_equal("also in the directory", *above & PAGE_ACCESSED, PAGE_ACCESSED);
    *word(PLACE) = 1;
    check_equal("writing sets the dirty bit", *entry, one | KERNEL_PAGE | PAGE_ACCESSED | PAGE_DIRTY);

    *entry = one | KERNEL_PAGE;
    set_pte(test_directory, PLACE, *entry);
    *word(PLACE) = 1;
    check_equal("a write can come first", *entry, one | KERNEL_PAGE | PAGE_ACCESSED | PAGE_DIRTY);
}

static void directory_rights(void)
{
    volatile u32 *above = directory_entry(test_directory, PLACE);

    *above &= ~PAGE_WRITABLE;
    hypercall(SET_PMD, test_directory, SLOT, 0);
    TRY("movl %%eax, (%%edx)", : "a"(79), "d"(PLACE) : "memory");
    check_kernel_trap("a read-only directory entry covers its pages", 14, 3, 0);
    *above |= PAGE_WRITABLE;
    hypercall(SET_PMD, test_directory, SLOT, 0);
    *word(PLACE) = 1;
    check(traps_caught == 1, "and lets go of them again");
}

static void flushes(void)
{
    volatile u32 *entry = page_entry(test_directory, PLACE);
    volatile u32 *kernel_entry = page_entry(test_directory, KERNEL_PLACE);

    *entry = *kernel_entry = one | KERNEL_PAGE;
    hypercall(FLUSH_TLB, 1, 0, 0);
    (void)*word(PLACE);
    (void)*word(KERNEL_PLACE);

    *entry = two | KERNEL_PAGE;
    hypercall(FLUSH_TLB, 0, 0, 0);
    check_equal("FLUSH_TLB 0 forgets the user's pages", *word(PLACE), 2);
    *entry = one | KERNEL_PAGE;
    *kernel_entry = two | KERNEL_PAGE;
    hypercall(FLUSH_TLB, 1, 0, 0);
    check(*word(PLACE) == 1 && *word(KERNEL_PLACE) == 2, "FLUSH_TLB 1 forgets everything");

    *entry = 0;
    hypercall(FLUSH_TLB, 0, 0, 0);
    check(faults(PLACE), "also that a page was there");
    *entry = one | KERNEL_PAGE;
}

static void slots(void)
{
    volatile u32 *above = directory_entry(test_directory, PLACE);
    u32 table = *above;

    (void)*word(PLACE);
    map_page(test_directory, NEXT_PLACE, two, KERNEL_PAGE);
    (void)*word(NEXT_PLACE);

    *above = *directory_entry(test_directory, NEXT_PLACE);
    hypercall(SET_PMD, test_directory, SLOT, 0);
    check_equal("SET_PMD exchanges 4 MiB", *word(PLACE), 2);
    *above = 0;
    hypercall(SET_PMD, test_directory, SLOT, 0);
    check(faults(PLACE), "and takes them away");
    *above = table;
    check_equal("they come back without a hypercall", *word(PLACE), 1);

    hypercall(SET_PMD, test_directory, 1023, 0);
    hypercall(SET_PMD, test_directory, 1024, 0);
    hypercall(SET_PMD, test_directory, 0xffffffff, 0);
    check(1, "SET_PMD of the host's own slot, or of none, does nothing");
}

static void directories(void)
{
    enum { COUNT = 8 };     /* more than a host may keep in mind */
    u32 directory[COUNT], wrong = 0;

    for (u32 i = 0; i < COUNT; i++) {
        directory[i] = new_directory();
        map_page(directory[i], PLACE, page_with(100 + i), KERNEL_PAGE);
    }
    for (u32 round = 0; round < 3; round++)
        for (u32 i = 0; i < COUNT; i++) {
            use(directory[i]);
            wrong += *word(PLACE) != 100 + i;
        }
    check_equal("every directory keeps its own pages", wrong, 0);

    /* A directory that is not in use is changed. */
    use(directory[0]);
    *page_entry(directory[1], PLACE) = one | KERNEL_PAGE;
    set_pte(directory[1], PLACE, one | KERNEL_PAGE);
    check_equal("SET_PTE of another directory leaves this one alone", *word(PLACE), 100);
    use(directory[1]);
    check_equal("and counts when that one is used", *word(PLACE), 1);

    /* One is thrown away, and its page becomes another program's. */
    *directory_entry(directory[0], PLACE) = 0;
    hypercall(SET_PMD, directory[0], SLOT, 0);
    map_page(directory[0], PLACE, two, KERNEL_PAGE);
    use(directory[0]);
    check_equal("a recycled directory has no old pages", *word(PLACE), 2);

    /* The kernel's half is one for all: its tables are shared, and it names any directory. */
    *page_entry(directory[3], KERNEL_PLACE) = one | KERNEL_PAGE;
    hypercall(FLUSH_TLB, 1, 0, 0);
    for (u32 i = 0; i < COUNT; i++) {
        *directory_entry(directory[i], KERNEL_PLACE) = *directory_entry(directory[3], KERNEL_PLACE);
        use(directory[i]);
        (void)*word(KERNEL_PLACE);
    }
    *page_entry(directory[3], KERNEL_PLACE) = two | KERNEL_PAGE;
    set_pte(directory[5], KERNEL_PLACE, two | KERNEL_PAGE);
    wrong = 0;
    for (u32 i = 0; i < COUNT; i++) {
        use(directory[i]);
        wrong += *word(KERNEL_PLACE) != 2;
    }
    check_equal("SET_PTE of a kernel page concerns every directory", wrong, 0);
    use(test_directory);
}

/* Code is found through page tables like everything else. */
static void code(void)
{
    static const u8 returns_1[] = {0xb8, 1, 0, 0, 0, 0xc3}, returns_2[] = {0xb8, 2, 0, 0, 0, 0xc3};
    u32 first = new_page(), second = new_page();
    u32 (*function)(void) = (u32 (*)(void))PLACE;

    memcpy(kernel_address(first), returns_1, sizeof returns_1);
    memcpy(kernel_address(second), returns_2, sizeof returns_2);
    *page_entry(test_directory, PLACE) = first | KERNEL_PAGE;
    set_pte(test_directory, PLACE, 0);
    check_equal("code runs from its page", function(), 1);
    *page_entry(test_directory, PLACE) = second | KERNEL_PAGE;
    set_pte(test_directory, PLACE, 0);
    check_equal("and from another page after SET_PTE", function(), 2);
    *(volatile u8 *)kernel_address(second + 1) = 3;
    asm volatile("jmp 1f\n1:" : : : "memory");
    check_equal("code written through another mapping is seen", function(), 3);
}

/* An access may lie in two pages. */
static void crossing(void)
{
    u32 value;

    map_page(test_directory, PLACE, one, KERNEL_PAGE);
    map_page(test_directory, PLACE + PAGE_SIZE, two, KERNEL_PAGE);
    set_pte(test_directory, PLACE, 0);
    set_pte(test_directory, PLACE + PAGE_SIZE, 0);
    *(u32 *)kernel_address(one + PAGE_SIZE - 4) = 0xaabbccdd;
    *(u32 *)kernel_address(two) = 0x11223344;
    check_equal("a read across two pages", *word(PLACE + PAGE_SIZE - 2), 0x3344aabb);
    *word(PLACE + PAGE_SIZE - 2) = 0x55667788;
    check(*(u32 *)kernel_address(one + PAGE_SIZE - 4) == 0x7788ccdd && *(u32 *)kernel_address(two) == 0x11225566,
          "a write across two pages");

    *page_entry(test_directory, PLACE + PAGE_SIZE) = 0;
    set_pte(test_directory, PLACE + PAGE_SIZE, 0);
    TRY("movl %%eax, (%%edx)", : "a"(0), "d"(PLACE + PAGE_SIZE - 2) : "memory");
    check_kernel_trap("the second page is missing", 14, 2, 0);
    check_equal("cr2 is where it begins", lguest_data.cr2, PLACE + PAGE_SIZE);
    value = *(u32 *)kernel_address(one + PAGE_SIZE - 4);
    check_equal("and nothing was written to the first", value, 0x7788ccdd);
}

int main(void)
{
    lguest_init();
    prepare_ring3();
    one = page_with(1);
    two = page_with(2);

    appear();
    single_pages();
    used_bits();
    directory_rights();
    flushes();
    slots();
    directories();
    code();
    crossing();
    power_down();
}
