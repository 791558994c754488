/* A little of everything at once, as a kernel does it: programs with address spaces and thread-local
 * storage of their own take turns at every tick of the clock and whenever they ask; pages come on
 * demand and go again; what the host must know goes through the ring. In the end every program must
 * have calculated what it would have calculated alone. */

#include "harness.h"

#define TASKS 4
#define ENOUGH_TICKS 20
#define ENOUGH_ROUNDS 20
#define TICK 1000000            /* nanoseconds */
#define STEPS 2000              /* of calculation in a round; the program below has this number, too */

#define DEMAND_PAGES 8
#define DEMAND 0x0b100000
#define USER_FLAGS (PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER)

/* System calls of the program below. */
#define END     1               /* ebx = value, ecx = rounds */
#define ROUND   2               /* answers 0 to go on */

static struct task {
    u32 directory, own_page, demand[DEMAND_PAGES];
    unsigned long long tls[3];
    struct trap_frame frame;
    u32 ended, value, rounds;
} tasks[TASKS];

static struct task *current;
static u32 ticks, switches, demand_faults, wrong_faults;

/* ebx = value, ecx = rounds; the summand comes from thread-local storage, a sum stays in memory. */
USER_TEXT(user_task,
          "movl $0x33, %eax; movl %eax, %gs\n"
          "xorl %ebx, %ebx; xorl %ecx, %ecx\n"
          "1: movl $2000, %esi\n"
          "2: imull $1664525, %ebx, %ebx; addl %gs:0, %ebx; addl %ebx, 0x0b000000; decl %esi; jnz 2b\n"
          "movl %ecx, %edi; andl $7, %edi; shll $12, %edi; movl %ecx, 0x0b100000(%edi)\n"
          "incl %ecx; movl $2, %eax; int $0x80; testl %eax, %eax; jz 1b\n"
          "movl $1, %eax; int $0x80");

static u32 summand(u32 number)
{
    return 1013904223 + number;
}

static void calculate(u32 number, u32 rounds, u32 *value, u32 *sum)
{
    *value = *sum = 0;
    for (u32 step = 0; step < rounds * STEPS; step++) {
        *value = *value * 1664525 + summand(number);
        *sum += *value;
    }
}

static int busy(void)
{
    for (u32 i = 0; i < TASKS; i++)
        if (!tasks[i].ended)
            return 1;
    return 0;
}

/* Into the frame goes another program, and with it everything the host must know. */
static void switch_from(struct trap_frame *frame)
{
    current->frame = *frame;
    do
        current = current == &tasks[TASKS - 1] ? tasks : current + 1;
    while (current->ended);
    switches++;

    asm volatile("movl %0, %%gs" : : "r"(0));
    queue_hypercall(NEW_PGTABLE, current->directory, 0, 0);
    queue_hypercall(LOAD_TLS, physical(current->tls), 0, 0);
    queue_hypercall(SET_STACK, KERNEL_DATA, trap_stack_top, 1);
    hypercall(FLUSH_ASYNC, 0, 0, 0);
    asm volatile("movl %0, %%gs" : : "r"(0x33));
    *frame = current->frame;
}

static void tick(struct trap_frame *frame)
{
    ticks++;
    hypercall(SET_CLOCKEVENT, TICK, 0, 0);
    if (from_user(frame))
        switch_from(frame);
}

static void page_fault(struct trap_frame *frame)
{
    u32 index = (lguest_data.cr2 - DEMAND) / PAGE_SIZE;

    if (!from_user(frame) || frame->error != 6 || index >= DEMAND_PAGES) {
        wrong_faults++;
        power_down();
    }
    demand_faults++;
    map_page(current->directory, DEMAND + index * PAGE_SIZE, current->demand[index], USER_FLAGS);
}

/* Takes a page away that was there, and tells the host by the way. */
static void take_away(u32 index)
{
    *page_entry(current->directory, DEMAND + index * PAGE_SIZE) = 0;
    queue_hypercall(SET_PTE, current->directory, DEMAND + index * PAGE_SIZE, 0);
}

void leave_user(void) __attribute__((noreturn));

static void system_call(struct trap_frame *frame)
{
    if (frame->eax == ROUND) {
        take_away((frame->ecx - 1) % DEMAND_PAGES);
        frame->eax = ticks >= ENOUGH_TICKS && frame->ecx >= ENOUGH_ROUNDS;
    } else {
        current->ended = 1;
        current->value = frame->ebx;
        current->rounds = frame->ecx;
        if (!busy())
            leave_user();
    }
    switch_from(frame);
}

static void make_task(u32 number)
{
    struct task *task = &tasks[number];
    u32 base = USER_PAGE + PAGE_SIZE;

    task->directory = new_directory();
    for (u32 page = 0x100000; page < physical(image_end); page += PAGE_SIZE)
        map_page(task->directory, USER_IMAGE + page, page, PAGE_PRESENT | PAGE_USER);
    task->own_page = new_page();
    map_page(task->directory, USER_PAGE, task->own_page, USER_FLAGS);
    for (u32 i = 0; i < DEMAND_PAGES; i++)
        task->demand[i] = new_page();

    /* Thread-local storage: one word of a page of its own. */
    u32 storage = new_page();
    *(u32 *)kernel_address(storage) = summand(number);
    map_page(task->directory, base, storage, USER_FLAGS);
    task->tls[0] = 0x0040f20000000003ull | (unsigned long long)(base & 0xffffff) << 16 |
                   (unsigned long long)(base >> 24) << 56;

    task->frame.ds = task->frame.es = task->frame.ss = USER_DATA;
    task->frame.cs = USER_CODE;
    task->frame.eip = user_address(user_task);
    task->frame.esp = USER_STACK_TOP;
    task->frame.eflags = INTERRUPT_FLAG;
}

static void begin(void)
{
    /* The first one enters like any piece of user code; the others wait in their frames. */
    current = &tasks[0];
    hypercall(LOAD_TLS, physical(current->tls), 0, 0);
    hypercall(NEW_PGTABLE, current->directory, 0, 0);
    hypercall(SET_CLOCKEVENT, TICK, 0, 0);
    run_user(user_task);
    hypercall(SET_CLOCKEVENT, 0, 0, 0);
}

int main(void)
{
    u32 wrong_values = 0, wrong_sums = 0, wrong_pages = 0;

    lguest_init();
    prepare_ring3();
    for (u32 number = 0; number < TASKS; number++)
        make_task(number);
    set_gate(FIRST_INTERRUPT + CLOCK_INTERRUPT, INTERRUPT_GATE, tick);
    set_gate(14, INTERRUPT_GATE, page_fault);
    set_gate(SYSTEM_CALL, INTERRUPT_GATE | FROM_USER, system_call);
    begin();

    for (u32 number = 0; number < TASKS; number++) {
        struct task *task = &tasks[number];
        u32 value, sum;

        calculate(number, task->rounds, &value, &sum);
        wrong_values += task->value != value;
        wrong_sums += *(u32 *)kernel_address(task->own_page) != sum;
        for (u32 i = 0; i < DEMAND_PAGES; i++) {
            u32 last = task->rounds - 1 - (task->rounds - 1 - i) % DEMAND_PAGES;
            wrong_pages += *(u32 *)kernel_address(task->demand[i]) != last;
        }
    }
    check(ticks >= ENOUGH_TICKS && switches >= TASKS * ENOUGH_ROUNDS, "programs took turns");
    check_equal("every one calculated the right value", wrong_values, 0);
    check_equal("and kept its own memory", wrong_sums, 0);
    check_equal("pages on demand kept what was written", wrong_pages, 0);
    check(!wrong_faults && demand_faults >= TASKS * ENOUGH_ROUNDS, "and each came again after it was taken away");
    power_down();
}
