/* The clock: one event at a time, and the time of day with every interrupt. */

#include "harness.h"

#define MILLISECOND 1000000

static volatile u32 ticks;

static void tick(struct trap_frame *frame)
{
    (void)frame;
    ticks++;
}

/* Milliseconds, as of the last interrupt. */
static u32 now(void)
{
    return lguest_data.time.seconds * 1000 + lguest_data.time.nanoseconds / MILLISECOND;
}

static void set_event(u32 nanoseconds)
{
    hypercall(SET_CLOCKEVENT, nanoseconds, 0, 0);
}

/* Makes the time stamp a fresh one, and forgets the tick. */
static void synchronise(void)
{
    ticks = 0;
    set_event(1);
    sleep_until(&ticks);
    ticks = 0;
}

/* Sleeps until the next tick; returns how much later than `start` it came. */
static u32 sleep_from(u32 start)
{
    sleep_until(&ticks);
    return now() - start;
}

static void one_event(void)
{
    synchronise();
    u32 start = now();
    set_event(20 * MILLISECOND);
    u32 slept = sleep_from(start);
    wait_a_while();
    check(slept >= 20, "an event comes no earlier than asked for");
    check_equal("and once", ticks, 1);
    check(lguest_data.time.nanoseconds < 1000 * MILLISECOND, "nanoseconds are less than a second");
}

static void rearmed(void)
{
    synchronise();
    u32 start = now();
    set_event(4000 * (u32)MILLISECOND);
    set_event(5 * MILLISECOND);
    u32 slept = sleep_from(start);
    check(slept >= 5 && slept < 2000, "a new event replaces a later one");

    synchronise();
    start = now();
    set_event(100 * MILLISECOND);
    set_event(130 * MILLISECOND);
    slept = sleep_from(start);
    check(slept >= 130, "and an earlier one");
    check_equal("so that there is one in all", ticks, 1);
}

static void cancelled(void)
{
    synchronise();
    u32 start = now();
    set_event(0);               /* nothing to cancel */
    set_event(100 * MILLISECOND);
    set_event(0);
    set_event(130 * MILLISECOND);
    u32 slept = sleep_from(start);
    check(slept >= 130, "an event can be cancelled");
    check_equal("it does not come later either", ticks, 1);

    synchronise();
    set_event(0xffffffff);
    set_event(0);
    wait_a_while();
    check_equal("the longest one, too", ticks, 0);
}

static void many(void)
{
    u32 backwards = 0, before = now(), extra = 0;

    for (int i = 0; i < 100; i++) {
        ticks = 0;
        set_event(100000);
        sleep_until(&ticks);
        extra += ticks != 1;
        backwards += (int)(now() - before) < 0;
        before = now();
    }
    check_equal("a hundred events, one after the other", extra, 0);
    check_equal("time never goes back", backwards, 0);
}

static u32 time_stamp(void)
{
    u32 low;

    asm volatile("rdtsc" : "=a"(low) : : "edx");
    return low;
}

static void time_stamp_counter(void)
{
    u32 khz = lguest_data.tsc_khz, before;

    if (!khz) {
        print("SKIP the host offers no time stamp counter\n");
        return;
    }
    synchronise();
    before = time_stamp();
    set_event(20 * MILLISECOND);
    sleep_until(&ticks);
    check(time_stamp() - before >= khz * 19, "the time stamp counter has the speed the host says");
}

int main(void)
{
    lguest_init();
    check(lguest_data.time.seconds != 0, "LGUEST_INIT stamps the time");
    check_equal("and asks to keep 4 MiB of address space free", lguest_data.reserve_mem, 4 << 20);
    set_gate(FIRST_INTERRUPT + CLOCK_INTERRUPT, INTERRUPT_GATE, tick);
    interrupts_on();

    one_event();
    rearmed();
    cancelled();
    many();
    time_stamp_counter();
    power_down();
}
