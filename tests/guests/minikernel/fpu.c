/* The FPU. Its registers are saved and loaded only when another process really uses it: a process that
 * does not find its own numbers in there runs with TS set, and its first FPU instruction is trap 7. */

#include "kernel.h"

int has_fpu;
u32 fpu_traps;

static struct process *owner;           /* whose numbers are in the FPU */
static int ts;                          /* as the host knows it */

static void save(struct process *process)
{
    asm volatile("fnsave %0; fwait" : "=m"(process->fpu));
}

static void load(const struct process *process)
{
    asm volatile("frstor %0" : : "m"(process->fpu));
}

static void hand_over(struct trap_frame *frame)
{
    if (!from_user(frame))
        crash("the kernel used the FPU");
    fpu_traps++;
    hypercall(TS, 0, 0, 0);
    ts = 0;
    if (owner)
        save(owner);
    if (current->uses_fpu)
        load(current);
    else
        asm volatile("fninit");
    current->uses_fpu = 1;
    owner = current;
}

void fpu_switch(struct process *next)
{
    int set = next != owner;

    if (!has_fpu || set == ts)
        return;
    ts = set;
    later(TS, ts, 0, 0);
}

/* fnsave leaves the FPU empty, hence the load. */
void fpu_copy(struct process *child)
{
    if (owner == current) {
        save(current);
        load(current);
    }
    child->uses_fpu = current->uses_fpu;
    memcpy(child->fpu, current->fpu, sizeof child->fpu);
}

void fpu_drop(struct process *process)
{
    if (owner == process)
        owner = 0;
}

void fpu_begin(int use_it)
{
    u32 eax = 1, edx;

    asm volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    has_fpu = use_it && (edx & 1);
    print("minikernel: %s\n", has_fpu ? "using the FPU" : use_it ? "there is no FPU" : "leaving the FPU alone");
    if (has_fpu)
        set_gate(7, INTERRUPT_GATE, hand_over);
}
