/* Most hypercalls may wait a little: a page that was protected, an address space for a process that
 * has not begun to run. They are written into the ring in lguest_data, and one trap into the host does
 * them all. Any direct hypercall is that trap; FLUSH_ASYNC is the one that does nothing else. */

#include "kernel.h"

u32 calls_queued, batches;

static u32 last_slot;

void settle(void)
{
    if (lguest_data.hcall_status[last_slot] == SLOT_FREE)
        return;                         /* some other call was the trap already */
    hypercall(FLUSH_ASYNC, 0, 0, 0);
    batches++;
}

void later(u32 call, u32 first, u32 second, u32 third)
{
    int slot = queue_hypercall(call, first, second, third);

    if (slot < 0) {
        settle();
        slot = queue_hypercall(call, first, second, third);
    }
    last_slot = slot;
    calls_queued++;
}
