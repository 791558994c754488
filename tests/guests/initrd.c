/* Looks at its initial RAM disk, whose first word must say how long it is, and gives up like a kernel that cannot unpack it. */

#include "guest.h"

#define INITRD_ADDRESS 0x218    /* in the boot parameters */
#define INITRD_SIZE 0x21c       /* rounded up to whole pages */

int main(void)
{
    const u32 *parameters = kernel_address(boot_parameters);
    u32 address = parameters[INITRD_ADDRESS / 4], size = parameters[INITRD_SIZE / 4];
    u32 length;

    lguest_init();
    if (!size)
        crash("there is no initrd");
    length = *(const u32 *)kernel_address(address);
    print("initrd: %u of %u bytes\n", size, length);
    if (length > size)
        crash("Kernel panic: the initrd is cut off");
    power_down();
}
