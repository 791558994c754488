/* Devices and their virtqueues, as the drivers see them: those on the lguest bus, and from 4.0 on those on PCI. */
#ifndef BUS_H
#define BUS_H

#include "kernel.h"

struct descriptor {
    u32 address, address_high, length;
    u16 flags, next;
};

#define DESCRIPTOR_NEXT     1
#define DEVICE_WRITES       2

#define AVAILABLE_NO_INTERRUPT 1

#define USED_NO_KICK        1

struct available_ring {
    u16 flags, index, ring[];
};

struct used_ring {
    u16 flags, index;
    struct {
        u32 head, length;
    } ring[];
};

struct virtqueue {
    u32 size, irq, address;             /* guest-physical */
#if VIRTIO >= 0x040000
    u32 index;
    volatile u8 *notify;                /* the register that says to look at it */
#endif
    volatile struct descriptor *table;
    volatile struct available_ring *available;
    volatile struct used_ring *used;
    u16 seen;                           /* of the used ring */
};

#if VIRTIO < 0x040000
struct bus_device {
    volatile struct device_descriptor *descriptor;
    u32 physical;
};

/* Bytes before a frame that say nothing. */
#define NET_HEADER  10
#else
struct bus_device {
    u32 irq, features, notify_step;
    volatile u8 *common, *notify, *isr, *config;    /* its registers */
};

#define NET_HEADER  12
#endif

/* The first device of this kind, reset and acknowledged, with those of `features` accepted that it offers;
 * 0 if there is none. */
int bus_begin(struct bus_device *device, u32 type, u32 features);

/* From here on the device may be used as a driver that is ready does. */
void bus_ready(struct bus_device *device);

u32 bus_features(const struct bus_device *device);
u32 bus_config(const struct bus_device *device, u32 offset);

/* Finds one of the device's virtqueues, and maps it. */
void queue_begin(struct virtqueue *queue, const struct bus_device *device, u32 index, trap_handler *interrupt);

/* Fills in a descriptor; the next one belongs to the same chain if flags say so. */
void describe(struct virtqueue *queue, u32 index, const volatile void *data, u32 length, u32 flags);

/* Puts a chain into the available ring. The device need not look before it is kicked. */
void make_available(struct virtqueue *queue, u32 head);

/* Kicks the device, unless it looks by itself. */
void kick(struct virtqueue *queue);

/* The next chain that the device gave back and how much it wrote, or -1. */
int take_used(struct virtqueue *queue, u32 *length);

#endif
