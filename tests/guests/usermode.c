/* Traps from ring 3: the switch to the kernel's stack, and everything a user program must not do. */

#include "harness.h"

/* user_xxx_at is the instruction that should trap, where that is not the first one. */
USER_TEXT(user_registers,
          "movl $0x11, %eax; movl $0x22, %ebx; movl $0x33, %ecx; movl $0x44, %edx\n"
          "movl $0x55, %esi; movl $0x66, %edi; movl $0x77, %ebp; movl $0x0a000ff0, %esp\n"
          "stc; int $0x80; user_registers_at:");
extern const char user_registers_at[];

USER_TEXT(user_divide, "xorl %edx, %edx; xorl %ecx, %ecx; user_divide_at: divl %ecx");
extern const char user_divide_at[];

USER_TEXT(user_undefined, "ud2");
USER_TEXT(user_int3, "int3; user_int3_behind:");
extern const char user_int3_behind[];
USER_TEXT(user_into, "movb $0x7f, %al; addb $1, %al; user_into_at: into; user_into_behind:");
extern const char user_into_at[], user_into_behind[];
USER_TEXT(user_bound, "pushl $4; pushl $1; movl $5, %eax; user_bound_at: bound %eax, (%esp)");
extern const char user_bound_at[];

USER_TEXT(user_hypercall, "movl $2, %eax; xorl %edx, %edx; user_hypercall_at: int $0x1f");
extern const char user_hypercall_at[];
USER_TEXT(user_int21, "int $0x21");
USER_TEXT(user_int2, "int $2");
USER_TEXT(user_int8, "int $8");
USER_TEXT(user_int14, "int $14");
USER_TEXT(user_cli, "cli");
USER_TEXT(user_sti, "sti");
USER_TEXT(user_hlt, "hlt");
USER_TEXT(user_in, "inb $0x60, %al");
USER_TEXT(user_out, "outb %al, $0x80");
USER_TEXT(user_in_dx, "inl %dx, %eax");
USER_TEXT(user_out_dx, "outl %eax, %dx");
USER_TEXT(user_cr3, "movl %cr3, %eax");
USER_TEXT(user_lgdt, "lgdt 0x0b000000");
USER_TEXT(user_invlpg, "invlpg 0x0b000000");
USER_TEXT(user_clts, "clts");
USER_TEXT(user_kernel_segment, "movl $0x69, %eax; user_kernel_segment_at: movl %eax, %ds");
extern const char user_kernel_segment_at[];
USER_TEXT(user_kernel_call, "ljmp $0x61, $0xc0100000");

USER_TEXT(user_read_nothing, "movl 0x0c000010, %eax");
USER_TEXT(user_write_nothing, "movl %eax, 0x0c000014");
USER_TEXT(user_read_kernel, "movl 0xc0100000, %eax");
USER_TEXT(user_write_kernel, "movl %eax, 0xc0100000");
USER_TEXT(user_write_read_only, "movl %eax, 0x08100000");
USER_TEXT(user_read_host, "movl 0xffe00000, %eax");
USER_TEXT(user_jump_nowhere, "movl $0x0c001000, %eax; jmp *%eax");

USER_TEXT(user_single_step,
          "pushfl; orl $0x100, (%esp); popfl\n"
          "nop; user_single_step_behind: nop; int $0x80");
extern const char user_single_step_behind[];
USER_TEXT(user_nested_task, "pushfl; orl $0x4000, (%esp); popfl; movl $0x60, %eax; int $0x80; xorl %eax, %eax; int $0x80; user_nested_task_behind:");
extern const char user_nested_task_behind[];
USER_TEXT(user_popf, "pushl $0x3202; popfl; pushfl; popl %ebx; xorl %eax, %eax; int $0x80; user_popf_behind:");
extern const char user_popf_behind[];

/* Selectors the program found when it began. */
USER_TEXT(user_segments, "movl %fs, %ebx; movl %gs, %ecx; movl %ds, %edx; xorl %eax, %eax; int $0x80");

static void frames(void)
{
    run_user(user_registers);
    check_equal("the user's stack is in the frame", caught.esp, 0x0a000ff0);
    check(caught.eax == 0x11 && caught.ebx == 0x22 && caught.ecx == 0x33 && caught.edx == 0x44 &&
          caught.esi == 0x55 && caught.edi == 0x66 && caught.ebp == 0x77, "a system call keeps all registers");
    check(caught.eflags & 1, "and the flags");
    check_user_trap("a system call: eip is behind it", SYSTEM_CALL, 0, user_registers_at);
    check_equal("IF is on in its frame", caught.eflags & INTERRUPT_FLAG, INTERRUPT_FLAG);
    check_equal("a trap gate leaves irq_enabled on", caught_irq_enabled, INTERRUPT_FLAG);

    run_user_with(user_registers, 0);
    check_equal("IF is off in the frame of a program that runs without interrupts", caught.eflags & INTERRUPT_FLAG, 0);
    check_equal("a trap gate leaves irq_enabled off", caught_irq_enabled, 0);

    catch(SYSTEM_CALL, INTERRUPT_GATE | FROM_USER);
    run_user(user_registers);
    check_equal("an interrupt gate turns irq_enabled off", caught_irq_enabled, 0);
    catch(SYSTEM_CALL, TRAP_GATE | FROM_USER);
}

static void stack_switch(void)
{
    /* Anywhere will do, not only at the end of a page. */
    u32 elsewhere = trap_stack_top - 1000;

    hypercall(SET_STACK, KERNEL_DATA, elsewhere, 1);
    run_user(user_undefined);
    check_equal("traps use the stack set last", caught_stack + sizeof caught, elsewhere);
    hypercall(SET_STACK, KERNEL_DATA, trap_stack_top, 1);
    run_user(user_undefined);
    check_equal("a page-aligned stack is a good one", caught_stack + sizeof caught, trap_stack_top);
}

static void faults(void)
{
    run_user(user_divide);
    check_user_trap("divide by zero is trap 0", 0, 0, user_divide_at);
    run_user(user_undefined);
    check_user_trap("ud2 is trap 6", 6, 0, user_undefined);
    run_user(user_bound);
    check_user_trap("bound is trap 5", 5, 0, user_bound_at);

    run_user(user_read_nothing);
    check_user_trap("reading nothing is trap 14 with error 4", 14, 4, user_read_nothing);
    check_equal("cr2 names what was read", lguest_data.cr2, 0x0c000010);
    run_user(user_write_nothing);
    check_user_trap("writing nothing is trap 14 with error 6", 14, 6, user_write_nothing);
    check_equal("cr2 names what was written", lguest_data.cr2, 0x0c000014);
    run_user(user_read_kernel);
    check_user_trap("reading the kernel is trap 14 with error 5", 14, 5, user_read_kernel);
    run_user(user_write_kernel);
    check_user_trap("writing to the kernel is trap 14 with error 7", 14, 7, user_write_kernel);
    run_user(user_write_read_only);
    check_user_trap("writing to a read-only page is trap 14 with error 7", 14, 7, user_write_read_only);
    run_user(user_read_host);
    check_user_trap("the host's own addresses are not mapped", 14, 4, user_read_host);
    run_user(user_jump_nowhere);
    check(caught.vector == 14 && caught.error == 4 && caught.eip == 0x0c001000 && lguest_data.cr2 == 0x0c001000,
          "jumping nowhere is trap 14 there");
}

static void privileged(void)
{
    run_user(user_hypercall);
    check_user_trap("a hypercall from ring 3 is trap 13", 13, 0x1f * 8 + 2, user_hypercall_at);
    run_user(user_int21);
    check_user_trap("int 0x21 is trap 13", 13, 0x21 * 8 + 2, user_int21);
    run_user(user_int2);
    check_user_trap("int 2 is trap 13", 13, 2 * 8 + 2, user_int2);
    run_user(user_int8);
    check_user_trap("int 8 is trap 13", 13, 8 * 8 + 2, user_int8);
    run_user(user_int14);
    check_user_trap("int 14 is trap 13, not a page fault", 13, 14 * 8 + 2, user_int14);

    run_user(user_cli);
    check_user_trap("cli is trap 13", 13, 0, user_cli);
    run_user(user_sti);
    check_user_trap("sti is trap 13", 13, 0, user_sti);
    run_user(user_hlt);
    check_user_trap("hlt is trap 13", 13, 0, user_hlt);
    run_user(user_in);
    check_user_trap("in is trap 13", 13, 0, user_in);
    run_user(user_out);
    check_user_trap("out is trap 13", 13, 0, user_out);
    run_user(user_in_dx);
    check_user_trap("in from dx is trap 13", 13, 0, user_in_dx);
    run_user(user_out_dx);
    check_user_trap("out to dx is trap 13", 13, 0, user_out_dx);
    run_user(user_cr3);
    check_user_trap("reading cr3 is trap 13", 13, 0, user_cr3);
    run_user(user_lgdt);
    check_user_trap("lgdt is trap 13", 13, 0, user_lgdt);
    run_user(user_invlpg);
    check_user_trap("invlpg is trap 13", 13, 0, user_invlpg);
    run_user(user_clts);
    check_user_trap("clts is trap 13", 13, 0, user_clts);
    run_user(user_kernel_segment);
    check_user_trap("the kernel's data segment is trap 13", 13, KERNEL_DATA & ~3, user_kernel_segment_at);
    run_user(user_kernel_call);
    check_user_trap("jumping into the kernel's code segment is trap 13", 13, KERNEL_CODE & ~3, user_kernel_call);
}

static void debugging(void)
{
    run_user(user_int3);
    check_user_trap("int3 through a gate of ring 0 is trap 13", 13, 3 * 8 + 2, user_int3);
    run_user(user_into);
    check_user_trap("into through a gate of ring 0 is trap 13", 13, 4 * 8 + 2, user_into_at);
    catch(3, TRAP_GATE | FROM_USER);
    catch(4, TRAP_GATE | FROM_USER);
    run_user(user_int3);
    check_user_trap("int3 through a gate of ring 3 is trap 3", 3, 0, user_int3_behind);
    run_user(user_into);
    check_user_trap("into through a gate of ring 3 is trap 4", 4, 0, user_into_behind);

    run_user(user_single_step);
    check_user_trap("a single step is trap 1, behind one instruction", 1, 0, user_single_step_behind);
    check_equal("TF is in its frame", caught.eflags & 0x100, 0x100);
}

static void flags(void)
{
    run_user(user_nested_task);
    check_user_trap("a system call returns although the user set NT", SYSTEM_CALL, 0, user_nested_task_behind);
    run_user(user_popf);
    check_user_trap("popf", SYSTEM_CALL, 0, user_popf_behind);
    check_equal("popf in ring 3 does not change IOPL", caught.eflags & 0x3000, 0);
    run_user_with(user_cli, INTERRUPT_FLAG | 0x3000);
    check_user_trap("neither does the kernel's iret", 13, 0, user_cli);

    asm volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(KERNEL_DATA));
    run_user(user_segments);
    check(caught.ebx == 0 && caught.ecx == 0 && caught.edx == USER_DATA, "iret to ring 3 takes the kernel's segments away");
    run_user_with(user_registers, INTERRUPT_FLAG | 0x20000);
    check_user_trap("virtual 8086 mode is not for ring 1 to begin", SYSTEM_CALL, 0, user_registers_at);
}

int main(void)
{
    lguest_init();
    prepare_ring3();

    frames();
    stack_switch();
    faults();
    privileged();
    debugging();
    flags();
    power_down();
}
