/* Guests that deserve what they get. The command line says which rule to break; the manifest says
 * with which words the host should end the guest. */

#include "harness.h"

#define OUTSIDE 0xf0000000      /* guest-physical, far above any memory */

/* Ordinary memory that would do for a stack. */
#define SOME_STACK (PAGE_OFFSET + 0x8000)

static u32 directory;

static void no_init(void)
{
    hypercall(FLUSH_ASYNC, 0, 0, 0);
}

static void init_outside(void)
{
    hypercall(LGUEST_INIT, OUTSIDE, 0, 0);
}

static void init_at_the_end(void)
{
    hypercall(LGUEST_INIT, memory_size() + 16 * PAGE_SIZE - 1000, 0, 0);
}

static void init_twice(void)
{
    hypercall(LGUEST_INIT, physical(&lguest_data), 0, 0);
}

static void unknown_call(void)
{
    hypercall(99, 0, 0, 0);
}

static void call_11(void)
{
    hypercall(11, 0, 0, 0);
}

static void crash_text(void)
{
    crash("as it was asked to");
}

static void crash_long(void)
{
    static char text[200];

    memset(text, 'x', sizeof text);
    crash(text);
}

static void crash_outside(void)
{
    hypercall(CRASH, OUTSIDE, 0, 0);
}

static void gdt_many(void)
{
    hypercall(LOAD_GDT, 0, 33, 0);
}

static void gdt_huge(void)
{
    hypercall(LOAD_GDT, 0, 0x20000001, 0);
}

static void gdt_outside(void)
{
    hypercall(LOAD_GDT, OUTSIDE, 32, 0);
}

static void tls_outside(void)
{
    hypercall(LOAD_TLS, OUTSIDE, 0, 0);
}

static void directory_outside(void)
{
    hypercall(NEW_PGTABLE, OUTSIDE, 0, 0);
}

static void gate_type(void)
{
    hypercall(LOAD_IDT_ENTRY, 3, KERNEL_CODE << 16, 0x8c00);
}

static void gate_number(void)
{
    hypercall(LOAD_IDT_ENTRY, 256, KERNEL_CODE << 16, 0x8e00);
}

static void stack_segment(void)
{
    hypercall(SET_STACK, USER_DATA, SOME_STACK, 1);
}

static void stack_pages(void)
{
    hypercall(SET_STACK, KERNEL_DATA, SOME_STACK, 3);
}

static void stack_nowhere(void)
{
    hypercall(SET_STACK, KERNEL_DATA, 0x1000, 1);
}

static void stack_second_page(void)
{
    hypercall(SET_STACK, KERNEL_DATA, PAGE_OFFSET + 0x800, 2);
}

static void stack_read_only(void)
{
    prepare_ring3();
    *page_entry(test_directory, trap_stack_top - 1) &= ~PAGE_WRITABLE;
    hypercall(FLUSH_TLB, 1, 0, 0);
}

static void stack_of_new_directory(void)
{
    prepare_ring3();
    hypercall(NEW_PGTABLE, new_page(), 0, 0);
}

static void bind_key(void)
{
    hypercall(BIND_DMA, 0x1002, 0, DMA_BUFFERS(1, 1));
}

static void bind_key_outside(void)
{
    hypercall(BIND_DMA, OUTSIDE, 0, DMA_BUFFERS(1, 1));
}

static void bind_array_outside(void)
{
    hypercall(BIND_DMA, CONSOLE_KEY, OUTSIDE, DMA_BUFFERS(1, 1));
    hypercall(HALT, 0, 0, 0);   /* nobody looks at it before there is input */
}

static void bind_array_overflow(void)
{
    hypercall(BIND_DMA, CONSOLE_KEY, memory_size() - 100, DMA_BUFFERS(0xffff, 1));
    hypercall(HALT, 0, 0, 0);
}

static void send_key(void)
{
    hypercall(SEND_DMA, 0x1003, 0, 0);
}

static void send_outside(void)
{
    hypercall(SEND_DMA, CONSOLE_KEY, OUTSIDE, 0);
}

static void send_from(u32 address, u32 length)
{
    struct lguest_dma dma;

    memset(&dma, 0, sizeof dma);
    dma.len[0] = length;
    dma.addr[0] = address;
    hypercall(SEND_DMA, CONSOLE_KEY, physical(&dma), 0);
}

static void section_outside(void)
{
    send_from(OUTSIDE, 1);
}

static void section_overflow(void)
{
    send_from(0xffffffff, 2);
}

static void section_over_the_end(void)
{
    send_from(memory_size() + 16 * PAGE_SIZE - 1, 0xffff);
}

static void trap_without_gate(void)
{
    asm volatile("ud2");
}

static void trap_with_bad_stack(void)
{
    catch(6, INTERRUPT_GATE);
    asm volatile("movl $0x2000, %esp; ud2");
}

static void user_trap_without_stack(void)
{
    prepare_ring3();
    hypercall(SET_STACK, KERNEL_DATA, 0x4000, 0);
    call_user(user_address(power_down), USER_STACK_TOP, INTERRUPT_FLAG);
}

static void touch(u32 entry)
{
    map_page(directory, 0x00400000, entry & PAGE_FRAME, entry & ~PAGE_FRAME);
    (void)*(volatile u32 *)0x00400000;
}

static void pte_write_through(void)
{
    touch(PAGE_PRESENT | PAGE_WRITABLE | 0x08);
}

static void pte_large(void)
{
    touch(PAGE_PRESENT | PAGE_WRITABLE | 0x80);
}

static void pte_outside(void)
{
    touch(OUTSIDE | PAGE_PRESENT | PAGE_WRITABLE);
}

static void pde_large(void)
{
    ((u32 *)kernel_address(directory))[1] = PAGE_PRESENT | PAGE_WRITABLE | 0x80;
    (void)*(volatile u32 *)0x00400000;
}

static void pde_outside(void)
{
    ((u32 *)kernel_address(directory))[1] = OUTSIDE | PAGE_PRESENT | PAGE_WRITABLE;
    (void)*(volatile u32 *)0x00400000;
}

static void switcher_entry(void)
{
    hypercall(SET_PTE, directory, 0xffc00000, 0);
}

static void switcher_touch(void)
{
    map_page(directory, 0xffc00000, new_page(), PAGE_PRESENT | PAGE_WRITABLE);
    (void)*(volatile u32 *)0xffc00000;
}

/* Once a guest has ended, nothing more of it is done. */
static void crash_in_ring(void)
{
    struct lguest_dma late;

    one_section(&late, "too late\n", 9);
    queue_hypercall(CRASH, physical("from the ring"), 0, 0);
    queue_hypercall(SEND_DMA, CONSOLE_KEY, physical(&late), 0);
    hypercall(SEND_DMA, CONSOLE_KEY, physical(&late), 0);
}

static void unknown_in_ring(void)
{
    queue_hypercall(98, 0, 0, 0);
    hypercall(FLUSH_ASYNC, 0, 0, 0);
}

static const struct {
    const char *name;
    void (*act)(void);
    enum { BEFORE_INIT, BOOT_TABLES, OWN_TABLES } when;
} cases[] = {
    {"no-init", no_init, BEFORE_INIT},
    {"init-outside", init_outside, BEFORE_INIT},
    {"init-at-the-end", init_at_the_end, BEFORE_INIT},
    {"init-twice", init_twice, BOOT_TABLES},
    {"unknown-call", unknown_call, BOOT_TABLES},
    {"call-11", call_11, BOOT_TABLES},
    {"crash", crash_text, BOOT_TABLES},
    {"crash-long", crash_long, BOOT_TABLES},
    {"crash-outside", crash_outside, BOOT_TABLES},
    {"gdt-many", gdt_many, BOOT_TABLES},
    {"gdt-huge", gdt_huge, BOOT_TABLES},
    {"gdt-outside", gdt_outside, BOOT_TABLES},
    {"tls-outside", tls_outside, BOOT_TABLES},
    {"directory-outside", directory_outside, BOOT_TABLES},
    {"gate-type", gate_type, BOOT_TABLES},
    {"gate-number", gate_number, BOOT_TABLES},
    {"stack-segment", stack_segment, BOOT_TABLES},
    {"stack-pages", stack_pages, BOOT_TABLES},
    {"stack-nowhere", stack_nowhere, BOOT_TABLES},
    {"stack-second-page", stack_second_page, BOOT_TABLES},
    {"stack-read-only", stack_read_only, BOOT_TABLES},
    {"stack-of-new-directory", stack_of_new_directory, BOOT_TABLES},
    {"bind-key", bind_key, BOOT_TABLES},
    {"bind-key-outside", bind_key_outside, BOOT_TABLES},
    {"bind-array-outside", bind_array_outside, BOOT_TABLES},
    {"bind-array-overflow", bind_array_overflow, BOOT_TABLES},
    {"send-key", send_key, BOOT_TABLES},
    {"send-outside", send_outside, BOOT_TABLES},
    {"section-outside", section_outside, BOOT_TABLES},
    {"section-overflow", section_overflow, BOOT_TABLES},
    {"section-over-the-end", section_over_the_end, BOOT_TABLES},
    {"trap-without-gate", trap_without_gate, BOOT_TABLES},
    {"trap-with-bad-stack", trap_with_bad_stack, BOOT_TABLES},
    {"user-trap-without-stack", user_trap_without_stack, BOOT_TABLES},
    {"pte-write-through", pte_write_through, OWN_TABLES},
    {"pte-large", pte_large, OWN_TABLES},
    {"pte-outside", pte_outside, OWN_TABLES},
    {"pde-large", pde_large, OWN_TABLES},
    {"pde-outside", pde_outside, OWN_TABLES},
    {"switcher-entry", switcher_entry, OWN_TABLES},
    {"switcher-touch", switcher_touch, OWN_TABLES},
    {"crash-in-ring", crash_in_ring, BOOT_TABLES},
    {"unknown-in-ring", unknown_in_ring, BOOT_TABLES},
};

static int same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

int main(void)
{
    const char *wanted = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));

    for (u32 i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!same(cases[i].name, wanted))
            continue;
        if (cases[i].when == BEFORE_INIT) {
            cases[i].act();
            lguest_init();
        } else {
            lguest_init();
            if (cases[i].when == OWN_TABLES) {
                directory = new_directory();
                hypercall(NEW_PGTABLE, directory, 0, 0);
            }
            cases[i].act();
        }
        print("FAIL %s: still here\n", wanted);
        power_down();
    }
    lguest_init();
    print("FAIL no such case: %s\n", wanted);
    power_down();
}
