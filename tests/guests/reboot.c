/* Asks to be started again as often as its command line says, then powers down. It counts on its disk: that
 * and the time are all that stay, and each time it looks whether everything else is as it was at first. */

#include "guest.h"

#define MAGIC           0x746f6f62      /* "boot" */
#define SECTOR_SIZE     512
#define COUNTING_SECTOR 7

#define REQUEST_READ    0
#define REQUEST_WRITE   1
#define DESCRIPTOR_NEXT 1
#define DEVICE_WRITES   2
#define NO_INTERRUPT    1

struct descriptor {
    u32 address, address_high, length;
    u16 flags, next;
};

struct available_ring {
    u16 flags, index, ring[];
};

struct used_ring {
    u16 flags, index;
};

static u32 data_word = 0x12345678, zero_word;
static u32 sector[SECTOR_SIZE / 4] __attribute__((aligned(SECTOR_SIZE)));

static volatile struct device_descriptor *disk;
static volatile struct descriptor *table;
static volatile struct available_ring *available;
static volatile struct used_ring *used;
static u32 disk_physical, queue_address;

static void check(int ok, const char *name)
{
    print("%s %s\n", ok ? "PASS" : "FAIL", name);
}

static void find_disk(void)
{
    u32 memory = *(u32 *)kernel_address(boot_parameters + BOOT_MEMORY_SIZE), end;

    disk_physical = memory;             /* it is the first device */
    disk = kernel_address(disk_physical);
    queue_address = disk->queue[0].page * PAGE_SIZE;
    table = kernel_address(queue_address);
    available = kernel_address(queue_address + disk->queue[0].size * sizeof *table);
    end = queue_address + disk->queue[0].size * (sizeof *table + 2) + sizeof *available + 2;
    used = kernel_address((end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
}

/* The host does it before the kick is over, so nothing has to wait. */
static void disk_request(u32 type)
{
    static struct {
        u32 type, priority, sector, sector_high;
    } header;
    static volatile u8 status;

    header.type = type;
    header.sector = COUNTING_SECTOR;
    status = 0xff;
    table[0] = (struct descriptor){ physical(&header), 0, sizeof header, DESCRIPTOR_NEXT, 1 };
    table[1] = (struct descriptor){ physical(sector), 0, SECTOR_SIZE, DESCRIPTOR_NEXT | (type == REQUEST_READ ? DEVICE_WRITES : 0), 2 };
    table[2] = (struct descriptor){ physical(&status), 0, 1, DEVICE_WRITES, 0 };
    available->flags = NO_INTERRUPT;
    available->ring[available->index % disk->queue[0].size] = 0;
    available->index++;
    hypercall(NOTIFY, queue_address, 0, 0);
    if (status)
        crash("the disk failed");
}

static u32 microseconds(void)
{
    u32 low, high;

    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return low >> 10 | high << 22;      /* about a microsecond each */
}

static void look_around(void)
{
    check(data_word == 0x12345678 && zero_word == 0, "data is as the image has it");
    check(lguest_data.irq_enabled == 0 && lguest_data.blocked_interrupts == 0, "interrupts are off and none is blocked");
    check(disk->status == 0, "the disk has no driver");
    check(available->index == 0 && used->index == 0 && table[0].length == 0, "its virtqueue is new");
}

/* What the host must not keep. */
static void leave_traces(void)
{
    data_word = zero_word = 0xdead;
    lguest_data.irq_enabled = INTERRUPT_FLAG;
    lguest_data.blocked_interrupts = ~1u;
    hypercall(SET_CLOCKEVENT, 1000, 0, 0);
    hypercall(TS, 1, 0, 0);
    set_gate(14, 0x8e00, (trap_handler *)1);
    queue_hypercall(SET_CLOCKEVENT, 2000, 0, 0);
}

int main(void)
{
    const char *line = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));
    u32 wanted = 0, now;

    while (*line >= '0' && *line <= '9')
        wanted = wanted * 10 + *line++ - '0';
    find_disk();
    look_around();
    disk->status = 7;
    disk_request(REQUEST_READ);
    if (sector[0] != MAGIC)
        memset(sector, 0, sizeof sector);
    print("reboot: this is start %u\n", sector[1] + 1);
    now = microseconds();
    check(now > sector[2], "time has gone on");
    sector[0] = MAGIC;
    sector[2] = now;
    if (sector[1]++ == wanted)
        power_down();
    disk_request(REQUEST_WRITE);
    leave_traces();
    hypercall(SHUTDOWN, physical(0), RESTART, 0);
    crash("it was not started again");
}
