/* The lguest bus: device descriptors above memory, NOTIFY to say that one has changed, and virtqueues in
 * pages after them, which the host chose. What is done with a virtqueue is the same on every bus. */

#include "bus.h"

#if VIRTIO < 0x040000

static u32 size_of(const volatile struct device_descriptor *descriptor)
{
    return sizeof *descriptor + descriptor->queues * sizeof(struct queue_descriptor)
           + 2 * descriptor->feature_length + descriptor->config_length;
}

static volatile u8 *features_of(const struct bus_device *device)
{
    return (volatile u8 *)&device->descriptor->queue[device->descriptor->queues];
}

static volatile u8 *accepted_of(const struct bus_device *device)
{
    return features_of(device) + device->descriptor->feature_length;
}

/* Until 3.0 the host hears of every change. From 3.1 on it hears of a reset, of the accepted features once
 * they are final, and of nothing else when all goes well. */
static void set_status(struct bus_device *device, u32 status, int is_heard)
{
    device->descriptor->status = status;
#if VIRTIO < 0x030100
    is_heard = 1;
#endif
    if (is_heard)
        hypercall(NOTIFY, device->physical, 0, 0);
}

int bus_begin(struct bus_device *device, u32 type, u32 features)
{
    u32 at = memory_size();

    while (((volatile struct device_descriptor *)kernel_address(at))->type != type) {
        if (!*(volatile u8 *)kernel_address(at))
            return 0;
        at += size_of(kernel_address(at));
    }
    device->physical = at;
    device->descriptor = kernel_address(at);
    set_status(device, 0, 1);
    set_status(device, STATUS_ACKNOWLEDGE, 0);
    set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER, 0);
    for (u32 i = 0; i < device->descriptor->feature_length; i++)
        accepted_of(device)[i] = features_of(device)[i] & (i < 4 ? features >> (8 * i) : 0);
    set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER, 1);
    return 1;
}

void bus_ready(struct bus_device *device)
{
    set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK, 0);
}

u32 bus_features(const struct bus_device *device)
{
    u32 features = 0;

    for (u32 i = 0; i < device->descriptor->feature_length && i < 4; i++)
        features |= features_of(device)[i] << (8 * i);
    return features;
}

u32 bus_config(const struct bus_device *device, u32 offset)
{
    volatile u8 *config = accepted_of(device) + device->descriptor->feature_length + offset;

    return config[0] | config[1] << 8 | config[2] << 16 | (u32)config[3] << 24;
}

void queue_begin(struct virtqueue *queue, const struct bus_device *device, u32 index, trap_handler *interrupt)
{
    volatile struct queue_descriptor *found = &device->descriptor->queue[index];
    u32 rings, end;

    queue->size = found->size;
    queue->irq = found->irq;
    queue->address = found->page * PAGE_SIZE;
    queue->seen = 0;
    rings = queue->address + queue->size * sizeof(struct descriptor);
    end = (rings + sizeof(struct available_ring) + 2 * queue->size + 2 + PAGE_SIZE - 1) & PAGE_FRAME;
    queue->table = kernel_address(queue->address);
    queue->available = kernel_address(rings);
    queue->used = kernel_address(end);
    end += sizeof(struct used_ring) + 8 * queue->size;
    for (u32 page = queue->address; page < end; page += PAGE_SIZE)
        map_page(processes[0].directory, PAGE_OFFSET + page, page, PAGE_PRESENT | PAGE_WRITABLE);
    if (interrupt)
        set_gate(FIRST_INTERRUPT + queue->irq, INTERRUPT_GATE, interrupt);
    else
        queue->available->flags = AVAILABLE_NO_INTERRUPT;
}

#endif

void describe(struct virtqueue *queue, u32 index, const volatile void *data, u32 length, u32 flags)
{
    volatile struct descriptor *descriptor = &queue->table[index];

    descriptor->address = physical(data);
    descriptor->address_high = 0;
    descriptor->length = length;
    descriptor->flags = flags;
    descriptor->next = index + 1;
}

void make_available(struct virtqueue *queue, u32 head)
{
    u16 index = queue->available->index;

    queue->available->ring[index % queue->size] = head;
    queue->available->index = index + 1;
}

#if VIRTIO < 0x040000
void kick(struct virtqueue *queue)
{
    if (!(queue->used->flags & USED_NO_KICK))
        hypercall(NOTIFY, queue->address, 0, 0);
}
#endif

int take_used(struct virtqueue *queue, u32 *length)
{
    u32 slot = queue->seen % queue->size;

    if (queue->seen == queue->used->index)
        return -1;
    queue->seen++;
    *length = queue->used->ring[slot].length;
    return queue->used->ring[slot].head;
}
