/* Reads commands from its console, and has a bug: the command "set" believes the number it is given, and the one that
 * is too large changes the address of a function. Each letter of a command is a branch of its own. */

#include "guest.h"

#define CONSOLE_INTERRUPT 1
#define SLOTS 8

typedef void action(void);

static char input[256];
static struct lguest_dma input_dma;
static volatile u32 have_input;

static char line[64];
static u32 length;

static volatile struct {
    u32 values[SLOTS];
    action *then;
} table;

static void console_interrupt(struct trap_frame *frame)
{
    (void)frame;
    have_input = input_dma.used_len != 0;
}

static u32 digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "set3=17", "get3", "spin": everything else is not understood. */
static void obey(void)
{
    if (line[0] == 's') {
        if (line[1] == 'e') {
            if (line[2] == 't') {
                if (digit(line[3]) && line[4] == '=') {
                    table.values[line[3] - '0'] = (u32)line[5] << 24;    /* '8' is one too many */
                    print("ok\n");
                    if (table.then)
                        table.then();
                    return;
                }
            }
        }
        if (line[1] == 'p') {
            if (line[2] == 'i') {
                if (line[3] == 'n') {
                    for (volatile u32 i = 0; i < 20000; i++)
                        ;
                    print("ok\n");
                    return;
                }
            }
        }
    }
    if (line[0] == 'g') {
        if (line[1] == 'e') {
            if (line[2] == 't') {
                if (digit(line[3])) {
                    print("%u\n", table.values[(line[3] - '0') % SLOTS]);
                    return;
                }
            }
        }
    }
    print("?\n");
}

static void take(char c)
{
    if (c == '\n') {
        line[length] = 0;
        obey();
        length = 0;
        memset(line, 0, sizeof line);
    } else if (length < sizeof line - 1) {
        line[length++] = c;
    }
}

static void fault(struct trap_frame *frame)
{
    print("BUG: unable to handle a jump to %08x\nEIP is at obey+0x%x/0x100\n", frame->eip, frame->eip & 0xff);
    crash("Fatal exception");
}

int main(void)
{
    lguest_init();
    set_gate(FIRST_INTERRUPT + CONSOLE_INTERRUPT, INTERRUPT_GATE, console_interrupt);
    set_gate(14, INTERRUPT_GATE, fault);
    set_gate(6, INTERRUPT_GATE, fault);
    set_gate(13, INTERRUPT_GATE, fault);

    one_section(&input_dma, input, sizeof input);
    if (!hypercall(BIND_DMA, CONSOLE_KEY, physical(&input_dma), DMA_BUFFERS(1, CONSOLE_INTERRUPT)))
        crash("the console's input buffer was not accepted");
    print("ready\n");

    for (;;) {
        sleep_until(&have_input);
        have_input = 0;
        for (u32 i = 0; i < input_dma.used_len; i++)
            take(input[i]);
        input_dma.used_len = 0;
    }
}
