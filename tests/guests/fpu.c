/* The FPU and TS: a kernel asks for trap 7 so that it need not save the FPU of programs that do not
 * use it. */

#include "harness.h"

static volatile u32 used_in_ring1, used_in_ring3;

/* Hands over the FPU on first use, as a kernel does. */
static void not_available(struct trap_frame *frame)
{
    if (from_user(frame))
        used_in_ring3++;
    else
        used_in_ring1++;
    hypercall(TS, 0, 0, 0);
}

/* 3 + 4, in a way that needs the FPU's registers. */
static u32 seven(void)
{
    u32 three = 3, four = 4, result;

    asm volatile("fildl %1; fildl %2; faddp; fistpl %0" : "=m"(result) : "m"(three), "m"(four));
    return result;
}

USER_TEXT(user_keep, "fninit; movl $42, 0x0b000000; fildl 0x0b000000; movl $0x60, %eax; int $0x80\n"
                     "fistpl 0x0b000004; movl 0x0b000004, %ebx; xorl %eax, %eax; int $0x80");

int main(void)
{
    lguest_init();
    prepare_ring3();

    TRY("fninit", : : "memory");
    check(traps_caught == 0, "the FPU is simply there");
    check_equal("it calculates", seven(), 7);

    hypercall(TS, 1, 0, 0);
    TRY("fninit", : : "memory");
    check_kernel_trap("with TS set, using it is trap 7", 7, 0, 0);
    hypercall(TS, 0, 0, 0);
    TRY("fninit", : : "memory");
    check(traps_caught == 0, "with TS clear, it is there again");

    set_gate(7, INTERRUPT_GATE, not_available);
    hypercall(TS, 1, 0, 0);
    check_equal("a first use is answered and goes on", seven(), 7);
    check_equal("after one trap", used_in_ring1, 1);

    hypercall(TS, 1, 0, 0);
    run_user(user_keep);
    check_equal("ring 3 keeps a number in it over a system call", caught.ebx, 42);
    check_equal("after one trap, too", used_in_ring3, 1);
    power_down();
}
