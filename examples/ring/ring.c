/* The hypercall ring, and the direct call that waits while it is drained.
 *
 * The guest queues calls in memory; the host does them when the next real hypercall traps, before
 * that call. Text for the console inside the ring takes the guest out to its launcher half-way: the
 * rest of the ring and the direct call stand still meanwhile, and then each is done once. */

#include "guest.h"

/* Any key nobody else uses, and a buffer to bind to it: how often a BIND_DMA was done shows later,
 * since every binding can be undone once. */
#define KEY 0x1000

static struct lguest_dma buffer;

static u32 bind(void)
{
    return hypercall(BIND_DMA, KEY, physical(&buffer), DMA_BUFFERS(1, 1));
}

static u32 unbind(void)
{
    return hypercall(BIND_DMA, KEY, physical(&buffer), DMA_BUFFERS(1, 0));
}

static void queue_text(struct lguest_dma *dma, const char *text)
{
    u32 length = 0;

    while (text[length])
        length++;
    one_section(dma, text, length);
    queue_hypercall(SEND_DMA, CONSOLE_KEY, physical(dma), 0);
}

static void expect(int as_it_should, const char *otherwise)
{
    if (!as_it_should)
        crash(otherwise);
}

static void expect_drained(void)
{
    for (u32 slot = 0; slot < RING_SLOTS; slot++)
        expect(lguest_data.hcall_status[slot] == SLOT_FREE, "a ring slot was left undone");
}

int main(void)
{
    struct lguest_dma first, second, third;

    lguest_init();

    /* Six calls in the ring, and a direct one that only makes the host look. Undoing a binding before
     * making it leaves it bound; the other order would not. */
    queue_hypercall(SET_CLOCKEVENT, 0, 0, 0);
    queue_text(&first, "ring: first text\n");
    queue_hypercall(BIND_DMA, KEY, physical(&buffer), DMA_BUFFERS(1, 0));
    queue_hypercall(BIND_DMA, KEY, physical(&buffer), DMA_BUFFERS(1, 1));
    queue_text(&second, "ring: second text\n");
    queue_hypercall(TS, 0, 0, 0);

    expect(lguest_data.hcall_status[0] == SLOT_READY, "the ring ran before any hypercall");
    hypercall(FLUSH_ASYNC, 0, 0, 0);

    expect_drained();
    expect(first.used_len == 17 && second.used_len == 18, "a text in the ring was not sent whole");
    expect(unbind() == 1, "the ring ran out of order");
    expect(unbind() == 0, "a call in the ring was done twice");
    print("ring: all six were done once, and in order\n");

    /* The direct call does something now: it must wait for the text before it, and happen once. */
    queue_text(&third, "ring: third text, sent before the direct call is done\n");
    expect(bind() == 1, "the direct call was lost");

    expect_drained();
    expect(unbind() == 1, "the direct call was not done");
    expect(unbind() == 0, "the direct call was done twice");
    print("ring: the direct call was done once, after them\n");

    power_down();
}
