/* The clock: ask for one interrupt, sleep, and do it again. */

#include "guest.h"

#define TICKS 5
#define MILLISECONDS 10

static volatile u32 ticked;

static void clock_interrupt(struct trap_frame *frame)
{
    (void)frame;
    ticked = 1;
}

/* The host stamps the time on every interrupt it delivers. Whole milliseconds are enough here, and
 * their difference stays right when they wrap. */
static u32 now(void)
{
    return lguest_data.time.seconds * 1000 + lguest_data.time.nanoseconds / 1000000;
}

int main(void)
{
    u32 start, before;

    lguest_init();
    start = before = now();
    if (!lguest_data.time.seconds)
        crash("the host did not tell the time");
    set_gate(FIRST_INTERRUPT + CLOCK_INTERRUPT, INTERRUPT_GATE, clock_interrupt);

    for (int tick = 1; tick <= TICKS; tick++) {
        u32 earliest = before + MILLISECONDS;

        hypercall(SET_CLOCKEVENT, MILLISECONDS * 1000000, 0, 0);
        sleep_until(&ticked);
        ticked = 0;

        before = now();
        print("tick %d after %u ms\n", tick, before - start);
        if ((int)(before - earliest) < 0)
            crash("the clock event came too early");
    }
    power_down();
}
