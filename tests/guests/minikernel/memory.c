/* Pages, address spaces, page faults.
 *
 * The host remembers page table entries that were present, so it hears of every one that changes; it
 * does not remember that something was not there, so nothing need be said when a page comes. */

#include "kernel.h"

#define MOST_PAGES      4096            /* as many as this kernel keeps count of: 16 MiB */

/* A slot is what leads to a page table; with PAE, those of a GiB are in a table of their own. */
#define SLOT_SIZE       (TABLE_ENTRIES * PAGE_SIZE)
#define SLOT(address)   ((address) / SLOT_SIZE)
#define USER_SLOTS      SLOT(PAGE_OFFSET)

/* In the bits a processor ignores: not writable, but only until somebody writes. */
#define PAGE_COPY       0x200

/* Error code of a page fault. */
#define FAULT_PRESENT   1
#define FAULT_WRITE     2

u32 pages_in_use, pages_on_demand, pages_copied, pages_kept;

static u16 users[MOST_PAGES];            /* how many address spaces (or others) hold a page */
static u32 free_pages;                  /* a list, linked through the pages themselves */
static u32 kernel_directory, zero_page;

static u16 *users_of(u32 page)
{
    if (page / PAGE_SIZE >= MOST_PAGES)
        crash("more memory than this kernel counts");
    return &users[page / PAGE_SIZE];
}

u32 take_page(void)
{
    u32 page = free_pages;

    if (page) {
        free_pages = *(u32 *)kernel_address(page);
        memset(kernel_address(page), 0, PAGE_SIZE);
    } else {
        page = new_page();
    }
    *users_of(page) = 1;
    pages_in_use++;
    return page;
}

void drop_page(u32 page)
{
    if (--*users_of(page))
        return;
    *(u32 *)kernel_address(page) = free_pages;
    free_pages = page;
    pages_in_use--;
}

static u32 *table_at(u32 entry)
{
    return kernel_address(entry & PAGE_FRAME);
}

#ifdef PAE

#define GIB(slot)       ((slot) / TABLE_ENTRIES)
#define USER_GIBS       GIB(USER_SLOTS)

/* 0 if there is none; made, if it is wanted. */
static u32 *slot_at(u32 directory, u32 slot, int wanted)
{
    u32 *gib = table_at(directory) + 2 * GIB(slot);

    if (!(*gib & PAGE_PRESENT)) {
        if (!wanted)
            return 0;
        *gib = take_page() | PAGE_PRESENT;
    }
    return table_at(*gib) + 2 * (slot % TABLE_ENTRIES);
}

static int leads_on(const u32 *slot)
{
    return slot && (*slot & PAGE_PRESENT);
}

/* A slot has become empty: the host does not look at it by itself. */
static void forget_slot(u32 directory, u32 slot)
{
    later(SET_MIDDLE_ENTRY, table_at(directory)[2 * GIB(slot)] & PAGE_FRAME, slot % TABLE_ENTRIES, 0);
}

u32 new_space(void)
{
    u32 directory = take_page();

    table_at(directory)[2 * USER_GIBS] = table_at(kernel_directory)[2 * USER_GIBS];
    return directory;
}

static void drop_slots(u32 directory)
{
    for (u32 gib = 0; gib < USER_GIBS; gib++) {
        u32 *entry = table_at(directory) + 2 * gib, was = *entry;

        if (!(was & PAGE_PRESENT))
            continue;
        *entry = 0;
        later(SET_PMD, directory, gib, 0);
        settle();
        drop_page(was & PAGE_FRAME);
    }
}

#else

static u32 *slot_at(u32 directory, u32 slot, int wanted)
{
    (void)wanted;
    return table_at(directory) + slot;
}

static int leads_on(const u32 *slot)
{
    return *slot & PAGE_PRESENT;
}

static void forget_slot(u32 directory, u32 slot)
{
    later(SET_PMD, directory, slot, 0);
}

/* The kernel's half is the same in every directory: new tables for it are made here alone, before
 * there is a second directory. */
u32 new_space(void)
{
    u32 directory = take_page();

    memcpy(table_at(directory) + USER_SLOTS, table_at(kernel_directory) + USER_SLOTS, PAGE_SIZE - 4 * USER_SLOTS);
    return directory;
}

static void drop_slots(u32 directory)
{
    (void)directory;
}

#endif

static u32 *find_entry(u32 directory, u32 address)
{
    u32 *slot = slot_at(directory, SLOT(address), 1);

    if (!(*slot & PAGE_PRESENT))
        *slot = take_page() | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
    return table_at(*slot) + ENTRY_WORDS * (address / PAGE_SIZE % TABLE_ENTRIES);
}

u32 copy_space(u32 directory)
{
    u32 copy = new_space();

    for (u32 slot = 0; slot < USER_SLOTS; slot++) {
        u32 *table = slot_at(directory, slot, 0);

        if (!leads_on(table))
            continue;
        for (u32 i = 0; i < TABLE_ENTRIES; i++) {
            u32 *entry = table_at(*table) + ENTRY_WORDS * i, address = slot * SLOT_SIZE + i * PAGE_SIZE;

            if (!(*entry & PAGE_PRESENT))
                continue;
            if (*entry & PAGE_WRITABLE) {
                *entry = (*entry & PAGE_FRAME) | PAGE_PRESENT | PAGE_USER | PAGE_COPY;
                later(SET_PTE, directory, address, *entry);
            }
            *find_entry(copy, address) = *entry;
            ++*users_of(*entry & PAGE_FRAME);
        }
    }
    settle();
    return copy;
}

/* The page of the directory will soon be another's directory, or anything else: the host must not
 * remember what was in it. */
void drop_space(u32 directory)
{
    for (u32 slot = 0; slot < USER_SLOTS; slot++) {
        u32 *table = slot_at(directory, slot, 0), was;

        if (!leads_on(table))
            continue;
        was = *table;
        *table = 0;
        forget_slot(directory, slot);
        for (u32 i = 0; i < TABLE_ENTRIES; i++)
            if (table_at(was)[ENTRY_WORDS * i] & PAGE_PRESENT)
                drop_page(table_at(was)[ENTRY_WORDS * i] & PAGE_FRAME);
        drop_page(was & PAGE_FRAME);
    }
    drop_slots(directory);
    settle();
    drop_page(directory);
}

/* A program's image is not copied when the program starts: it is there already, in the kernel's. */
static u32 first_content(u32 address)
{
    const struct program *program = current->program;

    if (address >= USER_PROGRAM && address - USER_PROGRAM < (u32)(program->end - program->start))
        return physical(program->start) + address - USER_PROGRAM;
    return zero_page;
}

static u32 writable_copy(u32 page)
{
    u32 copy = take_page();

    memcpy(kernel_address(copy), kernel_address(page), PAGE_SIZE);
    return copy | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
}

static void first_touch(u32 *entry, u32 address, int write)
{
    u32 page = first_content(address);

    pages_on_demand++;
    if (write) {
        *entry = writable_copy(page);
    } else {
        ++*users_of(page);
        *entry = page | PAGE_PRESENT | PAGE_USER | PAGE_COPY;
    }
}

static void write_to_shared(u32 *entry, u32 address)
{
    u32 page = *entry & PAGE_FRAME;

    if (*users_of(page) == 1) {
        *entry = page | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
        pages_kept++;
    } else {
        *entry = writable_copy(page);
        drop_page(page);
        pages_copied++;
    }
    later(SET_PTE, current->directory, address, *entry);
    settle();
}

int resolve_page_fault(u32 address, u32 error)
{
    u32 *entry;

    if (current == processes || !is_user_memory(address, 1))
        return 0;
    address &= PAGE_FRAME;
    entry = find_entry(current->directory, address);
    if (!(error & FAULT_PRESENT))
        first_touch(entry, address, error & FAULT_WRITE);
    else if ((error & FAULT_WRITE) && (*entry & PAGE_COPY))
        write_to_shared(entry, address);
    else
        crash("the host remembers an entry it was told to forget");
    return 1;
}

static int lies_in(u32 address, u32 length, u32 start, u32 end)
{
    return address >= start && address <= end && length <= end - address;
}

int is_user_memory(u32 address, u32 length)
{
    return lies_in(address, length, USER_PROGRAM, USER_PROGRAM_END) ||
           lies_in(address, length, USER_STACK, USER_STACK_TOP);
}

void memory_begin(void)
{
    kernel_directory = new_directory();
    processes[0].directory = kernel_directory;
    hypercall(NEW_PGTABLE, kernel_directory, 0, 0);

    /* The image has a user already, the kernel: nobody writes to its pages or frees them. */
    for (u32 page = 0; page < physical(image_end); page += PAGE_SIZE)
        *users_of(page) = 1;
    zero_page = take_page();
}
