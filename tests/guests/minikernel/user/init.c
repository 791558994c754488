/* The first program: makes copies of itself, works beside them and beside the second program, and says
 * how it went. Nobody else writes to the console, so the lines have an order. */

#include "user.h"

#define WORKER 2                /* the second program's pid */

static u32 kept = 1234, nothing[2048];

static u32 length_of(const char *text)
{
    u32 length = 0;

    while (text[length])
        length++;
    return length;
}

static char *put(char *out, const char *text)
{
    while (*text)
        *out++ = *text++;
    return out;
}

static u32 failures;

static void check(int ok, const char *name)
{
    char line[WRITE_MOST], *end = put(put(put(line, ok ? "PASS " : "FAIL "), name), "\n");

    call(CALL_WRITE, (u32)line, end - line);
    failures += !ok;
}

/* ---- A program's memory ---- */

/* Uses `depth` pages of the stack. */
static u32 deep(u32 depth)
{
    volatile u32 page[1024];

    page[0] = depth;
    return depth ? deep(depth - 1) + page[0] : 0;
}

static void memory(void)
{
    static const char across[] = "PASS the kernel reads text on pages that nobody touched\n";

    check(kept == 1234 && !nothing[0] && !nothing[2047], "a program begins with its data, and zeros");
    kept++;
    check(kept == 1235, "which it may change");
    check(deep(12) == 78, "its stack grows");
    call(CALL_WRITE, (u32)across, length_of(across));
    check(call(CALL_WRITE, 0xc0100000, 4) == 0 && call(CALL_WRITE, USER_PROGRAM_END - 2, 4) == 0,
          "the kernel reads nothing for it that it may not read itself");
}

/* ---- Working beside others ---- */

static void report(u32 wrong)
{
    check(!(wrong & WRONG_REGISTERS), "  its registers were its own");
    check(!(wrong & WRONG_MEMORY), "  its memory, too");
    check(!(wrong & WRONG_TLS), "  and its thread-local storage");
    if (call(CALL_FEATURES, 0, 0) & FEATURE_FPU)
        check(!(wrong & WRONG_FPU), "  and what it had in the FPU");
    check(!(wrong & WRONG_SLEEP), "  it slept long enough");
    check(!(wrong & ~(WRONG_REGISTERS | WRONG_MEMORY | WRONG_TLS | WRONG_FPU | WRONG_SLEEP)), "  and nothing else was wrong");
}

static void working(void)
{
    u32 first = work(1, MOST_PAGES), wrong_copy = 0, child = fork(&wrong_copy), status;

    if (!child) {
        kept = 99;
        wrong_copy |= work(3, 15);
        if (!pages_are(1, 15, MOST_PAGES))
            wrong_copy |= WRONG_MEMORY;
        call(CALL_EXIT, wrong_copy, 0);
    }
    first |= wrong_copy | work(4, 30);
    status = call(CALL_WAIT, child, 0);
    check(1, "this program worked");
    report(first);
    check(status != NO_PROCESS, "its copy worked");
    report(status);
    check(kept == 1235, "  and changed nothing here");
    status = call(CALL_WAIT, WORKER, 0);
    check(status != NO_PROCESS, "the other program worked");
    report(status);
    check(call(CALL_WAIT, child, 0) == NO_PROCESS, "whoever was waited for is gone");
}

/* ---- Programs that do what they must not ---- */

static void read_nothing(void)
{
    asm volatile("movl 0, %%eax" : : : "eax");
}

static void read_kernel(void)
{
    asm volatile("movl 0xc0100000, %%eax" : : : "eax");
}

static void stop_processor(void)
{
    asm volatile("hlt");
}

static void call_host(void)
{
    asm volatile("int $0x1f" : : "a"(2), "d"(0x100000));
}

static void make_no_sense(void)
{
    asm volatile("ud2");
}

static void call_nobody(void)
{
    call(4711, 0, 0);
}

static void ends_with(void (*bad)(void), u32 trap, const char *name)
{
    u32 child = call(CALL_FORK, 0, 0);

    if (!child) {
        bad();
        call(CALL_EXIT, 0, 0);
    }
    check(call(CALL_WAIT, child, 0) == STATUS_TRAPPED + trap, name);
}

static void misbehaving(void)
{
    ends_with(read_nothing, 14, "reading what is not there ends a program");
    ends_with(read_kernel, 14, "reading the kernel's memory, too");
    ends_with(stop_processor, 13, "and stopping the processor");
    ends_with(call_host, 13, "and calling the host");
    ends_with(make_no_sense, 6, "and making no sense");
    ends_with(call_nobody, 0x80, "and a system call that nobody knows");
}

/* ---- Input ---- */

static void input(void)
{
    static char line[64];
    static const char question[] = "Who are you?\n";
    u32 length = 0, got;
    char answer[WRITE_MOST], *end;

    call(CALL_WRITE, (u32)question, length_of(question));
    do
        length += got = call(CALL_READ, (u32)line + length, sizeof line - 1 - length);
    while (got && length < sizeof line - 1 && line[length - 1] != '\n');
    end = put(put(answer, "Good day, "), line);
    call(CALL_WRITE, (u32)answer, end - answer);
    check(length > 1 && line[length - 1] == '\n', "a line came in");
}

/* ---- The network ---- */

#define ROUNDS 30

/* What is said in a round: longer each time. An answer has 1 added to every byte. */
static u32 say(char *text, u32 round, u32 add)
{
    u32 length = 1 + round * 51;

    for (u32 i = 0; i < length; i++)
        text[i] = round * 7 + i + add;
    return length;
}

static int is_said(const char *text, u32 length, u32 round, u32 add)
{
    static char right[NET_MOST];

    if (length != say(right, round, add))
        return 0;
    for (u32 i = 0; i < length; i++)
        if (text[i] != right[i])
            return 0;
    return 1;
}

/* The guest in slot 0 answers, the other one begins. It may be there before the first one listens. */
static void network(void)
{
    static char said[NET_MOST], heard[NET_MOST];
    u32 answers = call(CALL_NET_SLOT, 0, 0) == 0, right = 0;

    for (u32 round = 0; round < ROUNDS; round++) {
        if (!answers)
            while (!call(CALL_NET_SEND, (u32)said, say(said, round, 0)))
                call(CALL_SLEEP, 1, 0);
        right += is_said(heard, call(CALL_NET_RECEIVE, (u32)heard, sizeof heard), round, !answers);
        if (answers)
            call(CALL_NET_SEND, (u32)said, say(said, round, 1));
    }
    check(right == ROUNDS, answers ? "another guest asked, and was answered" : "another guest was asked, and answered");
}

int main(void)
{
    memory();
    working();
    misbehaving();
    if (call(CALL_FEATURES, 0, 0) & FEATURE_INPUT)
        input();
    if (call(CALL_FEATURES, 0, 0) & FEATURE_NET)
        network();
    return failures;
}
