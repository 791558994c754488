/* The hypercall ring: when it is looked at, in which order, and where the next look begins. */

#include "harness.h"

#define KEY 0x2000

static struct lguest_dma buffer, letters[RING_SLOTS];
static char text[RING_SLOTS + 1];
static u32 next;            /* the slot the host should look at next */

/* Printing is a hypercall, too: look first, then report. */

/* How often KEY is bound shows how often a call that binds it was done. */
static u32 bind(u32 irq)
{
    return hypercall(BIND_DMA, KEY, physical(&buffer), DMA_BUFFERS(1, irq));
}

static u32 times_bound(void)
{
    u32 times = 0;

    while (bind(0))
        times++;
    return times;
}

static void put(u32 slot, u32 call, u32 edx, u32 ebx, u32 ecx)
{
    lguest_data.hcalls[slot].call = call;
    lguest_data.hcalls[slot].edx = edx;
    lguest_data.hcalls[slot].ebx = ebx;
    lguest_data.hcalls[slot].ecx = ecx;
    lguest_data.hcall_status[slot] = SLOT_READY;
}

static void put_bind(u32 slot)
{
    put(slot, BIND_DMA, KEY, physical(&buffer), DMA_BUFFERS(1, 1));
}

static void put_letter(u32 slot, u32 number)
{
    one_section(&letters[number], &text[number], 1);
    put(slot, SEND_DMA, CONSOLE_KEY, physical(&letters[number]), 0);
}

static u32 ready(void)
{
    u32 count = 0;

    for (u32 slot = 0; slot < RING_SLOTS; slot++)
        count += lguest_data.hcall_status[slot] != SLOT_FREE;
    return count;
}

static void flush(void)
{
    hypercall(FLUSH_ASYNC, 0, 0, 0);
}

static u32 forward(u32 slots)
{
    u32 slot = next;

    next = (next + slots) % RING_SLOTS;
    return slot;
}

static void before_init(void)
{
    for (u32 slot = 0; slot < RING_SLOTS; slot++)
        lguest_data.hcall_status[slot] = SLOT_FREE;
    put_bind(forward(1));
    hypercall(LGUEST_INIT, physical(&lguest_data), 0, 0);
    u32 status = lguest_data.hcall_status[0];
    u32 bound = times_bound();

    check_equal("LGUEST_INIT leaves the ring alone", status, SLOT_READY);
    check_equal("and the next call drains it", bound, 1);
}

static void only_when_pending(void)
{
    prepare_ring3();            /* for traps; a good many direct calls */
    put_bind(forward(1));
    wait_a_while();
    u32 waited = ready();
    TRY("ud2", : : "memory");
    TRY("movl 0x00400000, %%eax", : : "eax", "memory");
    u32 trapped = ready();
    u32 bound = times_bound();

    check_equal("nothing is done without a hypercall", waited, 1);
    check_equal("a trap is no hypercall", trapped, 1);
    check_equal("a ring entry is done before the direct call", bound, 1);
}

static void dma_inside(void)
{
    u32 slot = forward(4);

    text[0] = '1', text[1] = '\n';
    put_bind(slot);
    put_letter(slot + 1, 0);
    put_letter(slot + 2, 1);
    put_bind(slot + 3);
    u32 direct = bind(1);       /* nothing else in between: it would drain the ring, too */

    check(letters[0].used_len == 1 && letters[1].used_len == 1, "two texts were sent inside the ring");
    check_equal("a direct call behind two DMAs has its result", direct, 1);
    check_equal("it was done once, and so was each ring entry", times_bound(), 3);
    check_equal("all slots are free again", ready(), 0);
}

static void full_ring(void)
{
    u32 slot = next;            /* 64 further on is here again */

    for (u32 i = 0; i < RING_SLOTS; i++) {
        text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.\n"[i];
        put_letter((slot + i) % RING_SLOTS, i);
    }
    flush();
    u32 left = ready(), sent = 0;
    for (u32 i = 0; i < RING_SLOTS; i++)
        sent += letters[i].used_len;
    check_equal("a full ring is drained", left, 0);
    check_equal("and every one of the 64 was sent", sent, RING_SLOTS);

    for (u32 i = 0; i < RING_SLOTS; i++)
        put(i, SET_CLOCKEVENT, 0, 0, 0);
    flush();
    check_equal("a full ring without DMA, too", ready(), 0);
}

static void cursor(void)
{
    u32 slot = forward(1);
    u32 skipped = (slot + 3) % RING_SLOTS;

    put_bind(slot);
    put_bind(skipped);
    flush();
    u32 status = lguest_data.hcall_status[skipped];
    check(lguest_data.hcall_status[slot] == SLOT_FREE && status == SLOT_READY, "a drain stops at the first free slot");

    put_bind(forward(1));
    put_bind(forward(1));
    forward(1);
    flush();
    check_equal("the next begins where it stopped", ready(), 0);
    check_equal("each once", times_bound(), 4);

    /* Round the end and a little further. */
    while (next != RING_SLOTS - 2) {
        put(forward(1), TS, 0, 0, 0);
        flush();
    }
    for (u32 i = 0; i < 5; i++)
        put_bind(forward(1));
    flush();
    check_equal("the ring goes round", ready(), 0);
    check_equal("each once again", times_bound(), 5);
}

static void odd_calls(void)
{
    u32 slot = forward(2);

    put_bind(slot);
    put(slot + 1, FLUSH_ASYNC, 0, 0, 0);
    u32 result = hypercall(BIND_DMA, KEY + 4, physical(&buffer), DMA_BUFFERS(1, 0));
    check_equal("the result of a ring entry goes nowhere", result, 0);
    check_equal("a FLUSH_ASYNC in the ring does nothing", times_bound(), 1);

    hypercall(SET_CLOCKEVENT, 1000000, 0, 0);
    put(forward(1), HALT, 0, 0, 0);
    u32 direct = bind(1);
    check(direct == 1 && lguest_data.irq_enabled, "after a HALT in the ring, the direct call is done and the guest sleeps");
    times_bound();
}

int main(void)
{
    before_init();
    only_when_pending();
    dma_inside();
    full_ring();
    cursor();
    odd_calls();
    power_down();
}
