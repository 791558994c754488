/* Processes and the order they run in: each in turn, as long as it can. */

#include "kernel.h"

#define TICK            2000000         /* nanoseconds */
#define FIRST_TLS       6               /* descriptor, of three */

struct process processes[PROCESSES] = { { .state = READY } };
struct process *current = processes;
u32 ticks, switches, preemptions;

static u32 next_pid = 1;

static u32 stack_top(const struct process *process)
{
    return (u32)kernel_address(process->stack) + PAGE_SIZE;
}

/* ---- Beginning and ending ---- */

/* What a trap from ring 3 would have left on the new process's stack; and below it what
 * switch_stacks leaves, which takes the process to first_run. */
static struct trap_frame *prepare_stack(struct process *process)
{
    struct trap_frame *frame = (struct trap_frame *)stack_top(process) - 1;
    u32 *top = (u32 *)frame;

    *--top = (u32)first_run;
    process->esp = (u32)(top - 4);      /* ebp, edi, esi, ebx */
    return frame;
}

static struct process *new_process(const struct program *program, u32 directory)
{
    struct process *process = processes;

    while (process->state != UNUSED)
        if (++process == processes + PROCESSES)
            crash("too many processes");
    memset(process, 0, sizeof *process);
    process->state = READY;
    process->pid = next_pid++;
    process->program = program;
    process->directory = directory;
    process->stack = take_page();
    return process;
}

struct process *start_program(const struct program *program)
{
    struct process *process = new_process(program, new_space());
    struct trap_frame *frame = prepare_stack(process);

    frame->cs = USER_CODE;
    frame->ds = frame->es = frame->ss = USER_DATA;
    frame->eip = USER_PROGRAM;
    frame->esp = USER_STACK_TOP;
    frame->eflags = cooperative ? 0 : INTERRUPT_FLAG;
    return process;
}

u32 fork_current(struct trap_frame *frame)
{
    struct process *child = new_process(current->program, copy_space(current->directory));
    struct trap_frame *copy = prepare_stack(child);

    *copy = *frame;
    copy->eax = 0;
    memcpy(child->tls, current->tls, sizeof child->tls);
    asm volatile("movl %%gs, %0" : "=r"(child->gs));
    fpu_copy(child);
    return child->pid;
}

void end_current(u32 status)
{
    current->state = ENDED;
    current->status = status;
    wake(WAITING_FOR_END);
    schedule();
    crash("an ended process went on");
}

u32 bury(struct process *process)
{
    drop_space(process->directory);
    drop_page(process->stack);
    fpu_drop(process);
    process->state = UNUSED;
    return process->status;
}

struct process *find_process(u32 pid)
{
    for (struct process *process = processes + 1; process < processes + PROCESSES; process++)
        if (process->state != UNUSED && process->pid == pid)
            return process;
    return 0;
}

/* ---- Taking turns ---- */

/* Everything the host keeps for a process changes with it, in one batch. */
static void switch_to(struct process *next)
{
    struct process *previous = current;

    asm volatile("movl %%gs, %0" : "=r"(previous->gs));
    asm volatile("movl %0, %%gs" : : "r"(0));   /* its descriptor is about to go */
    later(NEW_PGTABLE, next->directory, 0, 0);
    if (next != processes) {
        later(LOAD_TLS, physical(next->tls), 0, 0);
        later(SET_STACK, KERNEL_DATA, stack_top(next), 1);
        fpu_switch(next);
    }
    settle();
    asm volatile("movl %0, %%gs" : : "r"(next->gs));

    current = next;
    switches++;
    switch_stacks(&previous->esp, next->esp);
}

void schedule(void)
{
    struct process *next = current;

    do {
        if (++next == processes + PROCESSES)
            next = processes;
    } while (next != current && (next->state != READY || next == processes));
    if (next->state != READY)
        next = processes;
    if (next != current)
        switch_to(next);
}

void block(enum state state)
{
    current->state = state;
    schedule();
}

void wake(enum state state)
{
    for (struct process *process = processes; process < processes + PROCESSES; process++)
        if (process->state == state)
            process->state = READY;
}

int anybody(enum state state)
{
    for (struct process *process = processes; process < processes + PROCESSES; process++)
        if (process->state == state)
            return 1;
    return 0;
}

/* ---- The clock ---- */

static void clock_interrupt(struct trap_frame *frame)
{
    ticks++;
    for (struct process *process = processes; process < processes + PROCESSES; process++)
        if (process->state == SLEEPING && ticks - process->wake_at < 0x80000000)
            process->state = READY;
    if (cooperative)
        return;
    hypercall(SET_CLOCKEVENT, TICK, 0, 0);
    if (from_user(frame)) {
        u32 before = switches;

        current->interruptions++;
        schedule();
        preemptions += switches != before;
    }
}

void clock_begin(void)
{
    set_gate(FIRST_INTERRUPT + CLOCK_INTERRUPT, INTERRUPT_GATE, clock_interrupt);
    if (!cooperative)
        hypercall(SET_CLOCKEVENT, TICK, 0, 0);
}

/* When processes change at system calls only, there is always just one thing to wait for: the disk, else
 * the clock, else input. So everything has its order, whatever takes how long. */
static void wait_for_one_thing(void)
{
    if (anybody(WAITING_FOR_DISK))
        return;
    if (anybody(SLEEPING))
        hypercall(SET_CLOCKEVENT, TICK, 0, 0);
    else if (anybody(WAITING_FOR_INPUT))
        console_listen();
}

/* Nobody can run. */
void idle(void)
{
    if (cooperative)
        wait_for_one_thing();
    hypercall(HALT, 0, 0, 0);
#if defined(VIRTIO) && VIRTIO >= 0x020631
    if (lguest_data.irq_pending && !cooperative)
        hypercall(SEND_INTERRUPTS, 0, 0, 0);
#endif
    interrupts_off();                   /* waking has turned them on */
}
