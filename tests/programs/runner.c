/* Runs every program of a folder, one after the other, and writes what they said and how they ended.
 *
 *     runner FOLDER OUTPUT      on this machine
 *     as /init of a Linux guest: the programs of /programs, onto the guest's first disk; then it powers the guest down
 *
 * It is the same program in both places, so that a program finds the same in both: its name as argv[0], no environment,
 * its folder as working directory, /dev/null as input, a pipe as output, addresses as a 32-bit kernel gives them, at no
 * random places. It needs no C library, so it runs on kernels of 2007.
 *
 *     gcc -m32 -O2 -ffreestanding -fno-stack-protector -fno-pie -nostdlib -static -no-pie -o runner runner.c
 *
 * The output is a sequence of records: a letter, a length of four bytes, and so many bytes. N: a program begins, its
 * name; O: what it wrote, to standard output or error; S: how it ended, as waitpid() says it, or that it was killed for
 * silence (65536) or after saying too much (131072); E: that was all.
 */
typedef unsigned int u32;

enum {
	SILENCE = 300,			/* seconds without a word after which a program is killed */
	MOST = 32 << 20,		/* bytes of output after which a program is no longer listened to */
	PROGRAMS = 512, NAME = 128,
	DISK_BUFFER = 1 << 16,

	EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6, WAITPID = 7, EXECVE = 11, CHDIR = 12, MKNOD = 14,
	GETPID = 20, MOUNT = 21, KILL = 37, PIPE = 42, IOCTL = 54, SETPGID = 57, DUP2 = 63, SETRLIMIT = 75, REBOOT = 88, SOCKETCALL = 102,
	FSYNC = 118, PERSONALITY = 136, POLL = 168, GETDENTS64 = 220,

	O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_TRUNC = 01000, S_IFBLK = 060000, POLLIN = 1, SIGKILL = 9,
	SILENT = 1 << 16, CUT = 1 << 17,	/* in place of a status */
	RLIMIT_CORE = 4, DT_DIR = 4,
	ADDR_NO_RANDOMIZE = 0x40000, ADDR_LIMIT_3GB = 0x8000000,
	SIOCSIFFLAGS = 0x8914, SIOCSIFADDR = 0x8916,
};

static char names[PROGRAMS][NAME];
static char buffer[DISK_BUFFER];
static u32 buffered;
static int output;

static int call(int number, u32 a, u32 b, u32 c, u32 d, u32 e)
{
	int result;
	asm volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}
#define call0(n) call(n, 0, 0, 0, 0, 0)
#define call1(n, a) call(n, (u32)(a), 0, 0, 0, 0)
#define call2(n, a, b) call(n, (u32)(a), (u32)(b), 0, 0, 0)
#define call3(n, a, b, c) call(n, (u32)(a), (u32)(b), (u32)(c), 0, 0)

void *memcpy(void *to, const void *from, u32 count)
{
	char *t = to;
	const char *f = from;
	while (count--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int value, u32 count)
{
	char *t = to;
	while (count--)
		*t++ = value;
	return to;
}

static u32 length(const char *text)
{
	u32 n = 0;
	while (text[n])
		n++;
	return n;
}

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

static void stop(const char *why)
{
	call3(WRITE, 2, why, length(why));
	call3(WRITE, 2, "\n", 1);
	if (call0(GETPID) == 1)
		call3(REBOOT, 0xfee1dead, 672274793, 0x4321fedc);
	call1(EXIT, 2);
}

static void drain(void)
{
	u32 done = 0;
	while (done < buffered) {
		int n = call3(WRITE, output, buffer + done, buffered - done);
		if (n <= 0)
			stop("runner: the output could not be written");
		done += n;
	}
	buffered = 0;
}

static void put(const void *bytes, u32 count)
{
	while (count) {
		u32 part = least(count, DISK_BUFFER - buffered);
		memcpy(buffer + buffered, bytes, part);
		buffered += part;
		bytes = (const char *)bytes + part;
		count -= part;
		if (buffered == DISK_BUFFER)
			drain();
	}
}

static void record(char kind, const void *bytes, u32 count)
{
	put(&kind, 1);
	put(&count, 4);
	put(bytes, count);
}

/* The files of the working directory, by name. */
static u32 list(void)
{
	static char entries[8192] __attribute__((aligned(8)));
	u32 found = 0;
	int folder = call3(OPEN, ".", 0, 0), n;
	while ((n = call3(GETDENTS64, folder, entries, sizeof(entries))) > 0)
		for (int at = 0; at < n; ) {
			const char *entry = entries + at, *name = entry + 19;
			at += *(unsigned short *)(entry + 16);
			if (entry[18] == DT_DIR || name[0] == '.' || length(name) >= NAME)
				continue;
			if (found == PROGRAMS)
				stop("runner: too many programs");
			u32 place = found++;
			for (; place && compare(names[place - 1], name) > 0; place--)
				memcpy(names[place], names[place - 1], NAME);
			memcpy(names[place], name, length(name) + 1);
		}
	call1(CLOSE, folder);
	return found;
}

static void become(const char *name, int out)
{
	static const u32 no_core[2];
	const char *arguments[] = { name, 0 }, *environment[] = { 0 };
	int nothing = call3(OPEN, "/dev/null", O_RDWR, 0);
	call2(SETPGID, 0, 0);
	call2(SETRLIMIT, RLIMIT_CORE, no_core);
	call1(PERSONALITY, ADDR_NO_RANDOMIZE | ADDR_LIMIT_3GB);
	call2(DUP2, nothing, 0);
	call2(DUP2, out, 1);
	call2(DUP2, out, 2);
	for (int other = 3; other < 64; other++)
		call1(CLOSE, other);
	call3(EXECVE, name, arguments, environment);
	call1(EXIT, 127);
}

static void run(const char *name)
{
	static char words[1 << 16];
	int ends[2], status = 0;
	u32 heard = 0;
	record('N', name, length(name));
	if (call1(PIPE, ends) < 0)
		stop("runner: there is no pipe");
	int child = call0(FORK);
	if (child < 0)
		stop("runner: there is no process");
	if (!child)
		become(name, ends[1]);
	call2(SETPGID, child, child);
	call1(CLOSE, ends[1]);
	int said = 1;
	while (said > 0 && heard < MOST) {
		struct { int fd; short events, happened; } wait = { ends[0], POLLIN, 0 };
		said = call3(POLL, &wait, 1, SILENCE * 1000) == 1 ? call3(READ, ends[0], words, least(sizeof(words), MOST - heard)) : -1;
		if (said <= 0)
			break;
		record('O', words, said);
		heard += said;
	}
	/* One that said its last word ends by itself. Of another it depends on the moment how it ends, so that is not said. */
	if (said)
		call2(KILL, -child, SIGKILL);
	while (call3(WAITPID, child, &status, 0) < 0)
		;
	call2(KILL, -child, SIGKILL);
	call1(CLOSE, ends[0]);
	if (said)
		status = said < 0 ? SILENT : CUT;
	record('S', &status, 4);
}

static void run_all(const char *folder)
{
	if (call1(CHDIR, folder) < 0)
		stop("runner: the folder of programs cannot be entered");
	u32 count = list();
	for (u32 i = 0; i < count; i++)
		run(names[i]);
	record('E', 0, 0);
	drain();
	call1(FSYNC, output);
}

/* 127.0.0.1, which programs may talk to. */
static void bring_up_loopback(void)
{
	struct { char name[16]; union { short flags; struct { unsigned short family, port; unsigned char address[4]; char rest[8]; } at; }; } request = { "lo", { 0 } };
	u32 kind[] = { 2, 2, 0 };	/* AF_INET, SOCK_DGRAM */
	int s = call2(SOCKETCALL, 1, kind);
	request.at.family = 2;
	request.at.address[0] = 127;
	request.at.address[3] = 1;
	call3(IOCTL, s, SIOCSIFADDR, &request);
	memset(&request.at, 0, sizeof(request.at));
	request.flags = 1;		/* IFF_UP */
	call3(IOCTL, s, SIOCSIFFLAGS, &request);
	call1(CLOSE, s);
}

/* The guest's first disk, by what its kernel calls it: its node need not be there. */
static int open_disk(void)
{
	static const char *const numbers[] = { "/sys/block/lgba/dev", "/sys/block/vda/dev" };
	for (int i = 0; i < 2; i++) {
		char text[32] = "";
		u32 major = 0, minor = 0, *number = &major;
		int file = call3(OPEN, numbers[i], 0, 0);
		if (file < 0 || call3(READ, file, text, sizeof(text) - 1) <= 0)
			continue;
		call1(CLOSE, file);
		for (const char *at = text; *at && *at != '\n'; at++)
			if (*at == ':')
				number = &minor;
			else
				*number = *number * 10 + *at - '0';
		call3(MKNOD, "/disk", S_IFBLK | 0600, major << 8 | minor);
		return call3(OPEN, "/disk", O_WRONLY, 0);
	}
	return -1;
}

static void mount(const char *kind, const char *place)
{
	call(MOUNT, (u32)kind, (u32)place, (u32)kind, 0, 0);
}

static void init(void)
{
	mount("proc", "/proc");
	mount("sysfs", "/sys");
	bring_up_loopback();
	output = open_disk();
	if (output < 0)
		stop("runner: the guest has no disk to write to");
	run_all("/programs");
	call1(CLOSE, output);
	call3(REBOOT, 0xfee1dead, 672274793, 0x4321fedc);
}

void __attribute__((used)) start(u32 *stack)
{
	char **arguments = (char **)(stack + 1);
	if (call0(GETPID) == 1)
		init();
	if (stack[0] != 3)
		stop("usage: runner FOLDER OUTPUT");
	output = call3(OPEN, arguments[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (output < 0)
		stop("runner: the output cannot be written");
	run_all(arguments[1]);
	call1(EXIT, 0);
}

asm(".globl _start\n_start: mov %esp, %eax\nand $-16, %esp\nsub $12, %esp\npush %eax\ncall start");
