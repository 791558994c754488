/* Executes single x87 instructions on the processor it runs on and reports what they did.
 *
 * Built by the differential tests of the FPU (see FpuOracle.cs, which has the same structures):
 *     gcc -m32 -O2 -ffreestanding -nostdlib -static -fno-pie -no-pie
 *
 * State goes in by frstor or fxrstor and comes out by fnsave, right before and after the instruction. A test never
 * starts with an exception pending, and fnsave does not wait for one, so nothing ever traps.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum { MAX_TESTS = 4096, STATE = 108, OPERAND = 16 };

struct test {
	u8 code[4];			/* a memory operand is addressed by ebx */
	u32 code_length, eax, eflags;
	u8 operand[OPERAND];
	u8 state[STATE];
};

struct outcome {
	u32 eax, eflags;
	u8 operand[OPERAND];
	u8 state[STATE];
};

static struct test tests[MAX_TESTS];
static struct outcome outcomes[MAX_TESTS];
static u8 main_stack[1 << 14] __attribute__((aligned(64), used));
static u8 code[4096] __attribute__((aligned(4096)));
static u8 operand[OPERAND] __attribute__((aligned(16)));
static u8 state[STATE];

static int call(int number, int a, int b, int c)
{
	int result;

	__asm__ volatile("pushl %%ebx\n\tmovl %2, %%ebx\n\tint $0x80\n\tpopl %%ebx"
			 : "=a"(result) : "0"(number), "r"(a), "c"(b), "d"(c) : "memory", "cc");
	return result;
}

enum { EXIT = 1, READ = 3, WRITE = 4, MPROTECT = 125 };

static void copy(void *to, const void *from, u32 length)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static void transfer(int number, int file, void *data, u32 length)
{
	u8 *at = data;

	while (length) {
		int done = call(number, file, (int)at, length);
		if (done <= 0)
			call(EXIT, done < 0, 0, 0);
		at += done;
		length -= done;
	}
}

static void execute(const struct test *test, struct outcome *outcome)
{
	static const u8 tail[] = { 0xc3 };
	u32 eax = test->eax, eflags = test->eflags;

	copy(code, test->code, test->code_length);
	copy(code + test->code_length, tail, sizeof tail);
	copy(operand, test->operand, OPERAND);
	copy(state, test->state, STATE);
	__asm__ volatile("pushl %%ebx\n\tmovl $operand, %%ebx\n\tfrstor state\n\tpushl %1\n\tpopfl\n\tcall *%2\n\t"
			 "pushfl\n\tpopl %1\n\tfnsave state\n\tpopl %%ebx"
			 : "+a"(eax), "+d"(eflags) : "S"(code) : "memory", "cc", "ecx");
	outcome->eax = eax;
	outcome->eflags = eflags;
	copy(outcome->operand, operand, OPERAND);
	copy(outcome->state, state, STATE);
}

static void __attribute__((used)) serve(void)
{
	u32 count;

	if (call(MPROTECT, (int)code, sizeof code, 7) < 0)
		call(EXIT, 3, 0, 0);
	for (;;) {
		transfer(READ, 0, &count, sizeof count);
		if (count > MAX_TESTS)
			call(EXIT, 9, 0, 0);
		transfer(READ, 0, tests, count * sizeof tests[0]);
		for (u32 i = 0; i < count; i++)
			execute(&tests[i], &outcomes[i]);
		transfer(WRITE, 1, outcomes, count * sizeof outcomes[0]);
	}
}

__asm__(".globl _start\n_start:\n\tmovl $main_stack+16384, %esp\n\tcall serve\n");
