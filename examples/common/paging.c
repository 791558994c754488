#include "paging.h"

#include "guest.h"

/* The top of memory holds the page tables the host made for booting; keep off them. */
#define BOOT_TABLES (64 * 1024)

#ifdef PAE
#define DIRECTORY_ENTRY(address) ((address) >> 30)
#define MIDDLE_ENTRY(address)    ((address) >> 21 & 511)
#else
#define DIRECTORY_ENTRY(address) ((address) >> 22)
#endif
#define TABLE_ENTRY(address)     ((address) >> 12 & (TABLE_ENTRIES - 1))
#define KERNEL_ENTRIES           DIRECTORY_ENTRY(PAGE_OFFSET)

static u32 next_page;
static u32 kernel_directory;

u32 memory_size(void)
{
    return *(u32 *)kernel_address(boot_parameters + BOOT_MEMORY_SIZE);
}

u32 new_page(void)
{
    u32 page = next_page ? next_page : (physical(image_end) + PAGE_SIZE - 1) & PAGE_FRAME;

    if (page >= memory_size() - BOOT_TABLES)
        crash("out of memory");
    next_page = page + PAGE_SIZE;
    return page;
}

#ifdef PAE

volatile u32 *page_entry(u32 directory, u32 address)
{
    volatile u32 *entry = (u32 *)kernel_address(directory) + 2 * DIRECTORY_ENTRY(address);

    if (!(*entry & PAGE_PRESENT))
        *entry = new_page() | PAGE_PRESENT;
    entry = (u32 *)kernel_address(*entry & PAGE_FRAME) + 2 * MIDDLE_ENTRY(address);
    if (!(*entry & PAGE_PRESENT))
        *entry = new_page() | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
    return (u32 *)kernel_address(*entry & PAGE_FRAME) + 2 * TABLE_ENTRY(address);
}

#else

volatile u32 *page_entry(u32 directory, u32 address)
{
    volatile u32 *entry = kernel_address(directory);

    entry += DIRECTORY_ENTRY(address);
    if (!(*entry & PAGE_PRESENT))
        *entry = new_page() | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
    return (u32 *)kernel_address(*entry & PAGE_FRAME) + TABLE_ENTRY(address);
}

#endif

void map_page(u32 directory, u32 address, u32 page, u32 flags)
{
    *page_entry(directory, address) = page | flags;
}

u32 new_directory(void)
{
    u32 directory = new_page();

    if (!kernel_directory) {
#if defined(VIRTIO) && VIRTIO >= 0x040000
        for (u32 page = 0; page < memory_size(); page += PAGE_SIZE)
#else
        for (u32 page = 0; page <= memory_size(); page += PAGE_SIZE)        /* with the page of descriptors */
#endif
            map_page(directory, PAGE_OFFSET + page, page, PAGE_PRESENT | PAGE_WRITABLE);
        kernel_directory = directory;
    } else {
        memcpy((u32 *)kernel_address(directory) + ENTRY_WORDS * KERNEL_ENTRIES,
               (u32 *)kernel_address(kernel_directory) + ENTRY_WORDS * KERNEL_ENTRIES,
               PAGE_SIZE - 4 * ENTRY_WORDS * KERNEL_ENTRIES);
    }
    return directory;
}
