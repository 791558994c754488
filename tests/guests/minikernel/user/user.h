/* What programs know: system calls, and the work that every process does. */
#ifndef USER_H
#define USER_H

#include "interface.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

static inline u32 call(u32 number, u32 ebx, u32 ecx)
{
    u32 answer;

    asm volatile("int $0x80" : "=a"(answer) : "a"(number), "b"(ebx), "c"(ecx) : "memory");
    return answer;
}

/* ---- work.c ---- */

void *memset(void *where, int byte, __SIZE_TYPE__ count);

/* What went wrong, one bit each: the status of a process that worked. */
#define WRONG_REGISTERS 1
#define WRONG_MEMORY    2
#define WRONG_TLS       4
#define WRONG_FPU       8
#define WRONG_SLEEP     16
#define WRONG_DISK      32
#define WRONG_PID       64

#define MOST_PAGES      70      /* more than the hypercall ring has slots */

/* Calculates, fills that many pages, sleeps, and lets others run in between; the seed makes it different
 * from what others do. */
u32 work(u32 seed, u32 count);

/* True if work(seed, …) filled these pages last. */
int pages_are(u32 seed, u32 first, u32 end);

/* Makes a copy that must find its FPU and thread-local storage as they were. */
u32 fork(u32 *wrong);

/* ---- fpu.S ---- */

void fpu_fill(const u32 numbers[8], const u16 *control);
u16 fpu_empty(u8 into[80]);
u32 fpu_root(u32 square);

#endif
