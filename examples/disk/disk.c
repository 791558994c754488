/* A disk: find the block device, read a sector, write one, and ask for one that does not exist. */

#include "guest.h"
#include "paging.h"

#define SECTOR_SIZE 512

/* The device's page: the guest fills in the first three, the host the other two. */
struct block_page {
    u32 write;          /* 0 = read */
    u32 sector;
    u32 bytes;
    u32 result;
    u32 num_sectors;
};

#define RESULT_OK       1
#define RESULT_ERROR    2

/* The host must find these in one piece within a page. */
static char sector[SECTOR_SIZE] __attribute__((aligned(SECTOR_SIZE)));
static struct lguest_dma reply;
static volatile u32 replied;

static volatile struct block_page *disk;
static u32 disk_key;

static void disk_interrupt(struct trap_frame *frame)
{
    (void)frame;
    replied = 1;
}

/* Devices are found in the page above memory; each has its own pages, to be mapped like any other. */
static void find_disk(u32 directory)
{
    volatile struct device_descriptor *devices = kernel_address(memory_size());

    for (u32 slot = 0; slot < DEVICE_SLOTS; slot++) {
        volatile struct device_descriptor *device = &devices[slot];

        if (device->type != DEVICE_BLOCK)
            continue;
        device->status |= STATUS_ACKNOWLEDGE;
        disk_key = device->pfn * PAGE_SIZE;
        disk = kernel_address(disk_key);
        map_page(directory, (u32)disk, disk_key, PAGE_PRESENT | PAGE_WRITABLE);

        device->status |= STATUS_DRIVER;
        set_gate(FIRST_INTERRUPT + slot + 1, INTERRUPT_GATE, disk_interrupt);
        if (!hypercall(BIND_DMA, disk_key, physical(&reply), DMA_BUFFERS(1, slot + 1)))
            crash("the disk's reply buffer was not accepted");
        device->status |= STATUS_DRIVER_OK;
        return;
    }
    crash("there is no disk");
}

/* Reads fill the buffer bound to the disk; writes carry their data in what is sent. */
static u32 request(int write, u32 number)
{
    struct lguest_dma data, nothing;

    one_section(&data, sector, SECTOR_SIZE);
    memset(&nothing, 0, sizeof nothing);
    disk->write = write;
    disk->sector = number;
    disk->bytes = SECTOR_SIZE;
    disk->result = 0;

    replied = 0;
    memcpy(&reply, write ? &nothing : &data, sizeof reply);
    hypercall(SEND_DMA, disk_key, physical(write ? &data : &nothing), 0);
    sleep_until(&replied);
    return disk->result;
}

static void expect(int as_it_should, const char *otherwise)
{
    if (!as_it_should)
        crash(otherwise);
}

static int sector_says(const char *text)
{
    for (u32 i = 0; text[i]; i++)
        if (sector[i] != text[i])
            return 0;
    return 1;
}

int main(void)
{
    static const char note[] = "written by the guest";
    u32 directory;

    lguest_init();
    directory = new_directory();
    hypercall(NEW_PGTABLE, directory, 0, 0);
    find_disk(directory);
    print("disk: %u sectors\n", disk->num_sectors);
    expect(disk->num_sectors == 8, "the disk should have 8 sectors");

    expect(request(0, 3) == RESULT_OK, "reading sector 3 failed");
    expect(sector_says("This is sector 3."), "sector 3 says something else");
    print("disk: read sector 3, \"This is sector 3.\"\n");

    memset(sector, 0, sizeof sector);
    memcpy(sector, note, sizeof note);
    expect(request(1, 5) == RESULT_OK, "writing sector 5 failed");
    print("disk: wrote sector 5\n");

    memset(sector, 0, sizeof sector);
    expect(request(0, 5) == RESULT_OK, "reading sector 5 back failed");
    expect(sector_says(note), "sector 5 does not say what was written");
    print("disk: read it back, \"%s\"\n", sector);

    expect(request(0, disk->num_sectors) == RESULT_ERROR, "a sector past the end was read");
    expect(request(1, disk->num_sectors) == RESULT_ERROR, "a sector past the end was written");
    print("disk: there is nothing past its end\n");

    expect(request(0, 0) == RESULT_OK && sector_says("This is sector 0."), "sector 0 is gone");
    power_down();
}
