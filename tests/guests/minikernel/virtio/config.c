/* Configuration space, and what needs nothing else: the early console, which writes each character through a window that
 * is there before anybody has given the device an address. */

#include "config.h"

static void out8(u16 port, u8 value)
{
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out16(u16 port, u16 value)
{
    asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static void out32(u16 port, u32 value)
{
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static u32 in8(u16 port)
{
    u8 value;

    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static u32 in16(u16 port)
{
    u16 value;

    asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static u32 in32(u16 port)
{
    u32 value;

    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void select(u32 slot, u32 offset)
{
    out32(CONFIG_ADDRESS, CONFIG_ENABLE | slot << 11 | (offset & ~3u));
}

u32 config_read8(u32 slot, u32 offset)
{
    select(slot, offset);
    return in8(CONFIG_DATA + (offset & 3));
}

u32 config_read16(u32 slot, u32 offset)
{
    select(slot, offset);
    return in16(CONFIG_DATA + (offset & 2));
}

u32 config_read32(u32 slot, u32 offset)
{
    select(slot, offset);
    return in32(CONFIG_DATA);
}

void config_write8(u32 slot, u32 offset, u32 value)
{
    select(slot, offset);
    out8(CONFIG_DATA + (offset & 3), value);
}

void config_write16(u32 slot, u32 offset, u32 value)
{
    select(slot, offset);
    out16(CONFIG_DATA + (offset & 2), value);
}

void config_write32(u32 slot, u32 offset, u32 value)
{
    select(slot, offset);
    out32(CONFIG_DATA, value);
}

u32 find_part(u32 slot, u32 part)
{
    u32 at;

    if (!(config_read16(slot, PCI_STATUS) & STATUS_HAS_LIST))
        return 0;
    for (at = config_read8(slot, PCI_CAPABILITIES); at; at = config_read8(slot, at + CAPABILITY_NEXT))
        if (config_read8(slot, at) == CAPABILITY_VENDOR && config_read8(slot, at + CAPABILITY_TYPE) == part)
            return at;
    return 0;
}

/* The address port keeps what is written there, and slot 0 is a bridge to the host. */
int has_pci(void)
{
    u32 before, kept;

    out8(CONFIG_ADDRESS + 3, 1);
    before = in32(CONFIG_ADDRESS);
    out32(CONFIG_ADDRESS, CONFIG_ENABLE);
    kept = in32(CONFIG_ADDRESS) == CONFIG_ENABLE;
    out32(CONFIG_ADDRESS, before);
    return kept && config_read16(0, PCI_CLASS) == CLASS_HOST_BRIDGE;
}

/* A console's configuration: columns and rows, ports, and then this. */
#define EMERGENCY_WRITE     8

static u32 window;

static void early_begin(void)
{
    u32 config = find_part(CONSOLE_SLOT, PART_CONFIG);

    window = find_part(CONSOLE_SLOT, PART_WINDOW);
    if (!config || !window || config_read32(CONSOLE_SLOT, config + CAPABILITY_LENGTH) < EMERGENCY_WRITE + sizeof(u32))
        crash("the console shows no early text");
    config_write8(CONSOLE_SLOT, window + CAPABILITY_BAR, 0);
    config_write32(CONSOLE_SLOT, window + CAPABILITY_LENGTH, sizeof(u32));
    config_write32(CONSOLE_SLOT, window + CAPABILITY_OFFSET, config_read32(CONSOLE_SLOT, config + CAPABILITY_OFFSET) + EMERGENCY_WRITE);
}

void early_text(const char *text, u32 length)
{
    if (!window)
        early_begin();
    while (length--)
        config_write32(CONSOLE_SLOT, window + CAPABILITY_WINDOW, (u8)*text++);
}
