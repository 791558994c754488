/* Executes short pieces of i386 code on the processor it runs on and reports what they did.
 *
 * Built by the differential tests (see Oracle.cs, which has the same structures):
 *     gcc -m32 -O2 -ffreestanding -nostdlib -static -fno-pie -no-pie -Wl,-Ttext-segment=0x58000000
 *
 * Every piece ends in a trap, if only the int3 that fills the rest of the code page, and the signal
 * frame then holds the whole state. The program unmaps everything but itself, so that a stray address
 * faults here exactly as it does in a machine where only the code and data windows exist.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum {
	CODE = 0x10203000, CODE_SIZE = 0x1000,	/* read-only for the code itself */
	DATA = 0x30405000, DATA_SIZE = 0x3000,	/* the last page is read-only */
	WRITABLE = 0x2000,
	SELF = 0x58000000, SELF_END = 0x58200000,
	CODE_ALIAS = 0x58100000,		/* where we write the code page */
	MAX_TESTS = 1024,
	LDT_ENTRIES = 16,
	MAGIC = 0x6c636172,
};

struct segment { u32 number, base, limit, flags; };	/* Linux's struct user_desc */

struct patch { u16 offset, length; u8 bytes[12]; };

struct test {
	u32 gpr[8];			/* eax ecx edx ebx esp ebp esi edi */
	u32 eflags, eip;
	u32 extended;			/* compare x87, MMX and SSE registers, too */
	u16 es, ds, fs, gs, cs, ss;
	u16 code_offset;
	u8 code_length, patches;
	u8 code[36];
	struct patch patch[4];
};

struct outcome {
	u32 gpr[8];
	u32 eflags, eip;
	u32 trap, error, address;
	u16 es, cs, ss, ds, fs, gs;
	u32 changed;			/* bytes of {u16 offset, u16 length, bytes} that follow */
};

enum { IMAGE = 512, IMAGE_OFFSET = 0x8000 };	/* where changes of the extended registers are reported, by their place in fxsave's image */

static struct test tests[MAX_TESTS];
static u8 output[1 << 16];
static u32 output_used;
static u32 pristine[DATA_SIZE / 4], before[DATA_SIZE / 4];
static u32 image_after[IMAGE / 4];
u32 image[IMAGE / 4] __attribute__((aligned(64), used));
static u8 signal_stack[1 << 16] __attribute__((aligned(64)));
static u8 main_stack[1 << 14] __attribute__((aligned(64), used));

struct test current __attribute__((used));
static struct outcome outcome;
/* Where run goes, as far pointers; they are read through cs when nothing else can be relied on. */
struct { u32 offset; u16 selector; } far_stack __attribute__((used)), far_code __attribute__((used));
u32 resume_esp __attribute__((used));

static int call(int number, int a, int b, int c, int d, int e, int f)
{
	struct { int number, a, b, c, d, e, f; } arguments = { number, a, b, c, d, e, f };
	int result;

	/* All six arguments use ebp too, which C cannot name. */
	__asm__ volatile("pushl %%ebp\n\tpushl %%ebx\n\t"
			 "movl 4(%%eax), %%ebx\n\tmovl 8(%%eax), %%ecx\n\tmovl 12(%%eax), %%edx\n\t"
			 "movl 16(%%eax), %%esi\n\tmovl 20(%%eax), %%edi\n\tmovl 24(%%eax), %%ebp\n\t"
			 "movl (%%eax), %%eax\n\tint $0x80\n\tpopl %%ebx\n\tpopl %%ebp"
			 : "=a"(result) : "a"(&arguments) : "ecx", "edx", "esi", "edi", "memory", "cc");
	return result;
}

enum { EXIT = 1, READ = 3, WRITE = 4, ALARM = 27, MUNMAP = 91, FTRUNCATE = 93, MODIFY_LDT = 123, MPROTECT = 125,
       RT_SIGACTION = 174, SIGALTSTACK = 186, MMAP2 = 192, SCHED_SETAFFINITY = 241, SET_THREAD_AREA = 243, MEMFD_CREATE = 356 };

static void copy(void *to, const void *from, u32 length)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static void fill(void *to, u8 value, u32 length)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(value) : "memory");
}

static void quit(int code) { call(EXIT, code, 0, 0, 0, 0, 0); __builtin_unreachable(); }

static void need(int result, int code)
{
	if (result < 0 && result > -4096)
		quit(code);
}

static void read_all(void *to, u32 length)
{
	u8 *at = to;

	while (length) {
		int got = call(READ, 0, (int)at, length, 0, 0, 0);
		if (got <= 0)
			quit(got < 0);
		at += got;
		length -= got;
	}
}

static void flush(void)
{
	u32 done = 0;

	while (done < output_used) {
		int put = call(WRITE, 1, (int)(output + done), output_used - done, 0, 0, 0);
		if (put <= 0)
			quit(1);
		done += put;
	}
	output_used = 0;
}

enum { LEGACY_FPU = 112 };	/* bytes before fxsave's image in a signal frame */

struct context {		/* the i386 ucontext, up to cr2 */
	u32 flags, link, stack[3];
	u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, eflags,
	    esp_at_signal, ss, fpu, mask, cr2;
};

static void __attribute__((used)) on_signal(int signal, void *info, struct context *c)
{
	(void)signal; (void)info;
	outcome = (struct outcome){
		{ c->eax, c->ecx, c->edx, c->ebx, c->esp, c->ebp, c->esi, c->edi }, c->eflags, c->eip,
		c->trap, c->error, c->cr2, c->es, c->cs, c->ss, c->ds, c->fs, c->gs, 0,
	};
	copy(image_after, (u8 *)c->fpu + LEGACY_FPU, sizeof image_after);
	/* Not back through sigreturn: straight to the caller of run. popf because AC and NT survive a signal. */
	__asm__ volatile("movl resume_esp, %esp\n\tpushl $2\n\tpopfl\n\tpopal\n\tret");
	__builtin_unreachable();
}

/* Loads the state in current and goes there. cs reaches it whatever ds is; mov leaves the flags alone. */
void run(void);
__asm__(".text\nrun:\n\t"
	"pushal\n\tmovl %esp, resume_esp\n\t"
	"fxrstor image\n\t"
	"pushl current+32\n\t"
	"movw current+48, %fs\n\tmovw current+50, %gs\n\tmovw current+44, %es\n\tmovw current+46, %ds\n\t"
	"popfl\n\t"
	"movl %cs:current+0, %eax\n\tmovl %cs:current+4, %ecx\n\tmovl %cs:current+8, %edx\n\t"
	"movl %cs:current+12, %ebx\n\tmovl %cs:current+20, %ebp\n\tmovl %cs:current+24, %esi\n\t"
	"movl %cs:current+28, %edi\n\tlss %cs:far_stack, %esp\n\t"
	"ljmp *%cs:far_code\n");

/* Appends the runs of words that differ. */
static u8 *report_runs(u8 *out, const u32 *now, const u32 *then, u32 bytes, u32 offset)
{
	for (u32 i = 0; i < bytes / 4; i++) {
		u32 from, to;

		if (now[i] == then[i])
			continue;
		from = i * 4;
		while (i < bytes / 4 && now[i] != then[i])
			i++;
		to = i * 4;
		*(u16 *)out = offset + from;
		*(u16 *)(out + 2) = to - from;
		copy(out + 4, (u8 *)now + from, to - from);
		out += 4 + to - from;
	}
	return out;
}

/* What no two processors agree on: the last instruction's place and operand, and what is reserved. */
static void blank(u32 *of)
{
	of[1] &= 0xffff;
	fill(of + 2, 0, 16);
	of[7] = 0;
	for (int i = 0; i < 8; i++) {
		of[8 + 4 * i + 2] &= 0xffff;
		of[8 + 4 * i + 3] = 0;
	}
	fill(of + 72, 0, IMAGE - 288);
}

static void report_changes(void)
{
	u8 *start = output + output_used, *out = start + sizeof outcome;
	u8 *image_start = out = report_runs(out, (u32 *)DATA, before, WRITABLE, 0);

	for (u8 *run = start + sizeof outcome; run < image_start; run += 4 + *(u16 *)(run + 2))
		copy((u8 *)DATA + *(u16 *)run, (u8 *)before + *(u16 *)run, *(u16 *)(run + 2));
	if (current.extended) {
		blank(image_after);
		out = report_runs(out, image_after, image, IMAGE, IMAGE_OFFSET);
	}
	outcome.changed = out - start - sizeof outcome;
	copy(start, &outcome, sizeof outcome);
	output_used = out - output;
}

static void execute(const struct test *test)
{
	u8 *code = (u8 *)CODE_ALIAS + test->code_offset;
	u32 length = test->code_length;

	if (test->code_offset + length > CODE_SIZE)
		length = CODE_SIZE - test->code_offset;		/* the rest is on the page that is not there */
	copy(code, test->code, length);
	for (int i = 0; i < test->patches; i++) {
		copy((u8 *)DATA + test->patch[i].offset, test->patch[i].bytes, test->patch[i].length);
		copy((u8 *)before + test->patch[i].offset, test->patch[i].bytes, test->patch[i].length);
	}

	copy(&current, test, sizeof current);
	far_stack.offset = test->gpr[4];
	far_stack.selector = test->ss;
	far_code.offset = test->eip;
	far_code.selector = test->cs;
	run();
	report_changes();

	for (int i = 0; i < test->patches; i++) {
		copy((u8 *)DATA + test->patch[i].offset, (u8 *)pristine + test->patch[i].offset, test->patch[i].length);
		copy((u8 *)before + test->patch[i].offset, (u8 *)pristine + test->patch[i].offset, test->patch[i].length);
	}
	fill(code, 0xcc, length);
}

static void map(u32 address, u32 length, int protection, int file)
{
	enum { SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20 };
	int flags = file < 0 ? PRIVATE | FIXED | ANONYMOUS : SHARED | FIXED;

	need(call(MMAP2, address, length, protection, flags, file, 0), 3);
}

static void handle(int signal)
{
	enum { SIGINFO = 4, ONSTACK = 0x08000000, NODEFER = 0x40000000 };
	struct { void *handler; u32 flags; void *restorer; u32 mask[2]; } action = {
		(void *)on_signal, SIGINFO | ONSTACK | NODEFER, 0, { 0, 0 },
	};

	need(call(RT_SIGACTION, signal, (int)&action, 0, 8, 0, 0), 4);
}

static void __attribute__((used)) serve(void)
{
	enum { R = 1, W = 2, X = 4 };
	struct { void *base; u32 flags, size; } stack = { signal_stack, 0, sizeof signal_stack };
	struct segment segments[3], local[LDT_ENTRIES];
	u32 hello[4] = { MAGIC }, count, first_processor = 1;
	int file;

	call(MUNMAP, 0x10000, SELF - 0x10000, 0, 0, 0, 0);
	call(MUNMAP, SELF_END, 0xffffe000 - SELF_END, 0, 0, 0, 0);

	need(file = call(MEMFD_CREATE, (int)"code", 0, 0, 0, 0, 0), 5);
	need(call(FTRUNCATE, file, CODE_SIZE, 0, 0, 0, 0), 5);
	map(CODE, CODE_SIZE, R | X, file);
	map(CODE_ALIAS, CODE_SIZE, R | W, file);
	fill((void *)CODE_ALIAS, 0xcc, CODE_SIZE);
	map(DATA, DATA_SIZE, R | W, -1);

	need(call(SIGALTSTACK, (int)&stack, 0, 0, 0, 0, 0), 6);
	handle(4); handle(5); handle(7); handle(8); handle(11);	/* SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV */

	/* Linux shows the number of the processor to lsl. If it refuses, the test may rarely see a difference there. */
	call(SCHED_SETAFFINITY, 0, sizeof first_processor, (int)&first_processor, 0, 0, 0);

	read_all(pristine, sizeof pristine);
	copy(before, pristine, sizeof pristine);
	copy((void *)DATA, pristine, sizeof pristine);
	need(call(MPROTECT, DATA + WRITABLE, DATA_SIZE - WRITABLE, R, 0, 0, 0), 7);

	read_all(image, sizeof image);
	read_all(segments, sizeof segments);
	for (int i = 0; i < 3; i++) {
		segments[i].number = -1;
		need(call(SET_THREAD_AREA, (int)&segments[i], 0, 0, 0, 0, 0), 8);
		hello[1 + i] = segments[i].number * 8 + 3;
	}
	read_all(local, sizeof local);
	for (u32 i = 0; i < LDT_ENTRIES; i++) {
		local[i].number = i;
		if (local[i].flags)
			need(call(MODIFY_LDT, 0x11, (int)&local[i], sizeof local[i], 0, 0, 0), 10);
	}
	copy(output, hello, sizeof hello);
	output_used = sizeof hello;
	flush();

	for (;;) {
		read_all(&count, sizeof count);
		if (count > MAX_TESTS)
			quit(9);
		read_all(tests, count * sizeof tests[0]);
		call(ALARM, 20, 0, 0, 0, 0, 0);		/* a test that never traps ends the program */
		for (u32 i = 0; i < count; i++) {
			if (output_used + sizeof outcome + 3 * (WRITABLE + IMAGE) > sizeof output)
				flush();
			execute(&tests[i]);
		}
		flush();
		call(ALARM, 0, 0, 0, 0, 0, 0);
	}
}

__asm__(".globl _start\n_start:\n\tmovl $main_stack+16384, %esp\n\tcall serve\n");
