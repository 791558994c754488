/* The x87: results, status and rounding of what IEEE 754 settles, on numbers of every kind, in every precision. */
#include "program.h"

struct extended { u64 mantissa; u16 sign; } __attribute__((packed));

static const struct extended values[] = {
	{ 0, 0 }, { 0, 0x8000 },						/* zeros */
	{ 0x8000000000000000, 0x3fff }, { 0x8000000000000000, 0xbfff },		/* 1, -1 */
	{ 0xc90fdaa22168c235, 0x4000 }, { 0xaaaaaaaaaaaaaaab, 0xbffd },		/* pi, -1/3 */
	{ 0x8000000000000001, 0x3fff }, { 0xffffffffffffffff, 0x403d },		/* the next after 1, 2^63 - 1/2 */
	{ 0xa000000000000000, 0x4003 }, { 0xc000000000000000, 0x4000 },		/* 20, 3 */
	{ 0x8000000000000000, 0x0001 }, { 0xffffffffffffffff, 0x7ffe },		/* the least normal number, the largest */
	{ 0x0000000000000001, 0 }, { 0x7fffffffffffffff, 0x8000 },		/* denormals */
	{ 0x8000000000000000, 0x7fff }, { 0x8000000000000000, 0xffff },		/* infinities */
	{ 0xc000000000000000, 0xffff }, { 0xa000000000000001, 0x7fff },		/* not a number: the usual one, a signalling one */
	{ 0x8000000000000000, 0x4040 }, { 0xfffffffffffff800, 0x43fe },		/* too large for an integer, for a single */
};
enum { VALUES = sizeof(values) / sizeof(*values) };

static const u16 controls[] = { 0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f };	/* precisions, then roundings */
enum { CONTROLS = sizeof(controls) / sizeof(*controls) };

static void report(const char *name, int control, int a, int b, const void *result, u32 size, u32 status)
{
	text(name);
	hex(control, 1);
	hex(a, 2);
	hex(b, 2);
	bytes(result, size);
	hex(status, 4);
	line();
}

/* Not of the status: C1, which says nothing where the manual says nothing, and the condition codes where they are left undefined. */
#define STATUS_OF(codes) (0x38ff | (codes))

#define BINARY(op) do { \
	for (int c = 0; c < CONTROLS; c++) \
		for (int i = 0; i < VALUES; i++) \
			for (int j = 0; j < VALUES; j++) { \
				struct extended result; \
				u16 status; \
				asm volatile("fninit\n fldcw %2\n fldt %3\n fldt %4\n " op " %%st(1), %%st\n fnstsw %1\n fstpt %0" \
					: "=m"(result), "=m"(status) : "m"(controls[c]), "m"(values[j]), "m"(values[i])); \
				report(op, c, i, j, &result, 10, status & STATUS_OF(0)); \
			} \
} while (0)

#define UNARY(op, codes) do { \
	for (int c = 0; c < CONTROLS; c++) \
		for (int i = 0; i < VALUES; i++) { \
			struct extended result; \
			u16 status; \
			asm volatile("fninit\n fldcw %2\n fldt %3\n " op "\n fnstsw %1\n fstpt %0" \
				: "=m"(result), "=m"(status) : "m"(controls[c]), "m"(values[i])); \
			report(op, c, i, 0, &result, 10, status & STATUS_OF(codes)); \
		} \
} while (0)

#define STORE(op, size) do { \
	for (int c = 0; c < CONTROLS; c++) \
		for (int i = 0; i < VALUES; i++) { \
			u8 result[10] = { 0 }; \
			u16 status; \
			asm volatile("fninit\n fldcw %2\n fldt %3\n " op " %0\n fnstsw %1" \
				: "=m"(result), "=m"(status) : "m"(controls[c]), "m"(values[i])); \
			report(op, c, i, 0, result, size, status & STATUS_OF(0)); \
		} \
} while (0)

static void compare(void)
{
	for (int i = 0; i < VALUES; i++)
		for (int j = 0; j < VALUES; j++) {
			u16 status;
			u32 flags;
			asm volatile("fninit\n fldt %2\n fldt %1\n fcompp\n fnstsw %0" : "=m"(status) : "m"(values[i]), "m"(values[j]));
			report("fcompp", 0, i, j, &status, 0, status & STATUS_OF(0x4500));
			asm volatile("fninit\n fldt %2\n fldt %1\n fucompp\n fnstsw %0" : "=m"(status) : "m"(values[i]), "m"(values[j]));
			report("fucompp", 0, i, j, &status, 0, status & STATUS_OF(0x4500));
			asm volatile("fninit\n fldt %3\n fldt %2\n fcomip %%st(1)\n pushf\n pop %1\n fnstsw %0" : "=m"(status), "=r"(flags) : "m"(values[i]), "m"(values[j]) : "cc");
			flags &= STATUS & ~AF;
			report("fcomip", 0, i, j, &flags, 2, status & STATUS_OF(0));
		}
}

/* What an exception that is not masked leaves: the operands, and the summary bit. */
static void unmasked(void)
{
	static const u16 open = 0x340;
	for (int i = 0; i < VALUES; i++) {
		struct extended result;
		u16 status;
		asm volatile("fninit\n fldz\n fldt %3\n fldcw %2\n fdivp %%st, %%st(1)\n fnstsw %1\n fnclex\n fldcw %4\n fstpt %0"
			: "=m"(result), "=m"(status) : "m"(open), "m"(values[i]), "m"(controls[0]));
		report("unmasked", 0, i, 0, &result, 10, status & STATUS_OF(0x8000));
	}
}

static int main(void)
{
	BINARY("fadd"); BINARY("fsub"); BINARY("fsubr"); BINARY("fmul"); BINARY("fdiv"); BINARY("fdivr");
	BINARY("fprem #"); BINARY("fprem1 #"); BINARY("fscale #");
	UNARY("fsqrt", 0); UNARY("frndint", 0); UNARY("fabs", 0); UNARY("fchs", 0); UNARY("fxtract\n fstp %%st(1)", 0); UNARY("fxtract\n fstp %%st(0)", 0);
	UNARY("fxam", 0x4500); UNARY("ftst", 0x4500);
	STORE("fsts", 4); STORE("fstl", 8); STORE("fists", 2); STORE("fistl", 4); STORE("fistpll", 8); STORE("fbstp", 10); STORE("fisttpll", 8);
	compare();
	unmasked();
	return 0;
}
