/* Page tables: two levels, or three with PAE, filled by the guest, walked by the processor or by the host. */
#ifndef PAGING_H
#define PAGING_H

#include "lguest.h"

#define PAGE_PRESENT    0x01
#define PAGE_WRITABLE   0x02
#define PAGE_USER       0x04
#define PAGE_ACCESSED   0x20
#define PAGE_DIRTY      0x40
#define PAGE_FRAME      0xfffff000

/* Words of an entry, and entries of a table. */
#ifdef PAE
#define ENTRY_WORDS     2
#define TABLE_ENTRIES   512
#else
#define ENTRY_WORDS     1
#define TABLE_ENTRIES   1024
#endif

/* Bytes of memory, from the boot parameters; the device descriptors lie just above. */
u32 memory_size(void);

/* A page of zeros nobody else uses: guest-physical address. */
u32 new_page(void);

/* A page directory with the kernel's half filled in: all memory and the descriptor page at
 * PAGE_OFFSET, for ring 1 only. Guest-physical address, as all directories here. */
u32 new_directory(void);

/* Address of the (lower word of the) entry for a page; its page table is made when there is none. */
volatile u32 *page_entry(u32 directory, u32 address);

/* Writes an entry, and tells the host nothing. */
void map_page(u32 directory, u32 address, u32 page, u32 flags);

#endif
