/* MMX and SSE: who may use them, what faults, and what a kernel must save. */

#include "harness.h"

typedef int work(void);
extern work *const program_works[4];

u8 image[512] __attribute__((aligned(16), used));
u32 data[16] __attribute__((aligned(16), used));
static volatile u32 taken;

static void not_available(struct trap_frame *frame)
{
    (void)frame;
    taken++;
    hypercall(TS, 0, 0, 0);
}

static void cpuid(u32 leaf, u32 *edx, u32 *ecx)
{
    u32 eax = leaf, ebx;

    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(*ecx), "=d"(*edx));
}

static u32 mxcsr(void)
{
    u32 value;

    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void set_mxcsr(u32 value)
{
    asm volatile("ldmxcsr %0" : : "m"(value));
}

USER_TEXT(user_divide, "movl $0x1d80, 0x0b000000; ldmxcsr 0x0b000000; xorps %xmm0, %xmm0; movl $1, %eax; cvtsi2ss %eax, %xmm1\n"
                       "user_divide_at: divss %xmm0, %xmm1; int $0x80");
extern const char user_divide_at[];
USER_TEXT(user_misaligned, "movaps 0x0b000004, %xmm0; int $0x80");

int main(void)
{
    u32 edx, ecx, low, high;

    lguest_init();
    prepare_ring3();
    catch_faults();
    catch(19, INTERRUPT_GATE);
    catch(7, INTERRUPT_GATE);
    catch(16, INTERRUPT_GATE);

    cpuid(1, &edx, &ecx);
    check_equal("cpuid shows MMX, FXSR, SSE and SSE2", edx >> 23 & 15, 15);
    check_equal("and SSE3 and SSSE3, but nothing newer", ecx, 0x201);
    check_equal("a guest starts with all exceptions masked", mxcsr(), 0x1f80);

    hypercall(TS, 1, 0, 0);
    TRY("xorps %%xmm0, %%xmm0", : : "memory");
    check_kernel_trap("with TS set, SSE is trap 7", 7, 0, 0);
    TRY("pxor %%mm0, %%mm0", : : "memory");
    check_kernel_trap("MMX, too", 7, 0, 0);
    TRY("mfence; prefetcht0 data", : : "memory");
    check(traps_caught == 0, "a fence is not");
    set_gate(7, INTERRUPT_GATE, not_available);
    asm volatile("movl $7, %%eax; movd %%eax, %%xmm3; movd %%xmm3, %0" : "=r"(low) : : "eax");
    check_equal("a first use is answered and goes on", low, 7);
    check_equal("after one trap", taken, 1);

    TRY("movaps data+4, %%xmm0", : : "memory");
    check_kernel_trap("what must be aligned and is not is trap 13", 13, 0, 0);
    TRY("movups data+4, %%xmm0", : : "memory");
    check(traps_caught == 0, "movups need not");

    data[0] = 0x12345678;
    TRY("movl $-1, data+16; ldmxcsr data+16", : : "memory");
    check_equal("mxcsr takes no bits that it has not", caught.vector, 13);

    set_mxcsr(0x1f80);
    asm volatile("xorps %xmm0, %xmm0; movl $1, %eax; cvtsi2ss %eax, %xmm1; divss %xmm0, %xmm1");
    check_equal("a masked division by zero raises its flag", mxcsr(), 0x1f84);
    set_mxcsr(0x1d80);
    asm volatile("movl $1, %eax; cvtsi2ss %eax, %xmm1");
    TRY("divss %%xmm0, %%xmm1", : : "memory");
    check_kernel_trap("one that is not masked is trap 19", 19, 0, 0);
    check_equal("and raises it, too", mxcsr(), 0x1d84);
    asm volatile("movd %%xmm1, %0" : "=r"(low));
    check_equal("but stores nothing", low, 0x3f800000);
    set_mxcsr(0x1f80);

    asm volatile("movq data, %%mm2; emms; fld1; fstp %%st(0); movq %%mm2, data+8" : : : "memory");
    check_equal("mm registers are the x87's", data[2], 0x12345678);
    asm volatile("emms");

    for (u32 i = 0; i < 4; i++)
        data[i] = 0x11111111 * (i + 1);
    asm volatile("movdqa data, %%xmm5; ldmxcsr %0; fxsave image; pxor %%xmm5, %%xmm5; fxrstor image; movdqa %%xmm5, data+16; movhlps %%xmm5, %%xmm6"
                 : : "m"(*(u32[]){ 0x3f80 }) : "memory");
    check_equal("fxsave keeps xmm", data[7], 0x44444444);
    check_equal("and mxcsr", mxcsr(), 0x3f80);
    check_equal("in their places", *(u32 *)(image + 160 + 5 * 16 + 4), 0x22222222);
    set_mxcsr(0x1f80);

    run_user(user_divide);
    check_user_trap("trap 19 comes from ring 3, too", 19, 0, user_divide_at);
    set_mxcsr(0x1f80);
    run_user(user_misaligned);
    check_user_trap("and trap 13", 13, 0, user_misaligned);

    check_equal("a program with doubles", program_works[0](), -53002);
    check_equal("with square roots", program_works[1](), 0);
    check_equal("with conversions", program_works[2](), 2130804733);
    check_equal("with integers in xmm", program_works[3](), 1036190264);
    low = mxcsr();
    high = low & 0x3f;
    check_equal("lost precision, and nothing else", high, 0x20);
    power_down();
}
