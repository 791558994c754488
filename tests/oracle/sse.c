/* Executes single MMX and SSE instructions on the processor it runs on and reports what they did.
 *
 * Built by the differential tests of vectors (see VectorOracle.cs, which has the same structures):
 *     gcc -m32 -O2 -ffreestanding -nostdlib -static -fno-pie -no-pie
 *
 * State goes in by fxrstor and comes out by fxsave, right before and after the instruction. If the instruction
 * faults, the state is what the signal frame holds.
 */
typedef unsigned char u8;
typedef unsigned int u32;

enum { MAX_TESTS = 1024, STATE = 512, OPERAND = 64, NO_TRAP = 0xffffffff };

struct test {
	u8 code[12];			/* a memory operand is addressed by ebx, or by edi */
	u32 code_length, offset;	/* of ebx and edi in the operand, which is aligned to its size */
	u32 eax, ecx, edx, eflags;
	u8 operand[OPERAND];
	u8 state[STATE];
};

struct outcome {
	u32 trap, eax, ecx, edx, eflags;
	u8 operand[OPERAND];
	u8 state[STATE];
};

static struct test tests[MAX_TESTS];
static struct outcome outcomes[MAX_TESTS];
static u8 main_stack[1 << 16] __attribute__((aligned(64), used));
static u8 operand[OPERAND] __attribute__((aligned(64)));
u8 code[4096] __attribute__((aligned(4096), used));
u8 state[STATE] __attribute__((aligned(64), used));
u32 resume_esp __attribute__((used));
struct { u32 eax, ecx, edx, ebx, eflags, trap; } now __attribute__((used));

static int call(int number, int a, int b, int c, int d)
{
	int result;

	__asm__ volatile("pushl %%ebx\n\tmovl %2, %%ebx\n\tint $0x80\n\tpopl %%ebx"
			 : "=a"(result) : "0"(number), "r"(a), "c"(b), "d"(c), "S"(d) : "memory", "cc");
	return result;
}

enum { EXIT = 1, READ = 3, WRITE = 4, MPROTECT = 125, RT_SIGACTION = 174 };

static void copy(void *to, const void *from, u32 length)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static void transfer(int number, int file, void *data, u32 length)
{
	u8 *at = data;

	while (length) {
		int done = call(number, file, (int)at, length, 0);
		if (done <= 0)
			call(EXIT, done < 0, 0, 0, 0);
		at += done;
		length -= done;
	}
}

struct context {		/* the i386 ucontext, up to the pointer to the floating-point state */
	u32 flags, link, stack[3];
	u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, eflags,
	    esp_at_signal, ss, fpu;
};

static void __attribute__((used)) on_signal(int signal, void *info, struct context *c)
{
	enum { LEGACY = 112 };		/* what fsave would write comes before the image of fxsave */

	(void)signal; (void)info;
	now.eax = c->eax; now.ecx = c->ecx; now.edx = c->edx; now.eflags = c->eflags;
	now.trap = c->eip == (u32)code ? c->trap : 0x100 | c->trap;
	copy(state, (void *)(c->fpu + LEGACY), STATE);
	__asm__ volatile("movl resume_esp, %esp\n\tpushl $2\n\tpopfl\n\tpopal\n\tret");
	__builtin_unreachable();
}

void run(void);
__asm__(".text\nrun:\n\tpushal\n\tmovl %esp, resume_esp\n\tfxrstor state\n\tpushl now+16\n\tpopfl\n\t"
	"movl now+0, %eax\n\tmovl now+4, %ecx\n\tmovl now+8, %edx\n\tmovl now+12, %ebx\n\tmovl %ebx, %edi\n\t"
	"call code\n\t"
	"pushfl\n\tpopl now+16\n\tmovl %eax, now+0\n\tmovl %ecx, now+4\n\tmovl %edx, now+8\n\tfxsave state\n\t"
	"movl $0xffffffff, now+20\n\tpopal\n\tret\n");

static void execute(const struct test *test, struct outcome *outcome)
{
	code[test->code_length] = 0xc3;
	copy(code, test->code, test->code_length);
	copy(operand, test->operand, OPERAND);
	copy(state, test->state, STATE);
	now.eax = test->eax; now.ecx = test->ecx; now.edx = test->edx; now.eflags = test->eflags;
	now.ebx = (u32)operand + test->offset;
	run();
	outcome->trap = now.trap;
	outcome->eax = now.eax; outcome->ecx = now.ecx; outcome->edx = now.edx; outcome->eflags = now.eflags;
	copy(outcome->operand, operand, OPERAND);
	copy(outcome->state, state, STATE);
}

static void handle(int signal)
{
	enum { SIGINFO = 4, NODEFER = 0x40000000 };
	struct { void *handler; u32 flags; void *restorer; u32 mask[2]; } action = {
		(void *)on_signal, SIGINFO | NODEFER, 0, { 0, 0 },
	};

	if (call(RT_SIGACTION, signal, (int)&action, 0, 8) < 0)
		call(EXIT, 4, 0, 0, 0);
}

static void __attribute__((used)) serve(void)
{
	u32 count;

	if (call(MPROTECT, (int)code, sizeof code, 7, 0) < 0)
		call(EXIT, 3, 0, 0, 0);
	handle(4); handle(5); handle(7); handle(8); handle(11);	/* SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV */
	for (;;) {
		transfer(READ, 0, &count, sizeof count);
		if (count > MAX_TESTS)
			call(EXIT, 9, 0, 0, 0);
		transfer(READ, 0, tests, count * sizeof tests[0]);
		for (u32 i = 0; i < count; i++)
			execute(&tests[i], &outcomes[i]);
		transfer(WRITE, 1, outcomes, count * sizeof outcomes[0]);
	}
}

__asm__(".globl _start\n_start:\n\tmovl $main_stack+65536, %esp\n\tcall serve\n");
