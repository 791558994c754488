/* Configuration space of PCI, by ports, as the probe and the early console use it. */
#ifndef CONFIG_H
#define CONFIG_H

#include "kernel.h"

#define CONFIG_ADDRESS  0xcf8
#define CONFIG_DATA     0xcfc
#define CONFIG_ENABLE   0x80000000

#define PCI_DEVICES     32

/* Offsets in a device's configuration space. */
#define PCI_ID              0x00        /* vendor, and device << 16 */
#define PCI_COMMAND         0x04
#define PCI_STATUS          0x06
#define PCI_CLASS           0x0a
#define PCI_BAR0            0x10
#define PCI_CAPABILITIES    0x34
#define PCI_INTERRUPT_LINE  0x3c

#define COMMAND_MEMORY      2
#define STATUS_HAS_LIST     0x10
#define CLASS_HOST_BRIDGE   0x0600
#define VENDOR_VIRTIO       0x1af4
#define FIRST_VIRTIO        0x1040      /* and the type of the device */

/* Of virtio, in the list of capabilities: which part of the device's memory is what. */
#define CAPABILITY_VENDOR   0x09
#define CAPABILITY_NEXT     1
#define CAPABILITY_TYPE     3
#define CAPABILITY_BAR      4
#define CAPABILITY_OFFSET   8
#define CAPABILITY_LENGTH   12
#define CAPABILITY_STEP     16          /* of PART_NOTIFY: bytes from one register to the next */
#define CAPABILITY_WINDOW   16          /* of PART_WINDOW: what is at that offset of the device's memory */

#define PART_COMMON         1
#define PART_NOTIFY         2
#define PART_ISR            3
#define PART_CONFIG         4
#define PART_WINDOW         5

#define CONSOLE_SLOT        1           /* where the early console looks for it */

u32 config_read8(u32 slot, u32 offset);
u32 config_read16(u32 slot, u32 offset);
u32 config_read32(u32 slot, u32 offset);
void config_write8(u32 slot, u32 offset, u32 value);
void config_write16(u32 slot, u32 offset, u32 value);
void config_write32(u32 slot, u32 offset, u32 value);

/* Where the capability that tells of a part is; 0 if there is none. */
u32 find_part(u32 slot, u32 part);

/* Whether there is a PCI bus, as kernels find out. */
int has_pci(void);

#endif
