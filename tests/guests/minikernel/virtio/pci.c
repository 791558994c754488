/* Devices on PCI, virtio 1.0: found by ports, reached by their registers in memory that is above the guest's own, with
 * virtqueues in whatever pages the guest chooses, and one interrupt for each device. */

#include "bus.h"
#include "config.h"

/* struct virtio_pci_common_cfg */
#define FEATURE_SELECT      0
#define FEATURES            4
#define ACCEPTED_SELECT     8
#define ACCEPTED            12
#define QUEUES              18
#define STATUS              20
#define QUEUE_SELECT        22
#define QUEUE_SIZE          24
#define QUEUE_ENABLE        28
#define QUEUE_NOTIFY_OFFSET 30
#define QUEUE_TABLE         32
#define QUEUE_AVAILABLE     40
#define QUEUE_USED          48

#define STATUS_FEATURES_OK  8

#define VERSION_1           1           /* feature 32 */
#define PAGE_UNCACHED       0x10

#define ISR_QUEUE           1

#define IRQS                32

/* Who is told of a device's interrupt, and where it says whether it was its own. */
static struct {
    trap_handler *handler;
    volatile u8 *isr;
} lines[IRQS];

/* As Linux does, with nothing but mov: a host need understand no other instruction. */
static u32 read8(const volatile u8 *at)
{
    u8 value;

    asm volatile("movb %1, %0" : "=q"(value) : "m"(*at) : "memory");
    return value;
}

static u32 read16(const volatile u8 *at)
{
    u16 value;

    asm volatile("movw %1, %0" : "=r"(value) : "m"(*(const volatile u16 *)at) : "memory");
    return value;
}

static u32 read32(const volatile u8 *at)
{
    u32 value;

    asm volatile("movl %1, %0" : "=r"(value) : "m"(*(const volatile u32 *)at) : "memory");
    return value;
}

static void write8(volatile u8 *at, u8 value)
{
    asm volatile("movb %0, %1" : : "q"(value), "m"(*at) : "memory");
}

static void write16(volatile u8 *at, u16 value)
{
    asm volatile("movw %0, %1" : : "r"(value), "m"(*(volatile u16 *)at) : "memory");
}

static void write32(volatile u8 *at, u32 value)
{
    asm volatile("movl %0, %1" : : "r"(value), "m"(*(volatile u32 *)at) : "memory");
}

/* How much memory a device has is seen where its address keeps no ones. */
static u32 size_of(u32 slot)
{
    u32 address = config_read32(slot, PCI_BAR0), size;

    config_write32(slot, PCI_BAR0, ~0u);
    size = ~(config_read32(slot, PCI_BAR0) & ~15u) + 1;
    config_write32(slot, PCI_BAR0, address);
    return size;
}

static volatile u8 *part_of(u32 slot, u32 part)
{
    u32 at = find_part(slot, part);

    if (!at || config_read8(slot, at + CAPABILITY_BAR))
        return 0;
    return kernel_address((config_read32(slot, PCI_BAR0) & ~15u) + config_read32(slot, at + CAPABILITY_OFFSET));
}

static void map_registers(u32 slot)
{
    u32 first = config_read32(slot, PCI_BAR0) & ~15u, end = first + size_of(slot);

    for (u32 page = first & PAGE_FRAME; page < end; page += PAGE_SIZE)
        map_page(processes[0].directory, PAGE_OFFSET + page, page, PAGE_PRESENT | PAGE_WRITABLE | PAGE_UNCACHED);
}

static u32 find_slot(u32 type)
{
    if (!has_pci())
        crash("there is no PCI bus");
    for (u32 slot = 0; slot < PCI_DEVICES; slot++)
        if (config_read32(slot, PCI_ID) == (VENDOR_VIRTIO | (FIRST_VIRTIO + type) << 16))
            return slot;
    return 0;
}

static void add_status(const struct bus_device *device, u32 status)
{
    write8(device->common + STATUS, read8(device->common + STATUS) | status);
}

static u32 offered(const struct bus_device *device, u32 select)
{
    write32(device->common + FEATURE_SELECT, select);
    return read32(device->common + FEATURES);
}

static void accept(const struct bus_device *device, u32 select, u32 features)
{
    write32(device->common + ACCEPTED_SELECT, select);
    write32(device->common + ACCEPTED, features);
}

int bus_begin(struct bus_device *device, u32 type, u32 features)
{
    u32 slot = find_slot(type);

    if (!slot)
        return 0;
    map_registers(slot);
    config_write16(slot, PCI_COMMAND, config_read16(slot, PCI_COMMAND) | COMMAND_MEMORY);
    device->irq = config_read8(slot, PCI_INTERRUPT_LINE);
    device->common = part_of(slot, PART_COMMON);
    device->notify = part_of(slot, PART_NOTIFY);
    device->notify_step = config_read32(slot, find_part(slot, PART_NOTIFY) + CAPABILITY_STEP);
    device->isr = part_of(slot, PART_ISR);
    device->config = part_of(slot, PART_CONFIG);
    if (!device->common || !device->notify || !device->isr)
        crash("a device lacks registers");

    write8(device->common + STATUS, 0);
    while (read8(device->common + STATUS))
        ;
    add_status(device, STATUS_ACKNOWLEDGE);
    add_status(device, STATUS_DRIVER);
    device->features = offered(device, 0);
    if (!(offered(device, 1) & VERSION_1))
        crash("a device is older than its bus");
    accept(device, 0, features & device->features);
    accept(device, 1, VERSION_1);
    add_status(device, STATUS_FEATURES_OK);
    if (!(read8(device->common + STATUS) & STATUS_FEATURES_OK))
        crash("a device does not take the features that it has offered");
    return 1;
}

void bus_ready(struct bus_device *device)
{
    add_status(device, STATUS_DRIVER_OK);
}

u32 bus_features(const struct bus_device *device)
{
    return device->features;
}

u32 bus_config(const struct bus_device *device, u32 offset)
{
    u32 value = 0;

    for (u32 i = 0; i < sizeof value; i++)
        value |= read8(device->config + offset + i) << (8 * i);
    return value;
}

static void line_interrupt(struct trap_frame *frame)
{
    u32 irq = frame->vector - FIRST_INTERRUPT;

    if (!(read8(lines[irq].isr) & ISR_QUEUE))
        crash("a device interrupted and has nothing to say");
    lines[irq].handler(frame);
}

static void write_address(const struct bus_device *device, u32 offset, const volatile void *ring)
{
    write32(device->common + offset, physical(ring));
    write32(device->common + offset + 4, 0);
}

void queue_begin(struct virtqueue *queue, const struct bus_device *device, u32 index, trap_handler *interrupt)
{
    if (index >= read16(device->common + QUEUES))
        crash("a device lacks a virtqueue");
    write16(device->common + QUEUE_SELECT, index);
    queue->size = read16(device->common + QUEUE_SIZE);
    if (!queue->size || queue->size * sizeof(struct descriptor) > PAGE_SIZE || read16(device->common + QUEUE_ENABLE))
        crash("a virtqueue is not as it is after a reset");
    queue->index = index;
    queue->irq = device->irq;
    queue->seen = 0;
    queue->address = take_page();
    queue->table = kernel_address(queue->address);
    queue->available = kernel_address(take_page());
    queue->used = (void *)((u32)queue->available + PAGE_SIZE / 4);
    queue->notify = device->notify + read16(device->common + QUEUE_NOTIFY_OFFSET) * device->notify_step;

    write16(device->common + QUEUE_SIZE, queue->size);
    write_address(device, QUEUE_TABLE, queue->table);
    write_address(device, QUEUE_AVAILABLE, queue->available);
    write_address(device, QUEUE_USED, queue->used);
    write16(device->common + QUEUE_ENABLE, 1);
    if (interrupt) {
        lines[queue->irq].handler = interrupt;
        lines[queue->irq].isr = device->isr;
        set_gate(FIRST_INTERRUPT + queue->irq, INTERRUPT_GATE, line_interrupt);
    } else {
        queue->available->flags = AVAILABLE_NO_INTERRUPT;
    }
}

void kick(struct virtqueue *queue)
{
    if (!(queue->used->flags & USED_NO_KICK))
        write16(queue->notify, queue->index);
}
