/* The network card: frames to everybody else in the network, and from them, in the order in which the
 * host fills the buffers. */

#include "kernel.h"

#define BUFFERS         8
#define HEADER          14
#define SLOT_BITS       (PAGE_SIZE - 1)     /* of the card's features */

struct mac {
    u8 byte[6];
};

#define SLOTS           (PAGE_SIZE / sizeof(struct mac))

struct frame {
    struct mac to, from;
    u16 type;
    char data[NET_MOST];
};

int has_net;
u32 net_interrupts;

/* The host must find each of them within one page. */
static struct {
    struct frame frame;
} __attribute__((aligned(2048))) received[BUFFERS], sent;
static struct lguest_dma buffers[BUFFERS];

static volatile struct mac *others;     /* the card's page */
static u32 page, me, next;

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    net_interrupts++;
    wake(WAITING_FOR_NET);
}

static u32 key_of(u32 slot)
{
    return page + slot * sizeof(u32);
}

static int is_there(u32 slot)
{
    for (u32 i = 0; i < sizeof(struct mac); i++)
        if (others[slot].byte[i])
            return 1;
    return 0;
}

u32 net_slot(void)
{
    return me;
}

/* The number of guests that took it. */
u32 net_send(const char *data, u32 length)
{
    u32 took = 0;
    struct lguest_dma dma;

    memset(&sent.frame.to, 0xff, sizeof sent.frame.to);
    for (u32 i = 0; i < sizeof(struct mac); i++)
        sent.frame.from.byte[i] = others[me].byte[i];
    sent.frame.type = 0xb588;           /* 0x88b5 on the wire: for experiments */
    memcpy(sent.frame.data, data, length);
    for (u32 slot = 0; slot < SLOTS; slot++) {
        if (slot == me || !is_there(slot))
            continue;
        one_section(&dma, &sent.frame, HEADER + length);
        hypercall(SEND_DMA, key_of(slot), physical(&dma), 0);
        took += dma.used_len == HEADER + length;
    }
    return took;
}

/* The length of the next frame's data, of which no more than `most` are copied. */
u32 net_receive(char *data, u32 most)
{
    volatile struct lguest_dma *buffer = &buffers[next];
    u32 length;

    while (!buffer->used_len)
        block(WAITING_FOR_NET);
    length = buffer->used_len < HEADER ? 0 : buffer->used_len - HEADER;
    memcpy(data, received[next].frame.data, length < most ? length : most);
    buffer->used_len = 0;
    next = (next + 1) % BUFFERS;
    return length;
}

void net_begin(void)
{
    int slot = find_device(DEVICE_NET);

    if (slot < 0)
        return;
    device(slot)->status |= STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    me = device(slot)->features & SLOT_BITS;
    page = device(slot)->pfn * PAGE_SIZE;
    others = kernel_address(page);
    map_page(processes[0].directory, (u32)others, page, PAGE_PRESENT | PAGE_WRITABLE);
    set_gate(FIRST_INTERRUPT + slot + 1, INTERRUPT_GATE, interrupt);

    /* The address before the buffers: whoever can send to this guest also finds it. */
    others[me].byte[0] = 2;
    others[me].byte[5] = me + 1;
    for (u32 i = 0; i < BUFFERS; i++)
        one_section(&buffers[i], &received[i].frame, sizeof(struct frame));
    if (!hypercall(BIND_DMA, key_of(me), physical(buffers), DMA_BUFFERS(BUFFERS, slot + 1)))
        crash("the network's buffers were not accepted");
    device(slot)->status |= STATUS_DRIVER_OK;
    has_net = 1;
    print("minikernel: a network, slot %u\n", me);
}
