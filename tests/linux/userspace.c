/*
 * What real programs ask of a 32-bit Linux, checked from ring 3: run it inside a guest (or natively, to see what is right).
 * Not here: single stepping. Kernels of 2007 read DR6 for it, which ring 1 may not, under any host.
 * Prints "ok NAME" or "BAD NAME: …" for each check and ends with "USERSPACE ok=N bad=N"; the exit status is 0 if all are ok.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int good, bad;

static void check(const char *name, int right, const char *format, long value)
{
    if (right) { good++; printf("ok %s\n", name); }
    else { bad++; printf("BAD %s: ", name); printf(format, value); putchar('\n'); }
    fflush(stdout);
}

/* ---- faults from ring 3 arrive as the right signal, with the right address ---- */

static sigjmp_buf back;
static volatile int caught;
static volatile long caught_address, caught_code;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    caught = signal;
    caught_address = (long)info->si_addr;
    caught_code = info->si_code;
    siglongjmp(back, 1);
}

#define FAULT(name, expected, ...)                                         \
    do {                                                                   \
        caught = 0;                                                        \
        if (!sigsetjmp(back, 1)) { __VA_ARGS__; }                          \
        check("fault " name, caught == (expected), "signal %ld", caught);  \
    } while (0)

static void faults(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);

    FAULT("cli", SIGSEGV, __asm__ volatile("cli"));
    FAULT("sti", SIGSEGV, __asm__ volatile("sti"));
    FAULT("hlt", SIGSEGV, __asm__ volatile("hlt"));
    FAULT("in", SIGSEGV, __asm__ volatile("inb $0x70, %%al" ::: "eax"));
    FAULT("out", SIGSEGV, __asm__ volatile("outb %%al, $0x80" :: "a"(0)));
    FAULT("int 0x1f", SIGSEGV, __asm__ volatile("int $0x1f" :: "a"(2), "d"(0)));
    FAULT("int 0x20", SIGSEGV, __asm__ volatile("int $0x20"));
    FAULT("mov cr3", SIGSEGV, __asm__ volatile("movl %%cr3, %%eax" ::: "eax"));
    FAULT("lgdt", SIGSEGV, { static char table[8]; __asm__ volatile("lgdt %0" :: "m"(*table)); });
    FAULT("ud2", SIGILL, __asm__ volatile("ud2"));
    FAULT("int3", SIGTRAP, __asm__ volatile("int3"));
    FAULT("into", SIGSEGV, __asm__ volatile("movb $0x7f, %%al; addb $1, %%al; into" ::: "eax"));
    FAULT("divide by zero", SIGFPE, __asm__ volatile("divl %%ecx" :: "a"(1), "d"(0), "c"(0)));
    FAULT("divide overflow", SIGFPE, __asm__ volatile("idivl %%ecx" :: "a"(0x80000000), "d"(-1), "c"(-1)));
    FAULT("bound", SIGSEGV, { static int range[2] = { 1, 2 }; __asm__ volatile("boundl %0, %1" :: "r"(7), "m"(*range)); });
    FAULT("null read", SIGSEGV, *(volatile int *)0);
    check("fault null read: address", caught_address == 0, "%lx", caught_address);
    FAULT("kernel read", SIGSEGV, *(volatile int *)0xc0100000);
    check("fault kernel read: address", caught_address == (long)0xc0100000, "%lx", caught_address);
    FAULT("switcher read", SIGSEGV, *(volatile int *)0xffc00000);
    FAULT("kernel jump", SIGSEGV, ((void (*)(void))0xc0100000)());
    FAULT("bad selector", SIGSEGV, __asm__ volatile("movw %w0, %%fs" :: "r"(0xfffb)));
    FAULT("x87 stack", SIGFPE, {
        uint16_t control = 0x37e;            /* invalid operation unmasked */
        __asm__ volatile("fninit; fldcw %0; fldz; fldz; fdivrp; fwait" :: "m"(control));
    });
    __asm__ volatile("fninit");
}

/* ---- memory ---- */

static void memory(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *map = mmap(0, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(map, 7, 8 * page);
    mprotect(map + 2 * page, page, PROT_READ);
    FAULT("write to read-only", SIGSEGV, *(volatile char *)(map + 2 * page + 5) = 1);
    check("mprotect: address", caught_address == (long)(map + 2 * page + 5), "%lx", caught_address);
    check("mprotect: still readable", map[2 * page] == 7, "%ld", map[2 * page]);
    mprotect(map + 3 * page, page, PROT_NONE);
    FAULT("read of PROT_NONE", SIGSEGV, *(volatile char *)(map + 3 * page));
    mprotect(map + 3 * page, page, PROT_READ | PROT_WRITE);
    map[3 * page + 1] = 9;
    check("PROT_NONE and back keeps the data", map[3 * page] == 7 && map[3 * page + 1] == 9, "%ld", map[3 * page]);
    munmap(map + 4 * page, page);
    FAULT("read of unmapped", SIGSEGV, *(volatile char *)(map + 4 * page));

    int pid = fork();                        /* copy on write, both ways */
    if (pid == 0) {
        int right = map[0] == 7;
        map[0] = 1;
        _exit(right && map[0] == 1 ? 0 : 1);
    }
    map[1] = 2;
    int status = -1;
    waitpid(pid, &status, 0);
    check("copy on write", status == 0 && map[0] == 7 && map[1] == 2, "status %ld", status);

    char *shared = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ((pid = fork()) == 0) { strcpy(shared, "from the child"); _exit(0); }
    waitpid(pid, &status, 0);
    check("shared mapping", !strcmp(shared, "from the child"), "status %ld", status);

    char *stack = alloca(1 << 20);           /* the stack grows on demand */
    for (long at = (1 << 20) - 1; at >= 0; at -= page) stack[at] = 1;
    check("stack growth", stack[(1 << 20) - 1] == 1, "%ld", 0);

    char *big = malloc(3 << 20);
    memset(big, 5, 3 << 20);
    big = realloc(big, 4 << 20);
    check("heap", big[(3 << 20) - 1] == 5, "%ld", 0);
    free(big);
}

/* ---- threads with thread-local storage (gs) ---- */

static __thread int mine = 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;
static long total;

static void *worker(void *argument)
{
    long number = (long)argument;
    for (int i = 0; i < 1000; i++) {
        mine += number;
        pthread_mutex_lock(&lock);
        total++;
        pthread_mutex_unlock(&lock);
        if (i % 100 == 0) sched_yield();
    }
    return (void *)(long)mine;
}

static void *ping(void *argument)
{
    long number = (long)argument;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&lock);
        while (turn % 2 != number) pthread_cond_wait(&turned, &lock);
        turn++;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&lock);
    }
    return 0;
}

static void threads(void)
{
    pthread_t thread[4];
    int made = 0, right = 0;
    for (long i = 0; i < 4; i++) made += pthread_create(&thread[i], 0, worker, (void *)i) == 0;
    for (long i = 0; i < made; i++) {
        void *result;
        pthread_join(thread[i], &result);
        right += (long)result == 1 + 1000 * i;
    }
    check("threads", made == 4 && total == 4000, "total %ld", total);
    check("thread-local storage", right == 4 && mine == 1, "%ld right", right);
    if (pthread_create(&thread[0], 0, ping, (void *)0) || pthread_create(&thread[1], 0, ping, (void *)1)) return;
    pthread_join(thread[0], 0);
    pthread_join(thread[1], 0);
    check("condition variables", turn == 400, "turn %ld", turn);
}

/* ---- time, signals ---- */

static volatile int ticks;
static void on_tick(int signal) { (void)signal; ticks++; }

static int64_t now(void)                 /* microseconds */
{
    struct timeval time;
    gettimeofday(&time, 0);
    return time.tv_sec * 1000000LL + time.tv_usec;
}

static void timers(void)
{
    signal(SIGALRM, on_tick);
    signal(SIGVTALRM, on_tick);
    signal(SIGPROF, on_tick);
    int kinds[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
    const char *names[] = { "itimer real", "itimer virtual", "itimer profiling" };
    for (int i = 0; i < 3; i++) {
        struct itimerval every = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
        ticks = 0;
        int64_t start = now();
        setitimer(kinds[i], &every, 0);
        while (ticks < 5 && now() - start < 10000000) if (i == 0) pause();
        setitimer(kinds[i], &never, 0);
        check(names[i], ticks >= 5 && now() - start > 50000, "%ld ticks", ticks);
    }
    int64_t start = now();
    usleep(50000);
    int64_t slept = now() - start;
    check("usleep", slept > 40000 && slept < 1000000, "%ld us", (long)slept);

    int64_t before = now();
    int backwards = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t after = now();
        backwards += after < before;
        before = after;
    }
    check("time never goes back", backwards == 0, "%ld times", backwards);
}

static volatile int depth, deepest;
static void on_nested(int signal)
{
    if (++depth > deepest) deepest = depth;
    if (signal == SIGUSR1) raise(SIGUSR2);
    depth--;
}

static void signals(void)
{
    struct sigaction action = { .sa_handler = on_nested };
    sigaction(SIGUSR1, &action, 0);
    sigaction(SIGUSR2, &action, 0);
    for (int i = 0; i < 100; i++) raise(SIGUSR1);
    check("nested signals", deepest == 2 && depth == 0, "depth %ld", deepest);

    stack_t other = { .ss_sp = malloc(SIGSTKSZ), .ss_size = SIGSTKSZ };
    sigaltstack(&other, 0);
    struct sigaction on_other = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaction(SIGSEGV, &on_other, 0);
    FAULT("signal stack", SIGSEGV, __asm__ volatile("movl $16, %%esp; pushl %%eax" ::: "memory"));

    int status, pid = fork();
    if (pid == 0) { signal(SIGSEGV, SIG_DFL); *(volatile int *)0 = 1; _exit(0); }
    waitpid(pid, &status, 0);
    check("killed by a signal", WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %lx", status);
    pid = fork();
    if (pid == 0) { pause(); _exit(0); }
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    int stopped = WIFSTOPPED(status);
    kill(pid, SIGCONT);
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    check("stop, continue, terminate", stopped && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status %lx", status);
}

/* ---- floating point across context switches ---- */

__attribute__((noinline)) static double series(int seed)
{
    volatile double sum = 0;             /* stored each time: the same on every processor and compiler */
    for (int i = 1; i < 60000; i++) sum += seed / (double)i - (i % 7) * 1e-3;
    return sum;
}

static void floating_point(void)
{
    volatile double expected[4];
    for (int i = 0; i < 4; i++) expected[i] = series(i + 1);
    int pids[4], right = 0;
    for (int i = 0; i < 4; i++)
        if ((pids[i] = fork()) == 0) {
            int same = 1;
            for (int round = 0; round < 5; round++) {
                volatile double again = series(i + 1);
                same &= again == expected[i];
            }
            _exit(same ? 0 : 1);
        }
    for (int i = 0; i < 4; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        right += status == 0;
    }
    check("floating point in four processes", right == 4, "%ld right", right);

    uint16_t narrow = 0x27f, seen = 0;       /* 53-bit precision must survive a switch, too */
    __asm__ volatile("fldcw %0" :: "m"(narrow));
    usleep(20000);
    __asm__ volatile("fnstcw %0" : "=m"(seen));
    __asm__ volatile("fninit");
    check("control word across a switch", seen == narrow, "%lx", seen);
}

/* ---- pipes and TCP ---- */

static void streams(void)
{
    int ends[2], status;
    pipe(ends);
    int pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (int i = 0; i < 1 << 18; i += 4) write(ends[1], &i, 4);
        _exit(0);
    }
    close(ends[1]);
    char buffer[5000];
    long got = 0, part;
    while ((part = read(ends[0], buffer, sizeof buffer)) > 0) got += part;
    waitpid(pid, &status, 0);
    check("pipe", got == 1 << 18, "%ld bytes", got);

    int server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4711), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(server, (void *)&address, sizeof address) || listen(server, 1)) { check("TCP over loopback", 0, "errno %ld", errno); return; }
    if ((pid = fork()) == 0) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client, (void *)&address, sizeof address)) _exit(1);
        for (int i = 0; i < 256; i++) { memset(buffer, i, 4096); if (write(client, buffer, 4096) != 4096) _exit(2); }
        shutdown(client, SHUT_WR);
        _exit(read(client, buffer, 4) == 4 && !memcmp(buffer, "done", 4) ? 0 : 3);
    }
    int peer = accept(server, 0, 0);
    for (got = 0; (part = read(peer, buffer, sizeof buffer)) > 0;) {
        for (long i = 0; i < part; i++) if ((unsigned char)buffer[i] != (((got + i) >> 12) & 255)) bad++;
        got += part;
    }
    write(peer, "done", 4);
    waitpid(pid, &status, 0);
    check("TCP over loopback", got == 1 << 20 && status == 0, "%ld bytes", got);
    close(peer);
    close(server);
}

int main(int argc, char **argv)
{
    if (argc > 1) { printf("ok exec with %s\n", argv[1]); return strcmp(argv[1], "an argument") != 0; }
    faults();
    memory();
    threads();
    timers();
    signals();
    floating_point();
    streams();
    int status, pid = fork();
    if (pid == 0) { execl("/proc/self/exe", argv[0], "an argument", (char *)0); _exit(9); }
    waitpid(pid, &status, 0);
    check("fork and exec", status == 0, "status %lx", status);
    printf("USERSPACE ok=%d bad=%d\n", good, bad);
    return bad != 0;
}
