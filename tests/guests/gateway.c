/* A network with the host: asks the gateway 10.0.2.2 for its Ethernet address, sends it an echo, and
 * says something over TCP to its port 7, which must answer with the same. The guest's own TCP does one
 * thing at a time and expects nothing to be lost. With "connections" on its command line it asks for as
 * many connections as it has ports instead, and finishes none. */

#include "harness.h"

#define FRAME       1514
#define GATEWAY     0x0a000202
#define MYSELF      0x0a00020f
#define FIRST_PORT  1025
#define ECHO_PORT   7
#define CONNECTIONS 500

#define IP          14      /* where the headers begin */
#define INSIDE      34
#define TCP_DATA    54

#define FIN 1
#define SYN 2
#define ACK 16

static u8 received[2048] __attribute__((aligned(2048))), sent[2048] __attribute__((aligned(2048)));
static volatile struct lguest_dma buffer;      /* one only: the host keeps what comes meanwhile */
static volatile u32 interrupts;
static volatile u8 *macs;
static u8 gateway_mac[6];
static u32 page;
static u32 my_port = FIRST_PORT, my_number = 1000, their_number;

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    interrupts++;
}

static void put16(u8 *at, u32 value)
{
    at[0] = value >> 8;
    at[1] = value;
}

static void put32(u8 *at, u32 value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static u32 get16(const u8 *at)
{
    return at[0] << 8 | at[1];
}

static u32 get32(const u8 *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static u32 sum(const u8 *bytes, u32 length, u32 so_far)
{
    for (u32 i = 0; i < length; i++)
        so_far += i % 2 ? bytes[i] : bytes[i] << 8;
    while (so_far >> 16)
        so_far = (so_far & 0xffff) + (so_far >> 16);
    return so_far;
}

static void send_frame(u32 type, u32 length)
{
    struct lguest_dma dma;

    for (u32 i = 0; i < 6; i++) {
        sent[i] = gateway_mac[i];
        sent[6 + i] = macs[6 + i];
    }
    put16(sent + 12, type);
    one_section(&dma, sent, length);
    hypercall(SEND_DMA, page, physical(&dma), 0);
    if (dma.used_len != length)
        crash("the frame did not go");
}

/* The next frame; it stays until release_frame(). */
static u8 *wait_for_frame(void)
{
    while (!buffer.used_len) {
        interrupts = 0;
        if (!buffer.used_len)
            sleep_until(&interrupts);
    }
    return received;
}

static void release_frame(void)
{
    buffer.used_len = 0;
}

static void send_packet(u32 protocol, u32 length)
{
    memset(sent + IP, 0, 20);
    sent[IP] = 0x45;
    put16(sent + IP + 2, 20 + length);
    sent[IP + 8] = 64;
    sent[IP + 9] = protocol;
    put32(sent + IP + 12, MYSELF);
    put32(sent + IP + 16, GATEWAY);
    put16(sent + IP + 10, ~sum(sent + IP, 20, 0));
    send_frame(0x0800, INSIDE + length);
}

static void find_gateway(void)
{
    static const u8 request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
    u8 *frame;

    memset(gateway_mac, 0xff, sizeof gateway_mac);
    memcpy(sent + 14, request, sizeof request);
    for (u32 i = 0; i < 6; i++)
        sent[22 + i] = macs[6 + i];
    put32(sent + 28, MYSELF);
    memset(sent + 32, 0, 6);
    put32(sent + 38, GATEWAY);
    send_frame(0x0806, 42);
    frame = wait_for_frame();
    check(get16(frame + 12) == 0x0806 && get16(frame + 20) == 2 && get32(frame + 28) == GATEWAY, "the gateway answers");
    memcpy(gateway_mac, frame + 22, 6);
    release_frame();
    check(macs[0] == (gateway_mac[0] | 1) && macs[5] == gateway_mac[5], "with the address that slot 0 shows");
}

static void ping(u32 length)
{
    u8 *frame, *echo = sent + INSIDE;
    int same = 1;

    memset(echo, 0, 8);
    echo[0] = 8;
    for (u32 i = 8; i < length; i++)
        echo[i] = i * 7;
    put16(echo + 2, ~sum(echo, length, 0));
    send_packet(1, length);
    frame = wait_for_frame();
    for (u32 i = 8; i < length; i++)
        same &= frame[INSIDE + i] == echo[i];
    check(frame[INSIDE] == 0 && sum(frame + INSIDE, length, 0) == 0xffff && same, "an echo comes back as it was");
    release_frame();
}

static void send_segment(u32 flags, const char *data, u32 length)
{
    u8 *segment = sent + INSIDE;

    memset(segment, 0, 20);
    put16(segment, my_port);
    put16(segment + 2, ECHO_PORT);
    put32(segment + 4, my_number);
    put32(segment + 8, flags & ACK ? their_number : 0);
    segment[12] = 0x50;
    segment[13] = flags;
    put16(segment + 14, 8192);
    memcpy(segment + 20, data, length);
    put32(sent + IP + 12, MYSELF);
    put32(sent + IP + 16, GATEWAY);
    put16(segment + 16, ~sum(segment, 20 + length, sum(sent + IP + 12, 8, 6 + 20 + length)));
    send_packet(6, 20 + length);
    my_number += length + !!(flags & SYN) + !!(flags & FIN);
}

/* The next segment that carries anything: its flags; its data is acknowledged, and copied. */
static u32 wait_for_segment(char *data, u32 *length)
{
    while (1) {
        u8 *frame = wait_for_frame(), *segment = frame + INSIDE;
        u32 flags = segment[13], header = (segment[12] >> 4) * 4, there = get16(frame + IP + 2) - 20 - header;

        if (flags & SYN)
            their_number = get32(segment + 4);
        if (get32(segment + 4) != their_number || !(there || flags & (SYN | FIN))) {
            release_frame();
            continue;
        }
        memcpy(data, segment + header, there);
        *length = there;
        their_number += there + !!(flags & SYN) + !!(flags & FIN);
        release_frame();
        return flags;
    }
}

static void talk(void)
{
    static const char said[] = "the same, please";
    static char heard[2048];
    u32 length, all = 0, flags;

    send_segment(SYN, "", 0);
    flags = wait_for_segment(heard, &length);
    check_equal("the gateway accepts a connection", flags, SYN | ACK);
    send_segment(ACK, said, sizeof said);
    while (all < sizeof said) {
        wait_for_segment(heard + all, &length);
        all += length;
        send_segment(ACK, "", 0);
    }
    check_equal("what is said comes back, all of it", all, sizeof said);
    for (u32 i = 0; i < sizeof said; i++)
        if (heard[i] != said[i])
            crash("something else came back");
    send_segment(FIN | ACK, "", 0);
    check((wait_for_segment(heard, &length) & FIN) != 0, "the other side closes, too");
    send_segment(ACK, "", 0);
}

static void find_card(u32 directory)
{
    volatile struct device_descriptor *card = kernel_address(memory_size());

    if (card->type != DEVICE_NET)
        crash("the first device must be a network");
    check_equal("the guest has slot 1", card->features & 0xfff, 1);
    page = card->pfn * PAGE_SIZE;
    macs = kernel_address(page);
    map_page(directory, (u32)macs, page, PAGE_PRESENT | PAGE_WRITABLE);
    macs[6] = 2;
    macs[11] = 15;
    set_gate(FIRST_INTERRUPT + 1, INTERRUPT_GATE, interrupt);
    one_section((struct lguest_dma *)&buffer, received, FRAME);
    if (!hypercall(BIND_DMA, page + 4, physical(&buffer), DMA_BUFFERS(1, 1)))
        crash("the buffer was not accepted");
}

static void connect_often(void)
{
    for (u32 i = 0; i < CONNECTIONS; i++) {
        send_segment(SYN, "", 0);
        my_port++;
    }
    print("asked for %u connections\n", CONNECTIONS);
}

static int same(const char *one, const char *other)
{
    while (*one && *one == *other) one++, other++;
    return *one == *other;
}

int main(void)
{
    const char *command_line = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));
    u32 directory;

    lguest_init();
    directory = new_directory();
    hypercall(NEW_PGTABLE, directory, 0, 0);
    find_card(directory);
    interrupts_on();
    find_gateway();
    if (same(command_line, "connections")) {
        connect_often();
    } else {
        ping(8);
        ping(1480);
        talk();
    }
    power_down();
}
