/* The string instructions: in every width, both directions, with and without each prefix, over equal and unequal bytes. */
#include "program.h"

enum { SIZE = 64 };
static u8 source[SIZE], target[SIZE];

static void fill(void)
{
	for (int i = 0; i < SIZE; i++) {
		source[i] = i * 7 + (i >> 3);
		target[i] = i % 11 < 8 ? source[i] : ~source[i];
	}
}

#define TRY(instruction, direction, count) do { \
	fill(); \
	u32 si = (u32)source + SIZE / 2, di = (u32)target + SIZE / 2, counter = (count), a = 0x6c656766, flags; \
	asm volatile(direction "\n cmp %%eax, %%eax\n " instruction "\n pushf\n pop %4\n cld" \
		: "+S"(si), "+D"(di), "+c"(counter), "+a"(a), "=&d"(flags) : : "memory", "cc"); \
	text(instruction " " direction); \
	hex(count, 2); \
	hex(si - (u32)source, 3); \
	hex(di - (u32)target, 3); \
	hex(counter, 8); \
	hex(a, 8); \
	hex(flags & (STATUS | DF), 3); \
	bytes(target, SIZE); \
	line(); \
} while (0)

#define DIRECTIONS(instruction, count) do { TRY(instruction, "cld", count); TRY(instruction, "std", count); } while (0)
#define PREFIXES(instruction) do { \
	DIRECTIONS(instruction, 5); \
	for (u32 count = 0; count < 8; count++) { \
		DIRECTIONS("rep " instruction, count); \
		DIRECTIONS("repne " instruction, count); \
	} \
} while (0)
#define WIDTHS(op) do { PREFIXES(#op "b"); PREFIXES(#op "w"); PREFIXES(#op "l"); } while (0)

/* Over its own result, as compilers and decompressors do. */
static void overlap(void)
{
	for (int distance = 1; distance < 6; distance++) {
		fill();
		u32 si = (u32)target, di = (u32)target + distance, count = 40;
		asm volatile("cld\n rep movsb" : "+S"(si), "+D"(di), "+c"(count) : : "memory");
		text("overlap");
		hex(distance, 1);
		bytes(target, SIZE);
		line();
	}
}

/* A 16-bit address wraps around within 64 KiB, and so does its counter: with cx at 0 nothing is done. */
static void short_addresses(void)
{
	u32 count = 0x10000, si = 0x12340000, a = 0x55;
	asm volatile("addr16 rep lodsb" : "+c"(count), "+S"(si), "+a"(a) : : "memory");
	text("addr16");
	hex(count, 8);
	hex(si, 8);
	hex(a, 8);
	line();
}

static int main(void)
{
	WIDTHS(movs);
	WIDTHS(cmps);
	WIDTHS(scas);
	WIDTHS(stos);
	WIDTHS(lods);
	overlap();
	short_addresses();
	return 0;
}
