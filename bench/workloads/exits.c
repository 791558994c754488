/* A guest that does nothing but leave its processor: "c N" hypercalls, "f N" first touches of a page, "s N" system calls,
 * "p N" page faults that its kernel deals with; or "w", which never leaves it. */
#include "guest.h"
#include "paging.h"

#define WINDOW        (PAGE_OFFSET + 0x400000)
#define WINDOW_PAGES  2048

#define USER_AT       0x08000000
#define USER_STACK    0x0a000000
#define NOWHERE       0x0b000000

#define PAGE_FAULT    14

/* The shortest way there and back; the last call comes with eax 0. */
extern const char calling_program[], faulting_program[], system_call[], page_fault[];
asm(".pushsection .text.exits, \"ax\"\n"
    "calling_program: int $0x80; decl %eax; jnz calling_program; int $0x80\n"
    "faulting_program: movl %ss:(%ebx), %ecx; decl %eax; jnz faulting_program; int $0x80\n"
    "system_call: testl %eax, %eax; jz power_down; iret\n"
    "page_fault: addl $3, 4(%esp); addl $4, %esp; iret\n"          /* past the load */
    ".popsection");

static void calls(u32 count)
{
    asm volatile("0: int %0; decl %%ecx; jnz 0b" : : "i"(HYPERCALL_TRAP), "a"(FLUSH_ASYNC), "b"(0), "c"(count), "d"(0));
}

static void faults(u32 count)
{
    for (u32 rounds = count / WINDOW_PAGES; rounds--; hypercall(FLUSH_TLB, 1, 0, 0))
        asm volatile("movl %0, %%ebx; 0: movl (%%ebx), %%eax; addl %1, %%ebx; cmpl %2, %%ebx; jb 0b"
                     : : "i"(WINDOW), "i"(PAGE_SIZE), "i"(WINDOW + WINDOW_PAGES * PAGE_SIZE) : "eax", "ebx");
}

static void run_program(const char *program, u32 count)
{
    u32 directory = new_directory(), offset = physical(program) % PAGE_SIZE;

    load_user_segments();
    map_page(directory, USER_AT, physical(program) - offset, PAGE_PRESENT | PAGE_USER);
    map_page(directory, USER_AT + PAGE_SIZE, physical(program) - offset + PAGE_SIZE, PAGE_PRESENT | PAGE_USER);
    hypercall(LOAD_IDT_ENTRY, SYSTEM_CALL, KERNEL_CODE << 16 | ((u32)system_call & 0xffff), ((u32)system_call & 0xffff0000) | TRAP_GATE | FROM_USER);
    hypercall(LOAD_IDT_ENTRY, PAGE_FAULT, KERNEL_CODE << 16 | ((u32)page_fault & 0xffff), ((u32)page_fault & 0xffff0000) | INTERRUPT_GATE);
    hypercall(NEW_PGTABLE, directory, 0, 0);
    hypercall(SET_STACK, KERNEL_DATA, (u32)kernel_address(new_page() + PAGE_SIZE), 1);
    asm volatile("pushl %0; pushl %1; pushl %2; pushl %3; pushl %4; iret"
                 : : "i"(USER_DATA), "i"(USER_STACK), "i"(INTERRUPT_FLAG), "i"(USER_CODE), "r"(USER_AT + offset), "a"(count), "b"(NOWHERE));
}

volatile u32 turns;     /* whoever kicks sees that it runs */

int main(void)
{
    const char *text = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));
    char kind = *text++;
    u32 count = 0;
    for (text++; *text >= '0' && *text <= '9'; text++)
        count = count * 10 + (*text - '0');
    lguest_init();
    if (kind == 'c')
        calls(count);
    else if (kind == 'f')
        faults(count);
    else if (kind == 's')
        run_program(calling_program, count);
    else if (kind == 'p')
        run_program(faulting_program, count);
    else
        for (;;)
            turns++;
    power_down();
}
