/* The network card: virtqueue 0 for frames that come in, virtqueue 1 for those that go out, each frame after
 * a header that says nothing. */

#include "bus.h"

#define RECEIVE     0
#define TRANSMIT    1

#define BUFFERS     8
#define FEATURE_MAC (1 << 5)

struct mac {
    u8 byte[6];
};

/* Bytes of a frame before its data. */
#define HEADER      (2 * sizeof(struct mac) + sizeof(u16))

struct __attribute__((packed)) frame {
    u8 nothing[NET_HEADER];
    struct mac to, from;
    u16 type;
    char data[NET_MOST];
};

int has_net;
u32 net_interrupts;

static struct bus_device device;
static struct virtqueue receive, transmit;
static struct frame received[BUFFERS], sent;
static struct mac own;

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    net_interrupts++;
    wake(WAITING_FOR_NET);
}

/* Who answers has slot 0, whoever asks has another. */
u32 net_slot(void)
{
    return !answers;
}

/* 1: on a wire nobody says who took it. */
u32 net_send(const char *data, u32 length)
{
    u32 written;

    memset(&sent.to, 0xff, sizeof sent.to);
    sent.from = own;
    sent.type = 0xb588;                 /* 0x88b5 on the wire: for experiments */
    memcpy(sent.data, data, length);
    describe(&transmit, 0, &sent, sizeof sent.nothing + HEADER + length, 0);
    make_available(&transmit, 0);
    kick(&transmit);
    if (take_used(&transmit, &written) != 0)
        crash("the network did not give its buffer back at once");
    return 1;
}

/* The length of the next frame's data, of which no more than `most` are copied. */
u32 net_receive(char *data, u32 most)
{
    u32 length;
    int head;

    while ((head = take_used(&receive, &length)) < 0)
        block(WAITING_FOR_NET);
    length = length < sizeof sent.nothing + HEADER ? 0 : length - sizeof sent.nothing - HEADER;
    memcpy(data, received[head].data, length < most ? length : most);
    make_available(&receive, head);
    kick(&receive);
    return length;
}

void net_begin(void)
{
    if (!bus_begin(&device, DEVICE_NET, FEATURE_MAC))
        return;
    if (!(bus_features(&device) & FEATURE_MAC))
        crash("the network card has no address");
    for (u32 i = 0; i < sizeof own; i++)
        own.byte[i] = bus_config(&device, i);
    queue_begin(&receive, &device, RECEIVE, interrupt);
    queue_begin(&transmit, &device, TRANSMIT, 0);
#if VIRTIO >= 0x040000
    bus_ready(&device);                 /* before it is kicked: there a device looks at nothing until then */
#endif
    for (u32 i = 0; i < BUFFERS; i++) {
        describe(&receive, i, &received[i], sizeof received[i], DEVICE_WRITES);
        make_available(&receive, i);
    }
    kick(&receive);
#if VIRTIO < 0x040000
    bus_ready(&device);
#endif
    has_net = 1;
    print("minikernel: a network, address %02x:%02x:%02x:%02x:%02x:%02x\n",
          own.byte[0], own.byte[1], own.byte[2], own.byte[3], own.byte[4], own.byte[5]);
}
