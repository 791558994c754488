/* What the virtio eras share with their host (2.6.30, and 3.1 to 4.13): included by lguest.h. */
#ifndef VIRTIO_H
#define VIRTIO_H

#if VIRTIO < 0x020631
struct hypercall_slot {
    u32 call, argument[3];
};
#else
struct hypercall_slot {
    u32 call, argument[4];
};
#endif

/* Shared with the host; LGUEST_INIT tells where it is. */
struct lguest_data {
    u32 irq_enabled;                /* INTERRUPT_FLAG or 0; the guest simply writes it */
    u32 blocked_interrupts;         /* one bit for each virtual interrupt */
    u32 cr2;                        /* address of the last page fault */
    struct {
        u32 seconds, nanoseconds;
    } time;
#if VIRTIO >= 0x020631
    u32 irq_pending;                /* INTERRUPT_FLAG if one waits for interrupts to be turned on, or 0 */
#endif
    u8 hcall_status[RING_SLOTS];    /* SLOT_READY or SLOT_FREE */
    struct hypercall_slot hcalls[RING_SLOTS];
    u32 reserve_mem;
    u32 tsc_khz;
#if VIRTIO < 0x030100
    u32 page_directory;
#endif
#if VIRTIO < 0x040100
    u32 noirq_start, noirq_end;     /* no interrupt while eip is in here */
#else
    u32 noirq_iret;                 /* an interrupt that is due here comes as if this iret were done */
#endif
    u32 kernel_address;             /* PAGE_OFFSET */
    u32 syscall_vec;                /* SYSTEM_CALL */
};

#if VIRTIO < 0x020631
_Static_assert(__builtin_offsetof(struct lguest_data, syscall_vec) == 1132, "ABI");
#elif VIRTIO < 0x040100
_Static_assert(__builtin_offsetof(struct lguest_data, syscall_vec) == 1388, "ABI");
#else
_Static_assert(__builtin_offsetof(struct lguest_data, syscall_vec) == 1384, "ABI");
#endif

#define DEVICE_NET      1
#define DEVICE_BLOCK    2
#define DEVICE_CONSOLE  3
#define DEVICE_ENTROPY  4

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4

#if VIRTIO < 0x040000
/* Device descriptors stand one after the other in the page just above the guest's memory, without gaps;
 * type 0 ends them. */
struct __attribute__((packed)) device_descriptor {
    u8 type, queues, feature_length, config_length, status;
    struct __attribute__((packed)) queue_descriptor {
        u16 size, irq;
        u32 page;                   /* the number of its first page */
    } queue[];
    /* then the features offered, those accepted, and the configuration */
};
#endif

#endif
