/* Faults as a program sees them: signal, trap number, error code, address, and where the program stood. Then segments. */
#include "program.h"

enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SA_SIGINFO = 4, SA_RESTORER = 0x4000000, SA_NODEFER = 0x40000000, NUMBER = 16 };

/* Linux's mcontext_t, in a ucontext_t after 20 bytes. */
struct context {
	u32 before[5];
	u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, eflags, esp_at_signal, ss;
	u32 fpu, mask, cr2;
};

static u32 begins __attribute__((used)), continues __attribute__((used)), stack __attribute__((used));

static void on_fault(int signal, const u32 *information, struct context *at)
{
	u32 eflags = at->eflags;
	(void)information;
	hex(signal, 2);
	hex(at->trap, 2);
	hex(at->trap == 14 ? at->error & 7 : at->error, 4);	/* whether it was a fetch is only said where data cannot be executed */
	hex(at->trap == 14 ? at->cr2 : 0, 8);
	hex(at->eip - begins, 2);
	hex(at->ecx, 8);
	hex(eflags & (STATUS | DF), 3);
	at->eip = continues;
}

asm("restore: mov $173, %eax\n int $0x80");
extern char restore[];

static void catch(int signal)
{
	u32 action[5] = { (u32)on_fault, SA_SIGINFO | SA_RESTORER | SA_NODEFER, (u32)restore, 0, 0 };
	call(174, signal, (u32)action, 0, 8);
}

/* What is tried may use any register but ebx and ebp, and may leave things on the stack. */
#define TRY(name, code) do { \
	text(name); \
	asm volatile("movl $1f, begins\n movl $2f, continues\n mov %%esp, stack\n mov $0x11, %%ecx\n cmp %%eax, %%eax\n 1: " code "\n 2: mov stack, %%esp" \
		: : : "eax", "ecx", "edx", "esi", "edi", "memory", "cc"); \
	line(); \
} while (0)

static const u32 constant __attribute__((used)) = 5;
static u32 bounds[2] __attribute__((used)) = { 1, 10 }, zero __attribute__((used));

static void privileges(void)
{
	TRY("hlt", "hlt"); TRY("cli", "cli"); TRY("sti", "sti"); TRY("in", "inb $0x80, %%al"); TRY("out", "outb %%al, $0x80");
	TRY("insb", "insb"); TRY("outsb", "outsb"); TRY("cr0", "mov %%cr0, %%eax"); TRY("cr3", "mov %%eax, %%cr3"); TRY("clts", "clts");
	TRY("invlpg", "invlpg (%%eax)"); TRY("lgdt", "lgdt constant"); TRY("ltr", "ltr %%ax"); TRY("lldt", "lldt %%ax"); TRY("wrmsr", "wrmsr"); TRY("invd", "invd");
	TRY("int 3", "int $3"); TRY("int3", "int3"); TRY("int 0x20", "int $0x20"); TRY("int 0xff", "int $0xff"); TRY("int 13", "int $13"); TRY("int 14", "int $14");
	TRY("into", "mov $0x7fffffff, %%eax\n inc %%eax\n into"); TRY("no into", "xor %%eax, %%eax\n into");
	TRY("bound", "mov $11, %%eax\n bound %%eax, bounds"); TRY("in bounds", "mov $10, %%eax\n bound %%eax, bounds");
}

static void encodings(void)
{
	TRY("ud2", "ud2"); TRY("lock nop", ".byte 0xf0, 0x90"); TRY("lock add to a register", ".byte 0xf0, 0x01, 0xc0"); TRY("lea of a register", ".byte 0x8d, 0xc0");
	TRY("mov to cs", ".byte 0x8e, 0xc8"); TRY("les of a register", ".byte 0xc4, 0x00"); TRY("cmpxchg8b of a register", ".byte 0x0f, 0xc7, 0xc8"); TRY("pop of /1", ".byte 0x8f, 0xc8");
	TRY("too long", ".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90");
}

static void divisions(void)
{
	TRY("div by 0", "xor %%edx, %%edx\n xor %%ecx, %%ecx\n div %%ecx"); TRY("idiv by 0", "xor %%edx, %%edx\n xor %%ecx, %%ecx\n idiv %%ecx"); TRY("div too large", "mov $1, %%ecx\n mov %%ecx, %%edx\n div %%ecx");
	TRY("idiv of the least", "mov $0x80000000, %%eax\n cltd\n mov $-1, %%ecx\n idiv %%ecx"); TRY("byte", "mov $0x1000, %%eax\n mov $1, %%cl\n div %%cl"); TRY("aam 0", ".byte 0xd4, 0x00"); TRY("memory", "divl zero");
}

static void pages(void)
{
	TRY("read", "mov 0x1234, %%eax"); TRY("write", "mov %%eax, 0x1234"); TRY("add", "addl $1, 0x1234"); TRY("write a constant", "movl $6, constant"); TRY("execute", "mov $0x1234, %%eax\n mov %%eax, begins\n jmp *%%eax");
	TRY("rep movsb", "mov $constant, %%esi\n mov $0x2000, %%edi\n rep movsb"); TRY("push of memory", "push 0x1234"); TRY("call", "mov $0x1234, %%eax\n call *%%eax");
}

static void restores(void)
{
	TRY("popf keeps IF", "push $0x2\n popf\n pushf\n pop %%eax\n and $0x200, %%eax\n jz 2f\n ud2");
	TRY("iopl stays", "push $0x3202\n popf\n pushf\n pop %%eax\n and $0x3000, %%eax\n jz 2f\n ud2");
	TRY("id", "pushf\n xorl $0x200000, (%%esp)\n popf\n pushf\n pop %%eax\n test $0x200000, %%eax\n jnz 2f\n ud2");
}

static void segments(void)
{
	TRY("null in fs", "xor %%ax, %%ax\n mov %%ax, %%fs\n mov %%fs:constant, %%eax\n"); TRY("null in ss", "xor %%ax, %%ax\n mov %%ax, %%ss");
	TRY("beyond the table", "mov $0xfff3, %%eax\n mov %%ax, %%fs"); TRY("the kernel's in ss", "mov $0x60, %%eax\n mov %%ax, %%ss");
	/* Descriptors of our own: 16 bytes of data, and 16 bytes that cannot be written. */
	static u8 data[64];
	for (int i = 0; i < 64; i++)
		data[i] = i;
	for (u32 readonly = 0; readonly < 2; readonly++) {
		u32 segment[4] = { -1, (u32)data, 15, 1 | readonly << 3 | 0x40 };
		if (call(243, (u32)segment, 0, 0, 0))
			text("no descriptor\n");
		u16 selector = segment[0] << 3 | 3;
		u32 rights, limit;
		asm volatile("mov %0, %%gs" : : "r"(selector));
		asm volatile("lar %2, %0\n lsl %2, %1" : "=&r"(rights), "=r"(limit) : "r"((u32)selector));
		text(readonly ? "read only" : "writable");
		hex(rights & ~0x100000, 8);
		hex(limit, 8);
		line();
		TRY("gs:0", "mov %%gs:0, %%ecx\n ud2"); TRY("gs:12", "mov %%gs:12, %%ecx\n ud2"); TRY("gs:13", "mov %%gs:13, %%ecx\n ud2"); TRY("gs:16", "mov %%gs:16, %%cl\n ud2"); TRY("write", "movb $9, %%gs:3\n ud2");
		u32 may_read = 0, may_write = 0;
		asm volatile("verr %2\n setz %b0\n verw %2\n setz %b1" : "+q"(may_read), "+q"(may_write) : "r"(selector) : "cc");
		text("verr verw");
		hex(may_read, 1);
		hex(may_write, 1);
		line();
	}
}

static int main(void)
{
	static const int signals[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };
	for (int i = 0; i < 5; i++)
		catch(signals[i]);
	privileges();
	encodings();
	divisions();
	restores();
	segments();
	pages();
	return 0;
}
