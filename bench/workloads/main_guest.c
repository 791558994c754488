/* The workloads as a guest: the command line is "WORKLOAD ROUNDS". */
#include "guest.h"
#include "workloads.h"

static const char *skip_number(const char *text, word *number)
{
    while (*text == ' ')
        text++;
    for (*number = 0; *text >= '0' && *text <= '9'; text++)
        *number = *number * 10 + (*text - '0');
    return text;
}

int main(void)
{
    const char *text = kernel_address(*(u32 *)kernel_address(boot_parameters + BOOT_COMMAND_LINE));
    word workload, rounds;
    skip_number(skip_number(text, &workload), &rounds);
    lguest_init();
    if (workload >= WORKLOADS)
        crash("there is no such workload");
    reset_random();
    print("%08x\n", workloads[workload].run(rounds));
    power_down();
}
