/* The disk: one request at a time, in three descriptors; whoever makes it sleeps until the interrupt. */

#include "bus.h"

#define REQUEST_READ    0
#define REQUEST_WRITE   1
#define STATUS_OK       0

int has_disk;
u32 disk_requests;

static struct bus_device device;
static struct virtqueue requests;
static char sector[SECTOR_SIZE] __attribute__((aligned(SECTOR_SIZE)));
static struct {
    u32 type, priority, sector, sector_high;
} header;
static volatile u8 status;
static int busy;
static volatile int replied;

static void interrupt(struct trap_frame *frame)
{
    u32 written;

    (void)frame;
    if (take_used(&requests, &written) != 0)
        crash("the disk interrupted for nothing");
    replied = 1;
    disk_requests++;
    wake(WAITING_FOR_DISK);
}

u32 disk_sectors(void)
{
    return bus_config(&device, 0);
}

int disk_request(int write, u32 number, char *data)
{
    int done;

    while (busy)
        block(WAITING_FOR_DISK);
    busy = 1;
    if (write)
        memcpy(sector, data, SECTOR_SIZE);
    header.type = write ? REQUEST_WRITE : REQUEST_READ;
    header.sector = number;
    status = 0xff;
    describe(&requests, 0, &header, sizeof header, DESCRIPTOR_NEXT);
    describe(&requests, 1, sector, SECTOR_SIZE, DESCRIPTOR_NEXT | (write ? 0 : DEVICE_WRITES));
    describe(&requests, 2, &status, sizeof status, DEVICE_WRITES);

    replied = 0;
    make_available(&requests, 0);
    kick(&requests);
    while (!replied)
        block(WAITING_FOR_DISK);
    done = status == STATUS_OK;
    if (done && !write)
        memcpy(data, sector, SECTOR_SIZE);
    busy = 0;
    wake(WAITING_FOR_DISK);
    return done;
}

void disk_begin(void)
{
    if (!bus_begin(&device, DEVICE_BLOCK, 0)) {
        print("minikernel: there is no disk\n");
        return;
    }
    queue_begin(&requests, &device, 0, interrupt);
    bus_ready(&device);
    has_disk = 1;
    print("minikernel: a disk of %u sectors\n", disk_sectors());
}
