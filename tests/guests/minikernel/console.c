/* The console. Output goes out at once; input comes only while somebody reads. */

#include "kernel.h"

#define TAKEN 0xffff            /* any used_len but 0: the host leaves the buffer alone */

int has_input;

static char line[256];
static volatile struct lguest_dma input;
static volatile int arrived;
static u32 filled, given;       /* bytes in the line, and of them those that were read */

u32 console_write(const char *text, u32 length)
{
    char copy[WRITE_MOST];      /* one piece of memory for the host, which the program's need not be */
    struct lguest_dma dma;

    memcpy(copy, text, length);
    one_section(&dma, copy, length);
    hypercall(SEND_DMA, CONSOLE_KEY, physical(&dma), 0);
    return dma.used_len;
}

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    arrived = 1;
    wake(WAITING_FOR_INPUT);
}

void console_listen(void)
{
    input.used_len = 0;
}

u32 console_read(char *text, u32 most)
{
    u32 count;

    if (given == filled) {
        arrived = 0;
        if (!cooperative)
            console_listen();
        while (!arrived)
            block(WAITING_FOR_INPUT);
        filled = input.used_len;
        given = 0;
    }
    count = filled - given < most ? filled - given : most;
    memcpy(text, line + given, count);
    given += count;
    return count;
}

volatile struct device_descriptor *device(u32 slot)
{
    return (volatile struct device_descriptor *)kernel_address(memory_size()) + slot;
}

int find_device(u32 type)
{
    for (u32 slot = 0; slot < DEVICE_SLOTS; slot++)
        if (device(slot)->type == type)
            return slot;
    return -1;
}

void console_begin(void)
{
    int slot = find_device(DEVICE_CONSOLE);

    if (slot < 0)
        return;
    device(slot)->status |= STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    set_gate(FIRST_INTERRUPT + slot + 1, INTERRUPT_GATE, interrupt);
    one_section((struct lguest_dma *)&input, line, sizeof line);
    input.used_len = TAKEN;
    if (!hypercall(BIND_DMA, CONSOLE_KEY, physical(&input), DMA_BUFFERS(1, slot + 1)))
        crash("the console's input buffer was not accepted");
    device(slot)->status |= STATUS_DRIVER_OK;
    has_input = 1;
}
