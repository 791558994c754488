/* Console input. It needs exactly this to be typed, at any time:
 * "one\ntwo\nsix\nten\nend\nbye\nodd lengths\n" */

#include "harness.h"

#define CONSOLE_INTERRUPT 1     /* the only device */
#define TAKEN 0x1000            /* any used_len but 0: not free */

/* Four bytes each, so that every word of three letters and its line end fills one. */
static char text[4][4];
static struct lguest_dma buffers[4], newer;
static volatile u32 interrupts;

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    interrupts++;
}

static void bind(struct lguest_dma *array, u32 count, u32 irq)
{
    if (!hypercall(BIND_DMA, CONSOLE_KEY, physical(array), DMA_BUFFERS(count, irq)))
        crash("a binding was refused");
}

static int says(const char *buffer, const char *word)
{
    return buffer[0] == word[0] && buffer[1] == word[1] && buffer[2] == word[2] && buffer[3] == '\n';
}

/* Sleeps until this buffer was filled. */
static void wait_for(volatile struct lguest_dma *buffer)
{
    while (!buffer->used_len) {
        interrupts = 0;
        if (buffer->used_len)
            return;
        sleep_until(&interrupts);
    }
}

static void free_buffer(u32 number)
{
    *(volatile u32 *)&buffers[number].used_len = 0;
}

static void lowest_first(void)
{
    for (u32 i = 0; i < 4; i++) {
        one_section(&buffers[i], text[i], 4);
        buffers[i].used_len = i == 0 || i == 3 ? TAKEN : 0;
    }
    bind(buffers, 4, CONSOLE_INTERRUPT);
    wait_for(&buffers[1]);
    wait_for(&buffers[2]);
    check(says(text[1], "one") && buffers[1].used_len == 4, "the first free buffer is filled first");
    check(says(text[2], "two") && buffers[2].used_len == 4, "then the next");
    check(buffers[0].used_len == TAKEN && buffers[3].used_len == TAKEN && !text[0][0] && !text[3][0],
          "those that are not free are left alone");

    wait_a_while();
    check(says(text[1], "one") && says(text[2], "two"), "without a free buffer, input waits");
    free_buffer(2);
    wait_for(&buffers[2]);
    check(says(text[2], "six"), "and comes when there is one");
    free_buffer(3);
    wait_for(&buffers[3]);
    check(says(text[3], "ten"), "whichever it is");
}

static void newest_binding(void)
{
    static char newer_text[4];

    one_section(&newer, newer_text, 4);
    interrupts_off();           /* nothing is typed into the older one on the way */
    bind(&newer, 1, CONSOLE_INTERRUPT);
    free_buffer(0);
    wait_for(&newer);
    check(says(newer_text, "end") && !buffers[0].used_len, "of two bindings, the newest gets the input");
    hypercall(BIND_DMA, CONSOLE_KEY, physical(&newer), 0);
    wait_for(&buffers[0]);
    check(says(text[0], "bye"), "unbound, the older one gets it again");
}

static void spread(void)
{
    static char parts[] = "...............";
    struct lguest_dma dma;

    memset(&dma, 0, sizeof dma);
    dma.len[0] = 1, dma.addr[0] = physical(parts + 14);
    dma.len[1] = 3, dma.addr[1] = physical(parts);
    dma.len[2] = 8, dma.addr[2] = physical(parts + 3);
    bind(&dma, 1, CONSOLE_INTERRUPT);
    wait_for(&dma);
    check_equal("input spreads over the sections", dma.used_len, 12);
    check(parts[14] == 'o' && parts[0] == 'd' && parts[2] == ' ' && parts[3] == 'l' && parts[10] == '\n' &&
          parts[11] == '.', "in their order");
}

int main(void)
{
    lguest_init();
    set_gate(FIRST_INTERRUPT + CONSOLE_INTERRUPT, INTERRUPT_GATE, interrupt);
    interrupts_on();

    lowest_first();
    newest_binding();
    spread();
    power_down();
}
