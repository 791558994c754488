/* Prints without end, as fast as it can. */

#include "guest.h"

int main(void)
{
    lguest_init();
    for (u32 line = 1; ; line++)
        print("%08u the quick brown fox jumps over the lazy dog\n", line);
}
