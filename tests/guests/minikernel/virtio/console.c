/* The console: virtqueue 0 for what is typed, virtqueue 1 for what is shown. */

#include "bus.h"

#define INPUT   0
#define OUTPUT  1

int has_input;

static struct bus_device device;
static struct virtqueue input, output;
static char line[256];
static volatile int arrived;
static u32 filled, given;       /* bytes in the line, and of them those that were read */

/* Before the driver runs, text goes out as the kernel's own does. */
u32 console_write(const char *text, u32 length)
{
    static char copy[WRITE_MOST + 1];   /* one piece of memory for the host, which the program's need not be */
    u32 written;

    memcpy(copy, text, length);
    if (!has_input) {
#if VIRTIO < 0x040000
        copy[length] = 0;
        hypercall(NOTIFY, physical(copy), 0, 0);
#else
        early_text(copy, length);
#endif
        return length;
    }
    describe(&output, 0, copy, length, 0);
    make_available(&output, 0);
    kick(&output);
    if (take_used(&output, &written) != 0 || written)
        crash("the console did not give its buffer back at once");
    return length;
}

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    if (take_used(&input, &filled) != 0)
        crash("the console interrupted for nothing");
    given = 0;
    arrived = 1;
    wake(WAITING_FOR_INPUT);
}

void console_listen(void)
{
    describe(&input, 0, line, sizeof line, DEVICE_WRITES);
    make_available(&input, 0);
    kick(&input);
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
    }
    count = filled - given < most ? filled - given : most;
    memcpy(text, line + given, count);
    given += count;
    return count;
}

void console_begin(void)
{
    if (!bus_begin(&device, DEVICE_CONSOLE, 0))
        return;
    queue_begin(&input, &device, INPUT, interrupt);
    queue_begin(&output, &device, OUTPUT, 0);
    bus_ready(&device);
    has_input = 1;
}
