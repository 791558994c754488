/* minikernel: a small kernel for lguest. Two programs, each in an address space of its own, copies of
 * them, a clock, a console, a disk, a network. This file begins, and in the end looks back.
 *
 * Words it knows on its command line:
 *   cooperative   change processes at system calls only
 *   integer       leave the FPU alone
 *   input         ask for a line on the console
 *   answers       with virtio devices: answer on the network, do not ask */

#include "kernel.h"

int cooperative;
#ifdef VIRTIO
int answers;
#endif

static int same_word(const char *text, const char *word)
{
    while (*word && *text == *word)
        text++, word++;
    return !*word && (!*text || *text == ' ');
}

static int command_line_has(const char *word)
{
    const char *line = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));

    for (const char *text = line; *text; text++)
        if ((text == line || text[-1] == ' ') && same_word(text, word))
            return 1;
    return 0;
}

static void page_fault(struct trap_frame *frame)
{
    u32 address = lguest_data.cr2;

    if (resolve_page_fault(address, frame->error))
        return;
    if (!from_user(frame)) {
        print("page fault at %08x, error %u, eip %08x\n", address, frame->error, frame->eip);
        crash("a page fault of the kernel's own");
    }
    end_current(STATUS_TRAPPED + frame->vector);
}

/* What a program should not have done is its end, and nobody else's. */
static void bad_trap(struct trap_frame *frame)
{
    if (!from_user(frame)) {
        print("trap %u, error %u, eip %08x\n", frame->vector, frame->error, frame->eip);
        crash("a trap of the kernel's own");
    }
    end_current(STATUS_TRAPPED + frame->vector);
}

/* All gates turn interrupts off: the kernel is never interrupted, except where it waits. */
static void set_gates(void)
{
    for (u32 vector = 0; vector <= 17; vector++)
        if (vector != 2 && vector != 8 && vector != 9 && vector != 15)
            set_gate(vector, INTERRUPT_GATE, bad_trap);
    set_gate(14, INTERRUPT_GATE, page_fault);
    set_gate(SYSTEM_CALL, INTERRUPT_GATE | FROM_USER, system_call);
}

static void check(int ok, const char *name)
{
    print("%s %s\n", ok ? "PASS" : "FAIL", name);
}

static void look_back(u32 status, u32 pages_before)
{
    check(status == 0, "the first program ended well");
    check(pages_in_use == pages_before, "every page came back");
    check(pages_on_demand > 100, "pages came when they were touched");
    check(pages_copied > 20, "shared pages were copied when they were written to");
    check(pages_kept > 20, "the last one to share a page just kept it");
    check(batches > 0 && calls_queued > batches + 100, "hypercalls went to the host in batches");
    check(switches > 20, "processes took turns");
    if (cooperative)
        check(preemptions == 0, "and only when they asked for it");
    else
        check(preemptions >= 3, "and had to when the clock said so");
    if (has_fpu)
        check(fpu_traps > 3 && fpu_traps < switches, "the FPU was handed over when somebody used it");
    if (has_disk)
        check(disk_requests > 6, "the disk answered");
    if (has_net)
        check(net_interrupts > 0, "the network woke whoever waited for it");
}

int main(void)
{
    struct process *first;
    u32 pages_before;

    lguest_init();
    cooperative = command_line_has("cooperative");
#ifdef VIRTIO
    answers = command_line_has("answers");
#endif
    print("minikernel: processes change %s\n", cooperative ? "at system calls" : "at every tick of the clock");

    memory_begin();
    load_user_segments();
    set_gates();
    fpu_begin(!command_line_has("integer"));
#ifdef VIRTIO
    random_begin();
#endif
    disk_begin();
    net_begin();
    if (command_line_has("input"))
        console_begin();

    pages_before = pages_in_use;
    first = start_program(&init_program);
    start_program(&worker_program);
    clock_begin();
    for (schedule(); first->state != ENDED; schedule())
        idle();

    hypercall(SET_CLOCKEVENT, 0, 0, 0);
    look_back(bury(first), pages_before);
    power_down();
}
