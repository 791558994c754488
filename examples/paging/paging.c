/* Page tables, a user program in ring 3, its system calls and its page faults. */

#include "guest.h"
#include "paging.h"
#include "program.h"

/* Error code of a page fault. */
#define FAULT_PRESENT   1       /* the page is there but does not allow this */
#define FAULT_WRITE     2
#define FAULT_USER      4

extern const char user_program[], user_program_end[];

static char trap_stack[PAGE_SIZE] __attribute__((aligned(16)));
static u32 directory, shared_page;
static int pages_given, pages_copied;

static void give_page(u32 address)
{
    print("page fault at %08x: nothing there, mapping a fresh page\n", address);
    map_page(directory, address, new_page(), PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);
    pages_given++;                      /* not present before: no need to tell the host */
}

static void copy_page(u32 address)
{
    u32 copy = new_page();

    print("page fault at %08x: read only, giving a copy\n", address);
    memcpy(kernel_address(copy), kernel_address(shared_page), PAGE_SIZE);
    map_page(directory, address, copy, PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);
    /* The host may remember the old entry until it is told. */
    hypercall(SET_PTE, directory, address, copy | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);
    pages_copied++;
}

static void page_fault(struct trap_frame *frame)
{
    u32 address = lguest_data.cr2 & PAGE_FRAME;

    if (frame->error == (FAULT_USER | FAULT_WRITE) && address == USER_EMPTY)
        give_page(address);
    else if (frame->error == (FAULT_USER | FAULT_WRITE | FAULT_PRESENT) && address == USER_SHARED)
        copy_page(address);
    else
        crash("a page fault nobody expected");
}

static void finish(u32 result)
{
    u32 original = *(u32 *)kernel_address(shared_page);
    u32 copy = *(u32 *)kernel_address(*page_entry(directory, USER_SHARED) & PAGE_FRAME);

    print("user program ended with %u; %d page given, %d copied\n", result, pages_given, pages_copied);
    if (result != 1001 || copy != 1001)
        crash("the user program saw something else in its pages");
    if (original != 1000)
        crash("the user program wrote to the shared page");
    if (pages_given != 1 || pages_copied != 1)
        crash("each page should fault once");
    power_down();
}

static void system_call(struct trap_frame *frame)
{
    if (!from_user(frame))
        crash("a system call from the kernel");
    if (frame->eax == SYSTEM_CALL_SAY)
        print("user says: %s\n", (const char *)frame->ebx);
    else
        finish(frame->ebx);
}

int main(void)
{
    lguest_init();
    load_user_segments();
    set_gate(14, INTERRUPT_GATE, page_fault);
    set_gate(SYSTEM_CALL, TRAP_GATE | FROM_USER, system_call);

    directory = new_directory();
    map_page(directory, USER_PROGRAM, new_page(), PAGE_PRESENT | PAGE_USER);
    map_page(directory, USER_STACK_TOP - PAGE_SIZE, new_page(), PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);
    shared_page = new_page();
    map_page(directory, USER_SHARED, shared_page, PAGE_PRESENT | PAGE_USER);
    *(u32 *)kernel_address(shared_page) = 1000;
    memcpy(kernel_address(*page_entry(directory, USER_PROGRAM) & PAGE_FRAME),
           user_program, user_program_end - user_program);

    hypercall(NEW_PGTABLE, directory, 0, 0);
    /* Traps from ring 3 arrive on this stack. */
    hypercall(SET_STACK, KERNEL_DATA, (u32)trap_stack + sizeof trap_stack, 1);
    print("running on our own page tables\n");
    enter_user(USER_PROGRAM, USER_STACK_TOP);
}
