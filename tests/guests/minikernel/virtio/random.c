/* Random numbers: the host fills a buffer. Nobody here needs them, so they are only looked at once. */

#include "bus.h"

static struct bus_device device;
static struct virtqueue requests;
static volatile int arrived;
static u32 filled;

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    arrived = take_used(&requests, &filled) == 0;
}

void random_begin(void)
{
    static volatile u8 numbers[64];
    u32 different = 0;

    if (!bus_begin(&device, DEVICE_ENTROPY, 0))
        return;
    queue_begin(&requests, &device, 0, interrupt);
    bus_ready(&device);
    describe(&requests, 0, numbers, sizeof numbers, DEVICE_WRITES);
    make_available(&requests, 0);
    kick(&requests);
    while (!arrived) {
        hypercall(HALT, 0, 0, 0);
        interrupts_off();
    }
    for (u32 i = 1; i < sizeof numbers; i++)
        different += numbers[i] != numbers[0];
    print("%s random numbers filled their buffer\n", filled == sizeof numbers && different > sizeof numbers / 2 ? "PASS" : "FAIL");
}
