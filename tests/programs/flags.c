/* Results and flags of the integer instructions, in every width. */
#include "program.h"

static const u32 values[] = { 0, 1, 0x0f, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x12345678, 0x7fffffff, 0x80000000, 0x9abcdef0, 0xffffffff };
enum { VALUES = sizeof(values) / sizeof(*values) };

static void report(const char *name, u32 a, u32 b, u32 result, u32 flags, u32 defined)
{
	text(name);
	hex(a, 8);
	hex(b, 8);
	hex(result, 8);
	hex(flags & defined, 3);
	line();
}

/* code works on eax, and on ecx as its second operand, with the carry given. */
#define TRY(name, code, a, b, carry, defined) do { \
	u32 result, flags, second; \
	asm volatile("push %5\n popf\n " code "\n pushf\n pop %1" \
		: "=a"(result), "=&d"(flags), "=c"(second) : "0"(a), "2"(b), "r"((carry) | 0x202) : "ebx", "cc"); \
	report(name, a, b, result, flags, defined); \
} while (0)

#define BINARY(op, defined) do { \
	for (int i = 0; i < VALUES; i++) \
		for (int j = 0; j < VALUES; j++) \
			for (u32 carry = 0; carry < 2; carry++) { \
				TRY(#op "l", #op "l %%ecx, %%eax", values[i], values[j], carry, defined); \
				TRY(#op "w", #op "w %%cx, %%ax", values[i], values[j], carry, defined); \
				TRY(#op "b", #op "b %%cl, %%al", values[i], values[j], carry, defined); \
			} \
} while (0)

#define UNARY(op, defined) do { \
	for (int i = 0; i < VALUES; i++) \
		for (u32 carry = 0; carry < 2; carry++) { \
			TRY(#op "l", #op "l %%eax", values[i], 0, carry, defined); \
			TRY(#op "w", #op "w %%ax", values[i], 0, carry, defined); \
			TRY(#op "b", #op "b %%al", values[i], 0, carry, defined); \
		} \
} while (0)

/* Of 0 nothing changes; of 1 the overflow flag is defined; of more than the width not even the carry of a shift is. */
static u32 defined_by(int shifts, u32 count, u32 width)
{
	u32 defined = shifts ? STATUS & ~AF : STATUS;
	count &= 31;
	if (count == 0)
		return STATUS;
	if (count != 1)
		defined &= ~OF;
	return shifts && count >= width ? defined & ~CF : defined;
}

#define SHIFT(op, shifts) do { \
	for (int i = 0; i < VALUES; i++) \
		for (u32 count = 0; count < 34; count++) \
			for (u32 carry = 0; carry < 2; carry++) { \
				TRY(#op "l", #op "l %%cl, %%eax", values[i], count, carry, defined_by(shifts, count, 32)); \
				TRY(#op "w", #op "w %%cl, %%ax", values[i], count, carry, defined_by(shifts, count, 16)); \
				TRY(#op "b", #op "b %%cl, %%al", values[i], count, carry, defined_by(shifts, count, 8)); \
			} \
} while (0)

#define DOUBLE_SHIFT(op) do { \
	for (int i = 0; i < VALUES; i++) \
		for (u32 count = 0; count < 32; count++) { \
			TRY(#op "l", "mov $0x2468ace1, %%ebx\n " #op "l %%cl, %%ebx, %%eax", values[i], count, 1, defined_by(1, count, 33)); \
			if (count <= 16) \
				TRY(#op "w", "mov $0x2468ace1, %%ebx\n " #op "w %%cl, %%bx, %%ax", values[i], count, 1, defined_by(1, count, 17)); \
		} \
} while (0)

#define BIT(op) do { \
	for (int i = 0; i < VALUES; i++) \
		for (u32 bit = 0; bit < 40; bit++) { \
			TRY(#op "l", #op "l %%ecx, %%eax", values[i], bit, 0, CF); \
			TRY(#op "w", #op "w %%cx, %%ax", values[i], bit, 0, CF); \
		} \
} while (0)

static void multiply(void)
{
	for (int i = 0; i < VALUES; i++)
		for (int j = 0; j < VALUES; j++) {
TRY("mulb", "mulb %%cl", values[i], values[j], 0, CF | OF);
			TRY("imulb", "imulb %%cl", values[i], values[j], 0, CF | OF);
			TRY("imulw", "imulw %%cx, %%ax", values[i], values[j], 0, CF | OF);
			TRY("imull", "imull %%ecx, %%eax", values[i], values[j], 0, CF | OF);
			TRY("imulw 3", "imulw $-77, %%cx, %%ax", values[i], values[j], 0, CF | OF);
			TRY("imull 3", "imull $12345, %%ecx, %%eax", values[i], values[j], 0, CF | OF);
			u32 low, high;
			asm("mull %3" : "=a"(low), "=d"(high) : "0"(values[i]), "r"(values[j]));
			report("mull", values[i], values[j], low, 0, 0);
			report("mull high", values[i], values[j], high, 0, 0);
			asm("imull %3" : "=a"(low), "=d"(high) : "0"(values[i]), "r"(values[j]));
			report("imull high", values[i], values[j], high, 0, 0);
		}
}

static void decimal(void)
{
	for (u32 value = 0; value < 0x10000; value += 0x7b)
		for (u32 carry = 0; carry < 32; carry += carry == 1 ? 15 : 1)
			if (!(carry & ~(CF | AF))) {
				TRY("daa", "daa", value, 0, carry, STATUS & ~OF);
				TRY("das", "das", value, 0, carry, STATUS & ~OF);
				TRY("aaa", "aaa", value, 0, carry, CF | AF);
				TRY("aas", "aas", value, 0, carry, CF | AF);
				TRY("aam", "aam", value, 0, carry, SF | ZF | PF);
				TRY("aam 7", "aam $7", value, 0, carry, SF | ZF | PF);
				TRY("aad", "aad", value, 0, carry, SF | ZF | PF);
				TRY("aad 16", "aad $16", value, 0, carry, SF | ZF | PF);
			}
}

#define CONDITION(cc) TRY("set" #cc, "set" #cc " %%al", flags_in, 0, flags_in, STATUS); TRY("cmov" #cc, "cmov" #cc " %%ecx, %%eax", flags_in, 0x55aa, flags_in, STATUS)

static void conditions(void)
{
	for (u32 bits = 0; bits < 64; bits++) {
		u32 flags_in = (bits & 1 ? CF : 0) | (bits & 2 ? PF : 0) | (bits & 4 ? AF : 0) | (bits & 8 ? ZF : 0) | (bits & 16 ? SF : 0) | (bits & 32 ? OF : 0);
		CONDITION(o); CONDITION(no); CONDITION(c); CONDITION(nc); CONDITION(z); CONDITION(nz); CONDITION(be); CONDITION(a);
		CONDITION(s); CONDITION(ns); CONDITION(p); CONDITION(np); CONDITION(l); CONDITION(ge); CONDITION(le); CONDITION(g);
		TRY("lahf", "lahf", flags_in, 0, flags_in, STATUS);
		TRY("sahf", "mov %%al, %%ah\n sahf", flags_in, 0, flags_in ^ STATUS, STATUS);
		TRY("cmc", "cmc", flags_in, 0, flags_in, STATUS);
	}
}

static int main(void)
{
	BINARY(add, STATUS); BINARY(adc, STATUS); BINARY(sub, STATUS); BINARY(sbb, STATUS); BINARY(cmp, STATUS); BINARY(xadd, STATUS);
	BINARY(and, STATUS & ~AF); BINARY(or, STATUS & ~AF); BINARY(xor, STATUS & ~AF); BINARY(test, STATUS & ~AF);
	UNARY(inc, STATUS); UNARY(dec, STATUS); UNARY(neg, STATUS); UNARY(not, STATUS);
	SHIFT(shl, 1); SHIFT(shr, 1); SHIFT(sar, 1); SHIFT(rol, 0); SHIFT(ror, 0); SHIFT(rcl, 0); SHIFT(rcr, 0);
	DOUBLE_SHIFT(shld); DOUBLE_SHIFT(shrd);
	BIT(bt); BIT(bts); BIT(btr); BIT(btc);
	for (int i = 0; i < VALUES; i++) {
		TRY("bsf", "bsf %%ecx, %%eax", 0, values[i] | 0x10000000, 0, ZF);
		TRY("bsr", "bsr %%ecx, %%eax", 0, values[i] | 8, 0, ZF);
		TRY("bswap", "bswap %%eax", values[i], 0, 0, STATUS);
		TRY("cbw", "cbtw", values[i], 0, 0, STATUS);
		TRY("cwde", "cwtl", values[i], 0, 0, STATUS);
		TRY("movsx", "movsbl %%cl, %%eax", 0, values[i], 0, STATUS);
		TRY("movzx", "movzwl %%cx, %%eax", 0, values[i], 0, STATUS);
		for (int j = 0; j < VALUES; j++)
			TRY("cmpxchg", "mov $0x2468ace1, %%ebx\n cmpxchg %%ebx, %%ecx\n xor %%ecx, %%eax", values[i], values[j], 0, STATUS);
	}
	multiply();
	decimal();
	conditions();
	return 0;
}
