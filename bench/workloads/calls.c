/* A guest that does nothing but hypercalls: the command line says how many. */
#include "guest.h"

int main(void)
{
    const char *text = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));
    u32 count = 0;
    while (*text >= '0' && *text <= '9')
        count = count * 10 + (*text++ - '0');
    lguest_init();
    while (count--)
        hypercall(FLUSH_ASYNC, 0, 0, 0);
    power_down();
}
