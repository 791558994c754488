/* Console input: bind a buffer, sleep until the host has filled it, answer in capitals. */

#include "guest.h"

/* The console is the only device, so it has the first device interrupt. */
#define CONSOLE_INTERRUPT 1

static char input[256];
static struct lguest_dma input_dma;
static volatile u32 have_input;

static char line[80];
static u32 length;

static void console_interrupt(struct trap_frame *frame)
{
    (void)frame;
    have_input = input_dma.used_len != 0;
}

static char upper_case(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static int is_quit(void)
{
    return length == 4 && line[0] == 'Q' && line[1] == 'U' && line[2] == 'I' && line[3] == 'T';
}

static void answer(void)
{
    line[length] = 0;
    if (is_quit()) {
        print("Good bye.\n");
        power_down();
    }
    print("%s\n", line);
    length = 0;
}

static void take(char c)
{
    if (c == '\n' || c == '\r')
        answer();
    else if (length < sizeof line - 1)
        line[length++] = upper_case(c);
}

int main(void)
{
    lguest_init();
    set_gate(FIRST_INTERRUPT + CONSOLE_INTERRUPT, INTERRUPT_GATE, console_interrupt);

    one_section(&input_dma, input, sizeof input);
    if (!hypercall(BIND_DMA, CONSOLE_KEY, physical(&input_dma), DMA_BUFFERS(1, CONSOLE_INTERRUPT)))
        crash("the console's input buffer was not accepted");
    print("Type a line and get it back in capitals; \"quit\" ends.\n");

    for (;;) {
        sleep_until(&have_input);
        have_input = 0;
        for (u32 i = 0; i < input_dma.used_len; i++)
            take(input[i]);
        input_dma.used_len = 0;     /* the host may fill it again */
    }
}
