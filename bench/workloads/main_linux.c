/* The workloads as a freestanding i386 Linux program: arguments WORKLOAD ROUNDS. */
#include "workloads.h"

static int system_call(int number, int a, int b, int c)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

static word number(const char *text)
{
    word value = 0;
    while (*text >= '0' && *text <= '9')
        value = value * 10 + (*text++ - '0');
    return value;
}

__attribute__((used)) void linux_main(char **stack)
{
    char line[9];
    reset_random();
    word result = workloads[number(stack[2])].run(number(stack[3]));
    for (int i = 0; i < 8; i++)
        line[i] = "0123456789abcdef"[result >> (28 - 4 * i) & 15];
    line[8] = '\n';
    system_call(4, 1, (int)line, 9);
    system_call(1, 0, 0, 0);
}

__asm__(".globl _start\n_start: movl %esp, %eax\n pushl %eax\n call linux_main\n");
