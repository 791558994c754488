/* The lguest ABI of October 2007 (profile dma-2007-10), as a guest sees it. With VIRTIO, the version of a
 * later kernel such as 0x020630, it is that of the kernel's era instead. */
#ifndef LGUEST_H
#define LGUEST_H

/* Kernel virtual address = guest-physical address + PAGE_OFFSET. */
#define PAGE_OFFSET     0xC0000000
#define PAGE_SIZE       4096

/* Trap number of a hypercall: eax = which, then edx, ebx, ecx; the result comes back in eax.
 * From 2.6.30 on the arguments are in ebx, ecx, edx and esi, and up to 2.6.33 the instruction is vmcall. */
#define HYPERCALL_TRAP  0x1f
#if defined(VIRTIO) && VIRTIO < 0x020634
#define HYPERCALL       vmcall
#else
#define HYPERCALL       int $0x1f
#endif

#define FLUSH_ASYNC     0
#define LGUEST_INIT     1
#ifndef VIRTIO
#define CRASH           2
#define LOAD_GDT        3
#define BIND_DMA        12
#define SEND_DMA        13
#else
#define SHUTDOWN        2
#if VIRTIO < 0x040000
#define NOTIFY          17
#endif
#define LOAD_GDT_ENTRY  18
#define SEND_INTERRUPTS 19          /* from 2.6.31 on */
#define SET_MIDDLE_ENTRY 13         /* the same; Linux calls this SET_PMD, and SET_PMD SET_PGD */

/* SHUTDOWN's second argument */
#define POWER_OFF       1
#define RESTART         2
#endif
#define NEW_PGTABLE     4
#define FLUSH_TLB       5
#define LOAD_IDT_ENTRY  6
#define SET_STACK       7
#define TS              8
#define SET_CLOCKEVENT  9
#define HALT            10
#define SET_PTE         14
#define SET_PMD         15
#define LOAD_TLS        16

/* A guest kernel lives in ring 1, its programs in ring 3. */
#define KERNEL_CODE     0x61
#define KERNEL_DATA     0x69
#define USER_CODE       0x73
#define USER_DATA       0x7b

/* Descriptors of 4 GiB from address 0; PRIVILEGE says for which ring. */
#define GDT_ENTRIES     32
#define FLAT_CODE       0x00cf9b000000ffffull
#define FLAT_DATA       0x00cf93000000ffffull
#define PRIVILEGE(ring) ((ring##ull) << 45)

#define INTERRUPT_FLAG  0x200

/* Virtual interrupt n arrives at vector FIRST_INTERRUPT + n; number 0 is the clock. */
#define FIRST_INTERRUPT 0x20
#define CLOCK_INTERRUPT 0
#define SYSTEM_CALL     0x80

#define RING_SLOTS      64
#define SLOT_READY      0x00
#define SLOT_FREE       0xFF

#ifndef VIRTIO
#define DMA_SECTIONS    16
#define CONSOLE_KEY     0
#endif

#ifndef __ASSEMBLER__

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#ifdef VIRTIO
#include "virtio.h"
#else
struct hypercall_slot {
    u32 call, edx, ebx, ecx;
};

/* Shared with the host; LGUEST_INIT tells where it is. */
struct lguest_data {
    u32 irq_enabled;                /* INTERRUPT_FLAG or 0; the guest simply writes it */
    u32 blocked_interrupts;         /* one bit for each virtual interrupt */
    u32 cr2;                        /* address of the last page fault */
    struct {
        u32 seconds, nanoseconds;
    } time;
    u8 hcall_status[RING_SLOTS];    /* SLOT_READY or SLOT_FREE */
    struct hypercall_slot hcalls[RING_SLOTS];
    u32 reserve_mem;
    u32 tsc_khz;
    u32 noirq_start, noirq_end;     /* no interrupt while eip is in here */
};

_Static_assert(__builtin_offsetof(struct lguest_data, hcall_status) == 20, "ABI");
_Static_assert(__builtin_offsetof(struct lguest_data, hcalls) == 84, "ABI");
_Static_assert(__builtin_offsetof(struct lguest_data, tsc_khz) == 1112, "ABI");
_Static_assert(sizeof(struct lguest_data) == 1124, "ABI");

/* One buffer, in up to 16 sections; the first empty section ends the list. */
struct lguest_dma {
    u32 used_len;                   /* 0 = free; the receiver's host side writes the bytes used */
    u16 len[DMA_SECTIONS];
    u32 addr[DMA_SECTIONS];
};

_Static_assert(sizeof(struct lguest_dma) == 100, "ABI");

/* BIND_DMA's last argument. Interrupt 0 unbinds. */
#define DMA_BUFFERS(count, irq) ((count) << 8 | (irq))

#define DEVICE_SLOTS    16
#define DEVICE_CONSOLE  1
#define DEVICE_NET      2
#define DEVICE_BLOCK    3

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4

/* The page just above the guest's memory is an array of these; device n has interrupt n + 1. */
struct device_descriptor {
    u16 type, features, status, num_pages;
    u32 pfn;
};

#endif

/* Boot parameters, as far as the guests here look at them. */
#define BOOT_MEMORY_SIZE    0x2d8   /* size in the first e820 entry */
#define BOOT_COMMAND_LINE   0x228   /* guest-physical address of a string */

static inline u32 physical(const volatile void *address)
{
    return (u32)address - PAGE_OFFSET;
}

static inline void *kernel_address(u32 physical)
{
    return (void *)(physical + PAGE_OFFSET);
}

#ifdef VIRTIO
#define HYPERCALL_TEXT2(...) #__VA_ARGS__
#define HYPERCALL_TEXT(instruction) HYPERCALL_TEXT2(instruction)

static inline u32 hypercall(u32 call, u32 ebx, u32 ecx, u32 edx)
{
    u32 result;

    asm volatile(HYPERCALL_TEXT(HYPERCALL)
                 : "=a"(result)
                 : "a"(call), "b"(ebx), "c"(ecx), "d"(edx), "S"(0)
                 : "memory");
    return result;
}
#else
static inline u32 hypercall(u32 call, u32 edx, u32 ebx, u32 ecx)
{
    u32 result;

    asm volatile("int %1"
                 : "=a"(result)
                 : "i"(HYPERCALL_TRAP), "a"(call), "d"(edx), "b"(ebx), "c"(ecx)
                 : "memory");
    return result;
}
#endif

#endif
#endif
