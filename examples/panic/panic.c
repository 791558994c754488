/* A kernel that dies of a mistake it made long before: one store writes past the end of a name, and the
 * task behind that name cannot be left any more. Nobody notices until its turn is over. */

#include "guest.h"

#define TASKS       3
#define NAME        8
#define TICK        10000000    /* nanoseconds */

struct task {
    char name[NAME];
    struct task *next;
    u32 turns;
};

static struct task tasks[TASKS] = {
    { "init",  &tasks[1], 0 },
    { "shell", &tasks[2], 0 },
    { "idle",  &tasks[0], 0 },
};

static struct task *current = &tasks[TASKS - 1];
static volatile u32 ticked;

static void tick(struct trap_frame *frame)
{
    (void)frame;
    ticked = 1;
}

/* The mistake: whoever calls must know how long a name may be. */
static __attribute__((noipa)) void rename_task(struct task *task, const char *name)
{
    char *to = task->name;

    while ((*to++ = *name++))
        ;
}

static int is_task(const struct task *task)
{
    for (u32 i = 0; i < TASKS; i++)
        if (task == &tasks[i])
            return 1;
    return 0;
}

static __attribute__((noipa)) void schedule(void)
{
    if (!is_task(current->next))
        crash("panic: the next task is none");
    current = current->next;
    current->turns++;
    print("turn %u of %s\n", current->turns, current->name);
}

static void wait_for_tick(void)
{
    ticked = 0;
    hypercall(SET_CLOCKEVENT, TICK, 0, 0);
    sleep_until(&ticked);
}

int main(void)
{
    lguest_init();
    set_gate(FIRST_INTERRUPT, INTERRUPT_GATE, tick);
    interrupts_on();
    for (u32 turn = 1; turn < 10; turn++) {
        schedule();
        if (turn == 4)
            rename_task(&tasks[2], "idle loop");
        wait_for_tick();
    }
    power_down();
}
