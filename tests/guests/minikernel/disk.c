/* The disk: one request at a time; whoever makes it sleeps until the interrupt. */

#include "kernel.h"

/* The device's page: the guest fills in the first three, the host the other two. */
struct block_page {
    u32 write, sector, bytes, result, num_sectors;
};

#define RESULT_OK       1

int has_disk;
u32 disk_requests;

static volatile struct block_page *disk;
static u32 key;
static char sector[SECTOR_SIZE] __attribute__((aligned(SECTOR_SIZE)));
static struct lguest_dma reply;
static int busy;
static volatile int replied;

static void interrupt(struct trap_frame *frame)
{
    (void)frame;
    replied = 1;
    disk_requests++;
    wake(WAITING_FOR_DISK);
}

u32 disk_sectors(void)
{
    return disk->num_sectors;
}

/* What is written goes along with the request; what is read comes into the buffer bound to the disk. */
int disk_request(int write, u32 number, char *data)
{
    struct lguest_dma sent;
    int done;

    while (busy)
        block(WAITING_FOR_DISK);
    busy = 1;
    if (write)
        memcpy(sector, data, SECTOR_SIZE);
    one_section(&sent, sector, write ? SECTOR_SIZE : 0);
    one_section(&reply, sector, write ? 0 : SECTOR_SIZE);
    disk->write = write;
    disk->sector = number;
    disk->bytes = SECTOR_SIZE;
    disk->result = 0;

    replied = 0;
    hypercall(SEND_DMA, key, physical(&sent), 0);
    while (!replied)
        block(WAITING_FOR_DISK);
    done = disk->result == RESULT_OK;
    if (done && !write)
        memcpy(data, sector, SECTOR_SIZE);
    busy = 0;
    wake(WAITING_FOR_DISK);
    return done;
}

void disk_begin(void)
{
    int slot = find_device(DEVICE_BLOCK);

    if (slot < 0) {
        print("minikernel: there is no disk\n");
        return;
    }
    device(slot)->status |= STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    key = device(slot)->pfn * PAGE_SIZE;
    disk = kernel_address(key);
    map_page(processes[0].directory, (u32)disk, key, PAGE_PRESENT | PAGE_WRITABLE);
    set_gate(FIRST_INTERRUPT + slot + 1, INTERRUPT_GATE, interrupt);
    if (!hypercall(BIND_DMA, key, physical(&reply), DMA_BUFFERS(1, slot + 1)))
        crash("the disk's reply buffer was not accepted");
    device(slot)->status |= STATUS_DRIVER_OK;
    has_disk = 1;
    print("minikernel: a disk of %u sectors\n", disk->num_sectors);
}
