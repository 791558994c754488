#include "user.h"

#define ROUNDS  6
#define STEPS   5000            /* of calculation, between two system calls */
#define ENOUGH_INTERRUPTIONS 3
#define SEVEN_SQUARED 49

static struct {
    u32 words[1024];
} pages[MOST_PAGES] __attribute__((aligned(4096)));

static u32 tls[1024] __attribute__((aligned(4096)));

void *memset(void *where, int byte, __SIZE_TYPE__ count)
{
    for (char *to = where; count--; )
        *to++ = byte;
    return where;
}

/* ---- Calculating: in registers, with nothing to show where it was interrupted ---- */

static u32 calculate(u32 value, u32 steps)
{
    asm("1: imull $1664525, %0, %0; addl $1013904223, %0; decl %1; jnz 1b" : "+r"(value), "+r"(steps));
    return value;
}

/* ---- Memory: a page's first and last word ---- */

static void fill_pages(u32 seed, u32 count)
{
    for (u32 i = 0; i < count; i++)
        pages[i].words[0] = pages[i].words[1023] = seed * 1000 + i;
}

int pages_are(u32 seed, u32 first, u32 end)
{
    for (u32 i = first; i < end; i++)
        if (pages[i].words[0] != seed * 1000 + i || pages[i].words[1023] != seed * 1000 + i || pages[i].words[500])
            return 0;
    return 1;
}

/* ---- Thread-local storage: what gs:0 is ---- */

static void begin_tls(u32 seed)
{
    u32 selector = call(CALL_SET_TLS, (u32)tls, 0);

    asm volatile("movl %0, %%gs" : : "r"(selector));
    asm volatile("movl %0, %%gs:0" : : "r"(seed) : "memory");
}

static u32 read_tls(void)
{
    u32 value;

    asm volatile("movl %%gs:0, %0" : "=r"(value));
    return value;
}

/* ---- The FPU: eight numbers and a way of rounding ---- */

static u16 fill_fpu(u32 seed)
{
    u32 numbers[8];
    u16 control = 0x037f | (seed & 3) << 10;

    for (u32 i = 0; i < 8; i++)
        numbers[i] = seed * 100 + i;
    fpu_fill(numbers, &control);
    return control;
}

static int fpu_holds(const u8 expected[80], u16 control)
{
    u8 found[80];

    if (fpu_empty(found) != control)
        return 0;
    for (u32 i = 0; i < sizeof found; i++)
        if (found[i] != expected[i])
            return 0;
    return fpu_root(SEVEN_SQUARED) == 7;
}

static int has_fpu(void)
{
    return call(CALL_FEATURES, 0, 0) & FEATURE_FPU;
}

u32 fork(u32 *wrong)
{
    u8 numbers[80];
    u32 before = read_tls(), child;
    u16 control = 0;

    if (has_fpu()) {
        fill_fpu(before);
        fpu_empty(numbers);
        control = fill_fpu(before);
    }
    child = call(CALL_FORK, 0, 0);
    if (has_fpu() && !fpu_holds(numbers, control))
        *wrong |= WRONG_FPU;
    if (read_tls() != before)
        *wrong |= WRONG_TLS;
    return child;
}

u32 work(u32 seed, u32 count)
{
    u32 fpu = has_fpu(), pid = call(CALL_GETPID, 0, 0);
    u32 value = seed, steps = 0, before, wrong = 0;
    u8 numbers[80];
    u16 control = 0;

    begin_tls(seed);
    fill_pages(seed, count);
    if (fpu) {
        fill_fpu(seed);
        fpu_empty(numbers);
    }

    for (u32 round = 0; round < ROUNDS || call(CALL_INTERRUPTIONS, 0, 0) < ENOUGH_INTERRUPTIONS; round++) {
        if (fpu)
            control = fill_fpu(seed);
        value = calculate(value, STEPS);
        steps += STEPS;
        call(CALL_YIELD, 0, 0);
        if (fpu && !fpu_holds(numbers, control))
            wrong |= WRONG_FPU;
    }

    before = call(CALL_TICKS, 0, 0);
    call(CALL_SLEEP, 1 + seed % 3, 0);
    if (call(CALL_TICKS, 0, 0) - before < 1 + seed % 3)
        wrong |= WRONG_SLEEP;

    if (value != calculate(seed, steps))
        wrong |= WRONG_REGISTERS;
    if (!pages_are(seed, 0, count))
        wrong |= WRONG_MEMORY;
    if (read_tls() != seed)
        wrong |= WRONG_TLS;
    if (call(CALL_GETPID, 0, 0) != pid)
        wrong |= WRONG_PID;
    return wrong;
}
