/* What the programs here have instead of a C library: a start, text on standard output, and faults as signals.
 *
 *     gcc -m32 -march=pentium4 -mtune=generic -O1 -ffreestanding -fno-stack-protector -fno-pie -nostdlib -static -no-pie -o NAME NAME.c
 *
 * What they print must follow from the processor's manual alone: no undefined flag, no address that a kernel chose.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum { CF = 0x001, PF = 0x004, AF = 0x010, ZF = 0x040, SF = 0x080, DF = 0x400, OF = 0x800, STATUS = CF | PF | AF | ZF | SF | OF };

static int main(void);

static inline int call(int number, u32 a, u32 b, u32 c, u32 d)
{
	int result;
	asm volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return result;
}

static char said[4096];
static u32 saying;

static void flush(void)
{
	for (u32 done = 0; done < saying; ) {
		int n = call(4, 1, (u32)said + done, saying - done, 0);
		if (n <= 0)
			break;
		done += n;
	}
	saying = 0;
}

static void character(char c)
{
	said[saying++] = c;
	if (saying == sizeof(said))
		flush();
}

static void text(const char *words)
{
	while (*words)
		character(*words++);
}

static inline void hex(u32 value, int digits)
{
	character(' ');
	while (digits--)
		character("0123456789abcdef"[value >> digits * 4 & 15]);
}

static inline void bytes(const void *from, u32 count)
{
	character(' ');
	while (count--) {
		u8 byte = ((const u8 *)from)[count];
		character("0123456789abcdef"[byte >> 4]);
		character("0123456789abcdef"[byte & 15]);
	}
}

static inline void line(void)
{
	character('\n');
}

void *memset(void *to, int value, u32 count)
{
	u8 *t = to;
	while (count--)
		*t++ = value;
	return to;
}

void *memcpy(void *to, const void *from, u32 count)
{
	u8 *t = to;
	const u8 *f = from;
	while (count--)
		*t++ = *f++;
	return to;
}

void __attribute__((used)) begin(void)
{
	int status = main();
	flush();
	call(1, status, 0, 0, 0);
}

asm(".globl _start\n_start: and $-16, %esp\nsub $12, %esp\ncall begin");
