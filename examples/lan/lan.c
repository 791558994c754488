/* A network that guests share: find the others in the card's page, send them lines, get them back.
 *
 * The same guest plays both parts. With "ask" on its command line it waits for another one, asks it
 * something and says good bye; without, it answers in capitals until somebody says good bye. */

#include "guest.h"
#include "paging.h"

#define BUFFERS         4
#define LONGEST_FRAME   1514
#define PATIENCE        (10 * 1000000)      /* nanoseconds between two looks at the page */

struct mac {
    u8 byte[6];
};

#define SLOTS           (PAGE_SIZE / sizeof(struct mac))
#define FIRST_ADDRESS   1                   /* last byte of the MAC address in slot 0 */
#define SLOT_BITS       (PAGE_SIZE - 1)     /* of the card's features */

/* The type is one that Ethernet leaves to experiments. */
#define EXPERIMENT      0xb588              /* 0x88b5 as it goes over the wire */

struct frame {
    struct mac to, from;
    u16 type;
    char text[LONGEST_FRAME - 14];
};

/* The host must find each of them within one page. */
static struct {
    struct frame frame;
} __attribute__((aligned(2048))) received[BUFFERS], sent;
static struct lguest_dma buffers[BUFFERS];

static volatile struct mac *others;     /* the card's page: a MAC address for each slot, zeros if nobody has it */
static u32 page, me;
static volatile u32 woken;

static void wake_up(struct trap_frame *frame)
{
    (void)frame;
    woken = 1;
}

/* The key of slot n is the nth word of the page. */
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

static u32 length_of(const char *text)
{
    u32 length = 0;

    while (text[length])
        length++;
    return length;
}

static int same(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

static void offer(u32 buffer)
{
    one_section(&buffers[buffer], &received[buffer].frame, LONGEST_FRAME);
}

/* The address first, so that whoever can send to us also knows who we are. */
static void plug_in(u32 directory, u32 slot, volatile struct device_descriptor *device)
{
    static const struct mac first = { { 2, 0, 0, 0, 0, FIRST_ADDRESS } };     /* 2: given by ourselves, not by a maker */

    device->status |= STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    me = device->features & SLOT_BITS;
    page = device->pfn * PAGE_SIZE;
    others = kernel_address(page);
    map_page(directory, (u32)others, page, PAGE_PRESENT | PAGE_WRITABLE);

    for (u32 i = 0; i < sizeof first; i++)
        others[me].byte[i] = first.byte[i];
    others[me].byte[5] += me;
    set_gate(FIRST_INTERRUPT + slot + 1, INTERRUPT_GATE, wake_up);
    for (u32 i = 0; i < BUFFERS; i++)
        offer(i);
    if (!hypercall(BIND_DMA, key_of(me), physical(buffers), DMA_BUFFERS(BUFFERS, slot + 1)))
        crash("the card's buffers were not accepted");
    device->status |= STATUS_DRIVER_OK;
}

static void find_card(void)
{
    volatile struct device_descriptor *devices = kernel_address(memory_size());
    u32 directory = new_directory();

    hypercall(NEW_PGTABLE, directory, 0, 0);
    for (u32 slot = 0; slot < DEVICE_SLOTS; slot++) {
        if (devices[slot].type != DEVICE_NET)
            continue;
        plug_in(directory, slot, &devices[slot]);
        return;
    }
    crash("there is no network");
}

/* True if the other guest had room for it. */
static int send(u32 slot, const char *text)
{
    struct lguest_dma dma;
    u32 length = 14 + length_of(text) + 1;

    for (u32 i = 0; i < sizeof(struct mac); i++) {
        sent.frame.to.byte[i] = others[slot].byte[i];
        sent.frame.from.byte[i] = others[me].byte[i];
    }
    sent.frame.type = EXPERIMENT;
    memcpy(sent.frame.text, text, length - 14);
    one_section(&dma, &sent.frame, length);
    hypercall(SEND_DMA, key_of(slot), physical(&dma), 0);
    return dma.used_len == length;
}

/* Sleeps until a frame is there. The network fills the buffers in turn. */
static struct frame *receive(u32 *buffer)
{
    static u32 next;

    while (!((volatile struct lguest_dma *)buffers)[next].used_len) {
        sleep_until(&woken);
        woken = 0;
    }
    *buffer = next;
    next = (next + 1) % BUFFERS;
    return &received[*buffer].frame;
}

/* Not looked up in the page: whoever sent it may have left since. */
static u32 slot_of(const struct frame *frame)
{
    return frame->from.byte[5] - FIRST_ADDRESS;
}

static void answer_others(void)
{
    u32 buffer;

    print("lan: slot %u answers\n", me);
    for (;;) {
        struct frame *frame = receive(&buffer);
        u32 from = slot_of(frame);

        frame->text[sizeof frame->text - 1] = 0;
        print("lan: slot %u says \"%s\"\n", from, frame->text);
        if (same(frame->text, "good bye"))
            return;
        for (char *c = frame->text; *c; c++)
            if (*c >= 'a' && *c <= 'z')
                *c += 'A' - 'a';
        send(from, frame->text);
        offer(buffer);
    }
}

static u32 find_other(void)
{
    set_gate(FIRST_INTERRUPT + CLOCK_INTERRUPT, INTERRUPT_GATE, wake_up);
    for (;;) {
        for (u32 slot = 0; slot < SLOTS; slot++)
            if (slot != me && is_there(slot) && send(slot, "anybody there?"))
                return slot;
        hypercall(SET_CLOCKEVENT, PATIENCE, 0, 0);
        sleep_until(&woken);
        woken = 0;
    }
}

static void ask(void)
{
    static const char *const questions[] = { "how are you?", "what is that in capitals?" };
    u32 buffer, other = find_other();

    print("lan: slot %u asks slot %u\n", me, other);
    for (u32 asked = 0;; asked++) {
        struct frame *frame = receive(&buffer);

        frame->text[sizeof frame->text - 1] = 0;
        print("lan: slot %u answers \"%s\"\n", other, frame->text);
        offer(buffer);
        if (asked == sizeof questions / sizeof questions[0])
            break;
        if (!send(other, questions[asked]))
            crash("the other one has no room for a question");
    }
    send(other, "good bye");
}

int main(void)
{
    const char *part = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));

    lguest_init();
    find_card();
    if (same(part, "ask"))
        ask();
    else
        answer_others();
    power_down();
}
