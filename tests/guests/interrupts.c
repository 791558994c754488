/* Virtual interrupts: when they come, in which order, and what the frame says. Two sources are used:
 * the clock (interrupt 0) and a disk (interrupt 1, or whichever its reply is bound to). */

#include "harness.h"

#define DISK_INTERRUPT 1
#define OTHER_INTERRUPT 5

static volatile u32 seen, order, irq_enabled_inside;
static volatile struct trap_frame frame_seen;
static u32 frame_stack;

static u32 disk_key;
static struct lguest_dma reply;
static char sector[512] __attribute__((aligned(512)));

static void interrupt(struct trap_frame *frame)
{
    seen++;
    order = order << 8 | frame->vector;
    irq_enabled_inside = lguest_data.irq_enabled;
    frame_seen.eflags = frame->eflags;
    frame_seen.cs = frame->cs;
    frame_stack = (u32)frame;
    *(volatile u32 *)kernel_address(user_page) = 1;
}

static void find_disk(void)
{
    volatile struct device_descriptor *device = kernel_address(memory_size());

    if (device->type != DEVICE_BLOCK)
        crash("this guest needs a disk as its first device");
    disk_key = device->pfn * PAGE_SIZE;
    map_page(test_directory, (u32)kernel_address(disk_key), disk_key, PAGE_PRESENT | PAGE_WRITABLE);
}

/* Reads a sector; the answer's interrupt is pending when this returns. */
static void ask_disk(u32 irq)
{
    volatile u32 *page = kernel_address(disk_key);
    static struct lguest_dma nothing;

    one_section(&reply, sector, sizeof sector);
    hypercall(BIND_DMA, disk_key, physical(&reply), DMA_BUFFERS(1, irq));
    page[0] = 0, page[1] = 0, page[2] = sizeof sector;
    hypercall(SEND_DMA, disk_key, physical(&nothing), 0);
    hypercall(BIND_DMA, disk_key, physical(&reply), 0);
}

static void ask_clock(void)
{
    hypercall(SET_CLOCKEVENT, 1, 0, 0);
    wait_a_while();
}

static void forget(void)
{
    interrupts_off();
    seen = order = 0;
}

static void no_gate(void)
{
    interrupts_off();
    hypercall(SET_CLOCKEVENT, 1000, 0, 0);
    hypercall(HALT, 0, 0, 0);
    check_equal("an interrupt without a gate wakes a halted guest", lguest_data.irq_enabled, INTERRUPT_FLAG);
    interrupts_off();
    set_gate(FIRST_INTERRUPT, INTERRUPT_GATE, interrupt);
    set_gate(FIRST_INTERRUPT + DISK_INTERRUPT, INTERRUPT_GATE, interrupt);
    set_gate(FIRST_INTERRUPT + OTHER_INTERRUPT, INTERRUPT_GATE, interrupt);
    interrupts_on();
    check_equal("and comes when there is one", spin_until(&seen), 1);
}

static void plain_store(void)
{
    forget();
    ask_clock();
    check_equal("nothing comes while interrupts are off", seen, 0);
    interrupts_on();
    check_equal("a plain store turns them on", spin_until(&seen), 1);
    check_equal("IF is on in the frame", frame_seen.eflags & INTERRUPT_FLAG, INTERRUPT_FLAG);
    check_equal("the gate turned irq_enabled off", irq_enabled_inside, 0);
    check_equal("it is on again behind the iret", lguest_data.irq_enabled, INTERRUPT_FLAG);
    wait_a_while();
    check_equal("one event, one interrupt", seen, 1);

    forget();
    set_gate(FIRST_INTERRUPT, TRAP_GATE, interrupt);
    ask_clock();
    interrupts_on();
    spin_until(&seen);
    check_equal("a trap gate leaves irq_enabled on", irq_enabled_inside, INTERRUPT_FLAG);
    set_gate(FIRST_INTERRUPT, INTERRUPT_GATE, interrupt);
}

static void blocked(void)
{
    forget();
    lguest_data.blocked_interrupts = 1 << CLOCK_INTERRUPT;
    ask_clock();
    interrupts_on();
    wait_a_while();
    check_equal("a blocked interrupt waits", seen, 0);
    ask_disk(DISK_INTERRUPT);
    spin_until(&seen);
    check_equal("another one passes it", order, FIRST_INTERRUPT + DISK_INTERRUPT);
    seen = order = 0;
    lguest_data.blocked_interrupts = 0;
    check_equal("unblocked by a plain store, it comes", spin_until(&seen), 1);
}

static void priority(void)
{
    forget();
    ask_disk(OTHER_INTERRUPT);
    ask_disk(DISK_INTERRUPT);
    ask_clock();
    interrupts_on();
    for (u32 i = 0; i < 20000000 && seen < 3; i++)
        ;
    check_equal("the lowest number comes first", order, FIRST_INTERRUPT << 16 |
                (FIRST_INTERRUPT + DISK_INTERRUPT) << 8 | (FIRST_INTERRUPT + OTHER_INTERRUPT));
}

static void halted(void)
{
    forget();
    hypercall(SET_CLOCKEVENT, 1000000, 0, 0);
    hypercall(HALT, 0, 0, 0);
    check_equal("HALT with interrupts off is woken", seen, 1);
    check_equal("and IF is on in the frame", frame_seen.eflags & INTERRUPT_FLAG, INTERRUPT_FLAG);

    forget();
    ask_disk(DISK_INTERRUPT);
    hypercall(HALT, 0, 0, 0);
    check_equal("HALT with an interrupt pending does not sleep", order, FIRST_INTERRUPT + DISK_INTERRUPT);

    forget();
    interrupts_on();
    hypercall(SET_CLOCKEVENT, 1000000, 0, 0);
    hypercall(HALT, 0, 0, 0);
    check_equal("HALT with interrupts on is woken", seen, 1);
}

/* Interrupts on inside the window, for long enough; returns what came. Register use is all that
 * code here may do: the window is between noirq_start and noirq_end. */
u32 stay_in_window(volatile u32 *irq_enabled, const volatile u32 *count);
asm(".pushsection .noirq, \"ax\"\n"
    "stay_in_window: movl 4(%esp), %eax; movl 8(%esp), %edx; movl $0x200, (%eax)\n"
    "movl $1000000, %ecx; 1: decl %ecx; jnz 1b\n"
    "movl (%edx), %eax; ret\n"
    ".popsection");

static void window(void)
{
    forget();
    ask_clock();
    check_equal("nothing comes between noirq_start and noirq_end", stay_in_window(&lguest_data.irq_enabled, &seen), 0);
    check_equal("it comes behind noirq_end", spin_until(&seen), 1);
}

/* Registers hold something while the program waits for the interrupt. */
USER_TEXT(user_wait,
          "movl $0x1111, %ebx; movl $0x2222, %ecx; movl $0x3333, %edx; movl $0x4444, %esi\n"
          "movl $0x5555, %edi; movl $0x6666, %ebp; movl $100000000, %eax; stc\n"
          "1: decl %eax; jz 2f; cmpl $0, 0x0b000000; je 1b\n"
          "2: xorl %eax, %eax; int $0x80");

/* The interrupt may come between the store that turns interrupts on and the iret to the program: then it is asked for again. */
static void from_ring3(void)
{
    frame_seen.cs = 0;
    for (int tries = 0; tries < 100 && frame_seen.cs != USER_CODE; tries++) {
        forget();
        *(volatile u32 *)kernel_address(user_page) = 0;
        ask_clock();
        run_user(user_wait);
    }
    check_equal("a program in ring 3 is interrupted", seen, 1);
    check_equal("its frame says so", frame_seen.cs, USER_CODE);
    check_equal("the interrupt came on the kernel's stack", frame_stack + sizeof(struct trap_frame), trap_stack_top);
    check(caught.ebx == 0x1111 && caught.ecx == 0x2222 && caught.edx == 0x3333 && caught.esi == 0x4444 &&
          caught.edi == 0x5555 && caught.ebp == 0x6666, "the program noticed nothing");
}

int main(void)
{
    lguest_init();
    prepare_ring3();
    find_disk();

    no_gate();
    plain_store();
    blocked();
    priority();
    halted();
    window();
    from_ring3();
    power_down();
}
