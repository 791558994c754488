/* Writes its disk without end: sector after sector, each filled with the number of the write, which it prints
 * when the host has acknowledged it. With the word "once" it ends after the last sector; an error ends it too. */

#include "guest.h"
#include "paging.h"

#define SECTOR_WORDS 128

/* The device's page: the guest fills in the first three, the host the other two. */
struct block_page {
    u32 write, sector, bytes, result, num_sectors;
};

#define RESULT_OK 1

static u32 sector[SECTOR_WORDS] __attribute__((aligned(512)));
static struct lguest_dma reply;
static volatile u32 replied;
static volatile struct block_page *disk;
static u32 disk_key;

static void disk_interrupt(struct trap_frame *frame)
{
    (void)frame;
    replied = 1;
}

static void find_disk(void)
{
    volatile struct device_descriptor *devices = kernel_address(memory_size());
    u32 directory = new_directory(), slot = 0;

    hypercall(NEW_PGTABLE, directory, 0, 0);
    while (devices[slot].type != DEVICE_BLOCK)
        if (++slot == DEVICE_SLOTS)
            crash("there is no disk");
    disk_key = devices[slot].pfn * PAGE_SIZE;
    disk = kernel_address(disk_key);
    map_page(directory, (u32)disk, disk_key, PAGE_PRESENT | PAGE_WRITABLE);
    set_gate(FIRST_INTERRUPT + slot + 1, INTERRUPT_GATE, disk_interrupt);
    if (!hypercall(BIND_DMA, disk_key, physical(&reply), DMA_BUFFERS(1, slot + 1)))
        crash("the disk's reply buffer was not accepted");
}

static u32 write_sector(u32 where, u32 number)
{
    struct lguest_dma data;

    for (u32 i = 0; i < SECTOR_WORDS; i++)
        sector[i] = number;
    one_section(&data, sector, sizeof sector);
    memset(&reply, 0, sizeof reply);
    disk->write = 1;
    disk->sector = where;
    disk->bytes = sizeof sector;
    disk->result = 0;
    replied = 0;
    hypercall(SEND_DMA, disk_key, physical(&data), 0);
    sleep_until(&replied);
    return disk->result;
}

int main(void)
{
    const char *command_line = kernel_address(*(const u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));
    int once = command_line[0] == 'o';

    lguest_init();
    find_disk();
    for (u32 number = 1; ; number++) {
        u32 where = (number - 1) % disk->num_sectors, result = write_sector(where, number);

        if (result != RESULT_OK) {
            print("%u: result %u\n", number, result);
            crash("a write failed");
        }
        print("%u\n", number);
        if (once && where == disk->num_sectors - 1)
            power_down();
    }
}
