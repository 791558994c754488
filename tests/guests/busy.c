/* Keeps its host as busy as a guest can, without end, in the way that the command line names: whoever
 * wants to stop it must not have to wait. */

#include "harness.h"

static u8 bytes[0xfe00] __attribute__((aligned(4096)));

/* Both operands in one entry of any translation cache that takes the low bits of a page's number:
 * each iteration walks the page tables twice. */
static void compare(void)
{
    for (;;)
        asm volatile(
            ".rept 60\n\tmovl $4090, %%ecx\n\tmovl $0xc0200001, %%esi\n\tmovl $0xc0600001, %%edi\n\trepe cmpsl\n\t.endr"
            : : : "ecx", "esi", "edi", "memory", "cc");
}

/* The same frame everywhere, so that each page fault pushes its frame and faults again at once. */
static void traps(void)
{
    static u32 table[1024] __attribute__((aligned(4096))), directory[1024] __attribute__((aligned(4096)));
    static u8 page[4096] __attribute__((aligned(4096)));

    for (u32 i = 0; i < 1024; i++) table[i] = physical(page) | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
    for (u32 i = 0; i < 1023; i++) directory[i] = physical(table) | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
    directory[0x300] = *(volatile u32 *)kernel_address(new_directory() + 0x300 * 4);
    hypercall(LOAD_IDT_ENTRY, 14, 0x00610000, 0xffc08e00);
    hypercall(LOAD_IDT_ENTRY, 13, 0x00610000, 0xffc08e00);
    hypercall(NEW_PGTABLE, physical(directory), 0, 0);
    asm volatile("movl $0xbffffff0, %esp\n\tmovl 0xffc00000, %eax");
}

static void ring(void)
{
    for (;;) {
        while (queue_hypercall(FLUSH_TLB, 1, 0, 0) >= 0) ;
        hypercall(FLUSH_ASYNC, 0, 0, 0);
    }
}

/* New page tables all the time, each with a page of its own to walk to. */
static void tables(void)
{
    u32 directories[8];

    for (u32 i = 0; i < 8; i++) {
        directories[i] = new_directory();
        map_page(directories[i], 0x10000000 + i * 0x400000, new_page(), PAGE_PRESENT | PAGE_WRITABLE);
    }
    for (u32 i = 0; ; i++) {
        hypercall(NEW_PGTABLE, directories[i % 8], 0, 0);
        *(volatile u32 *)(0x10000000 + i % 8 * 0x400000) = i;
        hypercall(SET_PMD, directories[i % 8], i % 1024, 0);
        hypercall(FLUSH_TLB, 1, 0, 0);
    }
}

/* Sixteen sections, as long as they may be, to the console. */
static void dma(void)
{
    static struct lguest_dma long_list;

    for (u32 i = 0; i < 16; i++) {
        long_list.len[i] = sizeof bytes;
        long_list.addr[i] = physical(bytes);
    }
    for (;;) hypercall(SEND_DMA, 0, physical(&long_list), 0);
}

/* Long stores over code that has just run. */
static void code(void)
{
    for (u32 i = 0; i < sizeof bytes; i++) bytes[i] = 0x90;
    bytes[sizeof bytes - 1] = 0xc3;
    for (;;) {
        ((void (*)(void))(void *)bytes)();
        for (u32 i = 0; i < sizeof bytes; i += 4096) bytes[i] = 0x90;
    }
}

static void spin(void)
{
    for (;;) ;
}

static const struct { const char *name; void (*run)(void); } kinds[] = {
    { "compare", compare }, { "traps", traps }, { "ring", ring }, { "tables", tables }, { "dma", dma }, { "code", code }, { "spin", spin },
};

static int same(const char *one, const char *other)
{
    while (*one && *one == *other) one++, other++;
    return *one == *other;
}

int main(void)
{
    const char *wanted = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));

    lguest_init();
    print("busy\n");
    for (u32 i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (same(kinds[i].name, wanted)) kinds[i].run();
    crash("no such kind");
}
