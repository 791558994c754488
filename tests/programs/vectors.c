/* MMX, SSE, SSE2, SSE3 and SSSE3: results, and what they leave in mxcsr, on patterns and on numbers of every kind. */
#include "program.h"

typedef struct { u32 part[4]; } __attribute__((aligned(16))) vector;

static const vector values[] = {
	{ { 0x00000000, 0x80000000, 0x3f800000, 0xbf800000 } },		/* 0, -0, 1, -1 */
	{ { 0x40490fdb, 0x3eaaaaab, 0x7f7fffff, 0x00800000 } },		/* pi, 1/3, the largest, the least normal */
	{ { 0x00000001, 0x807fffff, 0x7f800000, 0xff800000 } },		/* denormals, infinities */
	{ { 0x7fc00000, 0x7fa00001, 0x4f000000, 0xcf000001 } },		/* not numbers, 2^31, less than -2^31 */
	{ { 0x54442d18, 0x400921fb, 0x00000000, 0xbff80000 } },		/* pi and -1.5, doubles */
	{ { 0x00000001, 0x00000000, 0x00000001, 0x7ff40000 } },		/* a denormal and a signalling one that is no number */
	{ { 0xffffffff, 0x7fefffff, 0x00000000, 0x41e00000 } },		/* the largest double, 2^31 */
	{ { 0x03020100, 0x07060504, 0x0b0a0908, 0x8f0e8d0c } },		/* patterns of bytes */
	{ { 0x7f80ff01, 0x8001fffe, 0x12345678, 0x9abcdef0 } },
	{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff } },
	{ { 0x00000005, 0x00000000, 0x00000021, 0x00000000 } },		/* counts for shifts */
};
enum { VALUES = sizeof(values) / sizeof(*values) };

static const u32 modes[] = { 0x1f80, 0x7f80, 0x9fc0 };	/* to nearest, to zero, flushing denormals */

static void report(const char *name, int i, int j, const void *result, u32 size, u32 state)
{
	text(name);
	hex(i, 1);
	hex(j, 1);
	bytes(result, size);
	hex(state, 4);
	line();
}

#define VECTOR(op) do { \
	for (int i = 0; i < VALUES; i++) \
		for (int j = 0; j < VALUES; j++) { \
			vector result; \
			asm volatile("movdqa %1, %%xmm0\n movdqa %2, %%xmm1\n " op " %%xmm1, %%xmm0\n movdqa %%xmm0, %0" \
				: "=m"(result) : "m"(values[i]), "m"(values[j]) : "xmm0", "xmm1"); \
			report(op, i, j, &result, 16, 0); \
		} \
} while (0)

#define FLOATS(op) do { \
	for (int mode = 0; mode < 3; mode++) \
		for (int i = 0; i < VALUES; i++) \
			for (int j = 0; j < VALUES; j++) { \
				vector result; \
				u32 state; \
				asm volatile("ldmxcsr %4\n movdqa %2, %%xmm0\n movdqa %3, %%xmm1\n " op " %%xmm1, %%xmm0\n movdqa %%xmm0, %0\n stmxcsr %1" \
					: "=m"(result), "=m"(state) : "m"(values[i]), "m"(values[j]), "m"(modes[mode]) : "xmm0", "xmm1"); \
				report(op, i, j, &result, 16, state); \
			} \
} while (0)

/* The same on halves, in the registers of MMX. */
#define MMX(op) do { \
	for (int i = 0; i < VALUES; i++) \
		for (int j = 0; j < VALUES; j++) { \
			vector result = { { 0 } }; \
			asm volatile("movq %1, %%mm0\n movq %2, %%mm1\n " op " %%mm1, %%mm0\n movq %%mm0, %0\n emms" \
				: "=m"(result) : "m"(values[i]), "m"(values[j])); \
			report("mmx " op, i, j, &result, 8, 0); \
		} \
} while (0)

#define BOTH(op) do { VECTOR(op); MMX(op); } while (0)
#define ALL_BOTH(prefix, a, b, c, d) do { BOTH(prefix a); BOTH(prefix b); BOTH(prefix c); BOTH(prefix d); } while (0)
#define ALL_FLOATS(op) do { FLOATS(op "ps"); FLOATS(op "ss"); FLOATS(op "pd"); FLOATS(op "sd"); } while (0)

static void flags(void)
{
	for (int i = 0; i < VALUES; i++)
		for (int j = 0; j < VALUES; j++) {
#define COMPARE(op) do { \
			u32 set, state; \
			asm volatile("ldmxcsr %4\n movdqa %2, %%xmm0\n " op " %3, %%xmm0\n pushf\n pop %0\n stmxcsr %1" \
				: "=r"(set), "=m"(state) : "m"(values[i]), "m"(values[j]), "m"(modes[0]) : "xmm0", "cc"); \
			set &= STATUS; \
			report(op, i, j, &set, 2, state); \
			} while (0)
			COMPARE("ucomiss");
			COMPARE("comiss");
			COMPARE("ucomisd");
			COMPARE("comisd");
		}
}

static void integers(void)
{
	for (int mode = 0; mode < 3; mode++)
		for (int i = 0; i < VALUES; i++) {
#define CONVERT(op) do { \
			u32 number, state; \
			asm volatile("ldmxcsr %3\n movdqa %2, %%xmm0\n " op " %%xmm0, %0\n stmxcsr %1" \
				: "=r"(number), "=m"(state) : "m"(values[i]), "m"(modes[mode]) : "xmm0"); \
			report(op, mode, i, &number, 4, state); \
			} while (0)
			CONVERT("cvtss2si"); CONVERT("cvttss2si"); CONVERT("cvtsd2si"); CONVERT("cvttsd2si");
			CONVERT("movmskps"); CONVERT("movmskpd"); CONVERT("pmovmskb"); CONVERT("pextrw $5,");
		}
}

static int main(void)
{
	ALL_FLOATS("add"); ALL_FLOATS("sub"); ALL_FLOATS("mul"); ALL_FLOATS("div"); ALL_FLOATS("min"); ALL_FLOATS("max"); ALL_FLOATS("sqrt");
	ALL_FLOATS("cmplt"); ALL_FLOATS("cmpunord"); ALL_FLOATS("cmpnle");
	FLOATS("haddps"); FLOATS("hsubpd"); FLOATS("addsubps"); FLOATS("addsubpd");
	FLOATS("cvtdq2ps"); FLOATS("cvtps2dq"); FLOATS("cvttps2dq"); FLOATS("cvtdq2pd"); FLOATS("cvtpd2dq"); FLOATS("cvttpd2dq");
	FLOATS("cvtps2pd"); FLOATS("cvtpd2ps"); FLOATS("cvtss2sd"); FLOATS("cvtsd2ss");
	VECTOR("andps"); VECTOR("andnpd"); VECTOR("orps"); VECTOR("xorpd"); VECTOR("unpcklps"); VECTOR("unpckhpd"); VECTOR("shufps $0x1b,"); VECTOR("shufpd $1,");
	VECTOR("movss"); VECTOR("movsd"); VECTOR("movhlps"); VECTOR("movlhps"); VECTOR("movddup"); VECTOR("movshdup"); VECTOR("movsldup");
	ALL_BOTH("padd", "b", "w", "d", "q"); ALL_BOTH("psub", "b", "w", "d", "q"); ALL_BOTH("padd", "sb", "sw", "usb", "usw"); ALL_BOTH("psub", "sb", "sw", "usb", "usw");
	ALL_BOTH("pmul", "lw", "hw", "huw", "udq"); ALL_BOTH("pcmp", "eqb", "eqd", "gtb", "gtw"); ALL_BOTH("pm", "axsw", "inub", "addwd", "addubsw");
	ALL_BOTH("p", "and", "andn", "or", "xor"); ALL_BOTH("psll", "w", "d", "q", "q"); ALL_BOTH("psr", "lw", "lq", "aw", "ad");
	ALL_BOTH("punpck", "lbw", "hwd", "ldq", "hbw"); ALL_BOTH("pack", "sswb", "ssdw", "uswb", "uswb"); ALL_BOTH("p", "avgb", "avgw", "sadbw", "maxub");
	ALL_BOTH("ph", "addw", "addd", "addsw", "subsw"); ALL_BOTH("psign", "b", "w", "d", "d"); ALL_BOTH("p", "absb", "absd", "mulhrsw", "shufb");
	BOTH("palignr $5,"); BOTH("palignr $13,"); MMX("pshufw $0x1b,"); VECTOR("pshufd $0x1b,"); VECTOR("pshuflw $0x1b,"); VECTOR("pshufhw $0x1b,"); VECTOR("punpckhqdq");
	flags();
	integers();
	return 0;
}
