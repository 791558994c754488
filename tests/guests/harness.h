/* What the test guests share beyond the runtime of the examples: reporting, trying instructions that
 * trap, running pieces of code in ring 3. Every check prints one line, PASS or FAIL. */
#ifndef HARNESS_H
#define HARNESS_H

#include "guest.h"
#include "paging.h"

void check(int ok, const char *name);
void check_equal(const char *name, u32 seen, u32 expected);

/* ---- Traps ---- */

/* The last trap caught: its frame, where that frame was on the stack, and irq_enabled inside. */
extern struct trap_frame caught;
extern u32 caught_stack, caught_irq_enabled;
extern volatile u32 traps_caught;

/* Makes this vector a caught one: ring 1 goes on behind the instructions tried, ring 3 is left. */
void catch(u32 vector, u32 gate_kind);

/* Faults with an error code go through interrupt gates, as in a usual kernel. */
void catch_faults(void);

/* Instructions that may trap; where they began and the stack they had, to compare with the frame. */
extern volatile u32 resume_at, tried_at, tried_stack;

#define TRY(instructions, ...)                                          \
    do {                                                                \
        traps_caught = 0;                                               \
        asm volatile("movl $1f, resume_at\n\t"                          \
                     "movl $0f, tried_at\n\t"                           \
                     "movl %%esp, tried_stack\n"                        \
                     "0:\t" instructions "\n1:" : __VA_ARGS__);         \
    } while (0)

/* Checks the frame of a trap from ring 1: vector, error code, eip behind `length` bytes of what was
 * tried (0 for a fault), and that the stack was not switched. */
void check_kernel_trap(const char *name, u32 vector, u32 error, u32 length);

/* ---- Ring 3 ---- */

/* The whole image appears here for ring 3, read only, so that user code is written in place. */
#define USER_IMAGE      0x08000000
#define USER_STACK_TOP  0x0a001000
#define USER_PAGE       0x0b000000      /* one writable page */

/* Directory with the above, made and switched to by prepare_ring3. */
extern u32 test_directory, user_page;

/* Where traps from ring 3 push: a page boundary, so that the first push belongs to the page below. */
extern u32 trap_stack_top;

void prepare_ring3(void);

static inline u32 user_address(const void *code)
{
    return USER_IMAGE + physical(code);
}

/* Runs code in ring 3 until it traps; a system call with eax = GO_ON just returns to it. */
#define GO_ON 0x60
void run_user(const void *code);
void run_user_with(const void *code, u32 eflags);

/* The same without waiting for a trap of its own (user.S). */
void call_user(u32 eip, u32 esp, u32 eflags);

/* A piece of user code; `name` is its start. */
#define USER_TEXT(name, instructions)                                   \
    extern const char name[];                                           \
    asm(".pushsection .text.user, \"ax\"\n" #name ":\n" instructions "\n.popsection")

/* Checks the frame of a trap from ring 3; `length` as above, from the start of the code. */
void check_user_trap(const char *name, u32 vector, u32 error, const void *at);

/* ---- Time ---- */

/* Lets a few milliseconds of the guest's own running time go by. */
void wait_a_while(void);

/* Spins until the value is not zero, but not for ever; returns it. */
u32 spin_until(const volatile u32 *value);

#endif
