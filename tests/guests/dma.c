/* DMA: binding buffers, and sending sections of every shape to the console. */

#include "harness.h"

#define KEY 0x3000          /* nobody watches it */
#define MOST_BINDINGS 32

static struct lguest_dma buffers[MOST_BINDINGS + 1];
static char across[2 * PAGE_SIZE] __attribute__((aligned(16)));

static u32 bind(u32 key, struct lguest_dma *array, u32 count, u32 irq)
{
    return hypercall(BIND_DMA, key, physical(array), DMA_BUFFERS(count, irq));
}

static void bindings(void)
{
    u32 bound = 0, unbound = 0;

    check_equal("a binding is accepted", bind(KEY, &buffers[0], 1, 1), 1);
    check_equal("unbinding needs the same key", bind(KEY + 4, &buffers[0], 1, 0), 0);
    check_equal("and the same array", bind(KEY, &buffers[1], 1, 0), 0);
    check_equal("then it works", bind(KEY, &buffers[0], 1, 0), 1);
    check_equal("once", bind(KEY, &buffers[0], 1, 0), 0);

    check_equal("interrupt 31 exists", bind(KEY, &buffers[0], 1, 31), 1);
    check_equal("interrupt 32 does not", bind(KEY, &buffers[1], 1, 32), 0);
    check_equal("and nothing was bound for it", bind(KEY, &buffers[1], 1, 0), 0);
    check_equal("no buffers at all can be bound", bind(KEY, &buffers[1], 0, 1), 1);
    bind(KEY, &buffers[0], 1, 0);
    bind(KEY, &buffers[1], 1, 0);

    for (u32 i = 0; i < MOST_BINDINGS; i++)
        bound += bind(KEY + 4 * i, &buffers[i], 1, 1);
    check_equal("there is room for 32", bound, MOST_BINDINGS);
    check_equal("and not for one more", bind(KEY, &buffers[MOST_BINDINGS], 1, 1), 0);
    check_equal("unbinding one", bind(KEY + 4 * 7, &buffers[7], 1, 0), 1);
    check_equal("makes room for one", bind(KEY, &buffers[MOST_BINDINGS], 1, 1), 1);

    /* From both ends and the middle. */
    unbound += bind(KEY, &buffers[MOST_BINDINGS], 1, 0);
    for (u32 i = 0; i < MOST_BINDINGS; i++)
        unbound += bind(KEY + 4 * (i * 5 % MOST_BINDINGS), &buffers[i * 5 % MOST_BINDINGS], 1, 0);
    check_equal("all of them can be unbound, in any order", unbound, MOST_BINDINGS);

    check_equal("a key in use can be bound again", bind(KEY, &buffers[0], 1, 1) + bind(KEY, &buffers[0], 1, 1), 2);
    check_equal("and is unbound one by one", bind(KEY, &buffers[0], 1, 0) + bind(KEY, &buffers[0], 1, 0) +
                bind(KEY, &buffers[0], 1, 0), 2);
}

static void send(u32 key, struct lguest_dma *dma)
{
    hypercall(SEND_DMA, key, physical(dma), 0);
}

static void sections(void)
{
    static const char pieces[] = "odd lengths, anywhere\n";
    struct lguest_dma dma;
    u32 at = 0;

    memset(&dma, 0, sizeof dma);
    dma.used_len = 77;
    send(CONSOLE_KEY, &dma);
    check_equal("nothing to send uses nothing", dma.used_len, 0);

    for (u32 i = 0; i < 6; i++) {
        dma.len[i] = i < 5 ? 2 * (i % 3) + 1 : sizeof pieces - 1 - at;
        dma.addr[i] = physical(pieces + at);
        at += dma.len[i];
    }
    send(CONSOLE_KEY, &dma);
    check_equal("sections of odd lengths follow each other", dma.used_len, sizeof pieces - 1);

    for (u32 i = 0; i < DMA_SECTIONS; i++) {
        dma.len[i] = 1;
        dma.addr[i] = physical("0123456789abcde\n" + i);
    }
    send(CONSOLE_KEY, &dma);
    check_equal("all 16 can be used", dma.used_len, DMA_SECTIONS);

    one_section(&dma, "the list ends here\n", 19);
    dma.len[2] = 5;
    dma.addr[2] = 0xfffffff0;   /* never looked at */
    send(CONSOLE_KEY, &dma);
    check_equal("an empty section ends the list", dma.used_len, 19);
}

static void page_crossing(void)
{
    static const char text[] = "this text lies in two pages\n";
    char *middle = (char *)(((u32)across + PAGE_SIZE - 1) & PAGE_FRAME);
    struct lguest_dma dma, *split;

    if (middle - across < 16)
        middle += PAGE_SIZE;
    memcpy(middle - 10, text, sizeof text);
    one_section(&dma, middle - 10, sizeof text - 1);
    send(CONSOLE_KEY, &dma);
    check_equal("a section may cross into the next page", dma.used_len, sizeof text - 1);

    split = (struct lguest_dma *)(middle - 12);
    one_section(split, "so may its description\n", 23);
    send(CONSOLE_KEY, split);
    check_equal("so does used_len", split->used_len, 23);

    /* Longer than a page: 80 lines of 64 characters. */
    char *lines = kernel_address(new_page());
    new_page();
    for (u32 i = 0; i < 80 * 64; i++)
        lines[i] = i % 64 == 63 ? '\n' : i % 64 == 0 ? 'A' + i / 64 % 26 : '-';
    one_section(&dma, lines, 80 * 64);
    send(CONSOLE_KEY, &dma);
    check_equal("a section may be longer than a page", dma.used_len, 80 * 64);
}

static void nobody(void)
{
    struct lguest_dma dma;

    one_section(&dma, "unheard", 7);
    dma.used_len = 1234;
    send(KEY, &dma);
    check_equal("a key that nobody watches leaves used_len alone", dma.used_len, 1234);
    bind(KEY, &buffers[0], 1, 1);
    one_section(&buffers[0], across, 100);
    send(KEY, &dma);
    check_equal("a guest does not send to itself", buffers[0].used_len, 0);
    bind(KEY, &buffers[0], 1, 0);
}

int main(void)
{
    lguest_init();
    bindings();
    sections();
    page_crossing();
    nobody();
    power_down();
}
