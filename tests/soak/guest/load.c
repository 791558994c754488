/* The load of a soak, inside a 32-bit Linux: numbered records on the disk, bytes there and back over TCP and UDP,
 * and a console that is busy both ways. What it prints are lines "KIND numbers#checksum"; a line "A n" is a promise:
 * record n is on the disk, whatever happens to the host's process from now on.
 *
 *   soak-load DISK        run by init as the first process; "-" for no disk
 *
 * It needs no C library, so that it runs on kernels of all eras and can be built anywhere. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define RECORD      4096
#define WORDS       (RECORD / 4)
#define MAGIC       0x4b414f53u         /* "SOAK" */
#define PORT        7777
#define GATEWAY     0x0a000202u
#define MOST_BYTES  6000

enum { EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6, LSEEK = 19, SYNC = 36, KILL = 37, IOCTL = 54,
       REBOOT = 88, SOCKETCALL = 102, FSYNC = 118, NANOSLEEP = 162, CLOCK_GETTIME = 265 };

enum { SOCKET = 1, CONNECT = 3, SEND = 9, RECV = 10, SETSOCKOPT = 14 };

#define O_RDWR        2
#define O_DIRECT      040000
#define BLKGETSIZE64  0x80041272u
#define TCGETS        0x5401
#define TCSETS        0x5402
#define MSG_NOSIGNAL  0x4000
#define POWER_OFF     0x4321fedcu

static int call(int number, u32 a, u32 b, u32 c)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

static int call4(int number, u32 a, u32 b, u32 c, u32 d)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
    return result;
}

void *memset(void *to, int value, unsigned long count)
{
    u8 *at = to;
    while (count--) *at++ = value;
    return to;
}

void *memcpy(void *to, const void *from, unsigned long count)
{
    u8 *at = to;
    const u8 *source = from;
    while (count--) *at++ = *source++;
    return to;
}

static void sleep_ms(u32 milliseconds)
{
    u32 span[2] = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    call(NANOSLEEP, (u32)span, 0, 0);
}

static u32 checksum(const void *bytes, u32 count)
{
    const u8 *at = bytes;
    u32 sum = 2166136261u;
    while (count--) sum = (sum ^ *at++) * 16777619u;
    return sum;
}

static u32 next(u32 *state)
{
    u32 x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* ---- lines ---- */

struct line { u32 length; char text[400]; };

static void put(struct line *line, const char *text)
{
    while (*text && line->length < sizeof line->text - 12) line->text[line->length++] = *text++;
}

static void put_number(struct line *line, u32 number)
{
    char digits[12];
    int at = sizeof digits;
    digits[--at] = 0;
    do digits[--at] = '0' + number % 10; while (number /= 10);
    put(line, " ");
    put(line, digits + at);
}

/* One write, so that lines of several processes do not mix. */
static void say(struct line *line)
{
    u32 sum = checksum(line->text, line->length), left;
    const char *at = line->text;
    line->text[line->length++] = '#';
    for (int digit = 7; digit >= 0; digit--) line->text[line->length++] = "0123456789abcdef"[sum >> 4 * digit & 15];
    line->text[line->length++] = '\n';
    for (left = line->length; left > 0;) {
        int done = call(WRITE, 1, (u32)at, left);
        if (done <= 0) { sleep_ms(10); continue; }
        at += done;
        left -= done;
    }
}

static void say_numbers(const char *kind, u32 a, u32 b, u32 c, u32 d)
{
    struct line line = { 0 };
    put(&line, kind);
    put_number(&line, a);
    put_number(&line, b);
    put_number(&line, c);
    put_number(&line, d);
    say(&line);
}

/* ---- the disk ---- */

static u32 record[WORDS] __attribute__((aligned(4096))), seen[WORDS] __attribute__((aligned(4096)));

static void fill(u32 number)
{
    u32 state = number * 2654435761u | 1;
    record[0] = MAGIC;
    record[1] = number;
    for (int i = 2; i < WORDS - 1; i++) record[i] = next(&state);
    record[WORDS - 1] = checksum(record, RECORD - 4);
}

static int is_whole(const u32 *what)
{
    return what[0] == MAGIC && what[WORDS - 1] == checksum(what, RECORD - 4);
}

static int transfer(int number, int file, u32 slot, void *bytes)
{
    int result = call(LSEEK, file, slot * RECORD, 0);
    if (result < 0) return result;
    result = call(number, file, (u32)bytes, RECORD);
    return result == RECORD ? 0 : result < 0 ? result : -5;
}

static void load_disk(const char *path)
{
    int cached, direct;
    u64 bytes = 0;
    u32 slots, newest = 0, whole = 0, first, errors = 0, verified = 0, state = 88172645u;

    while ((cached = call(OPEN, (u32)path, O_RDWR, 0)) < 0) {
        say_numbers("X 68", 0, -cached, 0, 0);
        sleep_ms(1000);
    }
    direct = call(OPEN, (u32)path, O_RDWR | O_DIRECT, 0);
    if (direct < 0) direct = cached;
    call(IOCTL, cached, BLKGETSIZE64, (u32)&bytes);
    slots = (u32)(bytes >> 12);
    for (u32 slot = 0; slot < slots; slot++) {
        if (transfer(READ, direct, slot, seen) < 0) { errors++; continue; }
        if (!is_whole(seen)) continue;
        whole++;
        if (seen[1] > newest) newest = seen[1];
    }
    say_numbers("B", newest, whole, slots, errors);
    first = newest + 1;
    for (u32 number = first;;) {
        int result;
        fill(number);
        if (number & 1) {
            result = transfer(WRITE, direct, number % slots, record);
        } else {
            result = transfer(WRITE, cached, number % slots, record);
            int saved = call(FSYNC, cached, 0, 0);
            if (result == 0) result = saved;
        }
        if (result < 0) {
            say_numbers("X 68", number, -result, 0, 0);
            sleep_ms(250);
            continue;
        }
        say_numbers("A", number, 0, 0, 0);
        number++;
        if (number % 8 == 0) {
            u32 known = number - first < slots - 1 ? number - first : slots - 1, old = number - 1 - next(&state) % known;
            result = transfer(READ, direct, old % slots, seen);
            if (result < 0) say_numbers("X 68", old, -result, 1, 0);
            else if (is_whole(seen) && seen[1] == old) say_numbers("V", ++verified, old, 0, 0);
            else say_numbers("! disk: another record is there than was acknowledged", old, seen[0], seen[1], 0);
        }
        sleep_ms(4);
    }
}

/* ---- the network ---- */

static u8 sent[MOST_BYTES + 4], received[MOST_BYTES + 4];

static int socket_call(int which, u32 a, u32 b, u32 c, u32 d, u32 e)
{
    u32 arguments[5] = { a, b, c, d, e };
    return call(SOCKETCALL, which, (u32)arguments, 0);
}

static int connect_to_echo(int type, u32 seconds)
{
    u8 address[16] = { 2, 0, PORT >> 8, PORT & 255, GATEWAY >> 24, GATEWAY >> 16 & 255, GATEWAY >> 8 & 255, GATEWAY & 255 };
    u32 patience[2] = { seconds, 0 };
    int socket = socket_call(SOCKET, 2, type, 0, 0, 0), result;
    if (socket < 0) return socket;
    socket_call(SETSOCKOPT, socket, 1, 20, (u32)patience, 8);   /* SO_RCVTIMEO */
    socket_call(SETSOCKOPT, socket, 1, 21, (u32)patience, 8);   /* SO_SNDTIMEO */
    result = socket_call(CONNECT, socket, (u32)address, 16, 0, 0);
    if (result >= 0) return socket;
    call(CLOSE, socket, 0, 0);
    return result;
}

static int differ(u32 count)
{
    for (u32 i = 0; i < count; i++) if (sent[i] != received[i]) return 1;
    return 0;
}

static void load_tcp(void)
{
    u32 state = 2463534242u, rounds = 0, kibibytes = 0, odd = 0, connections = 0;

    for (;;) {
        int socket = connect_to_echo(1, 15);
        if (socket < 0) {
            say_numbers("X 78", 1, -socket, 0, 0);
            sleep_ms(500);
            continue;
        }
        connections++;
        for (u32 left = 20 + next(&state) % 200; left > 0; left--) {
            u32 count = 1 + next(&state) % MOST_BYTES, done;
            int result = 0;
            for (u32 i = 0; i < count; i += 4) {
                u32 word = next(&state);
                memcpy(sent + i, &word, 4);
            }
            for (done = 0; done < count; done += result)
                if ((result = socket_call(SEND, socket, (u32)sent + done, count - done, MSG_NOSIGNAL, 0)) <= 0) break;
            if (done == count)
                for (done = 0; done < count; done += result)
                    if ((result = socket_call(RECV, socket, (u32)received + done, count - done, 0, 0)) <= 0) break;
            if (done < count) {
                say_numbers("X 78", 2, -result, connections, 0);
                break;
            }
            if (differ(count)) say_numbers("! TCP: other bytes came back than were sent", count, connections, 0, 0);
            odd += count;
            kibibytes += odd >> 10;
            odd &= 1023;
            if (++rounds % 16 == 0) say_numbers("N", kibibytes, connections, rounds, 0);
            sleep_ms(15);
        }
        call(CLOSE, socket, 0, 0);
    }
}

static void load_udp(void)
{
    u32 state = 521288629u, number = 0, right = 0, lost = 0;
    int socket;

    while ((socket = connect_to_echo(2, 2)) < 0) sleep_ms(500);
    for (;;) {
        u32 count = 4 + next(&state) % 1400;
        int result;
        for (u32 i = 4; i < count; i++) sent[i] = (u8)next(&state);
        number++;
        memcpy(sent, &number, 4);
        result = socket_call(SEND, socket, (u32)sent, count, MSG_NOSIGNAL, 0);
        if (result == (int)count) {
            /* What was given up before may still come. */
            do result = socket_call(RECV, socket, (u32)received, sizeof received, 0, 0);
            while (result >= 4 && *(u32 *)received < number);
        }
        if (result < 0) lost++;
        else if (result != (int)count || differ(count)) say_numbers("! UDP: another datagram came back than was sent", number, count, result, 0);
        else right++;
        if (number % 16 == 0) say_numbers("U", right, lost, 0, 0);
        sleep_ms(25);
    }
}

/* ---- the console ---- */

static void flood_console(void)
{
    u32 number = 0, state = 123456789u;

    for (;;) {
        struct line line = { 0 };
        char letter[2] = { 0, 0 };
        u32 now[2] = { 0, 0 }, wall[2] = { 0, 0 };

        put(&line, "F");
        put_number(&line, number);
        put(&line, " ");
        for (u32 left = next(&state) % 300; left > 0; left--) {
            letter[0] = 'a' + next(&state) % 26;
            put(&line, letter);
        }
        say(&line);
        if (++number % 32 == 0) {
            call(CLOCK_GETTIME, 1, (u32)now, 0);
            call(CLOCK_GETTIME, 0, (u32)wall, 0);
            say_numbers("T", now[0], now[1] / 1000000, wall[0], 0);
        }
        sleep_ms(30);
    }
}

static void raw_console(void)
{
    struct { u32 input, output, control, local; u8 rest[64]; } settings;
    memset(&settings, 0, sizeof settings);
    if (call(IOCTL, 0, TCGETS, (u32)&settings) < 0) return;
    settings.input = settings.output = settings.local = 0;
    settings.rest[1 + 5] = 0;       /* VTIME */
    settings.rest[1 + 6] = 1;       /* VMIN */
    call(IOCTL, 0, TCSETS, (u32)&settings);
}

/* Lines from outside: "E …" comes back as "R …", "Q" switches the guest off. */
static void answer_console(void)
{
    struct line line = { 0 };
    char byte;

    for (;;) {
        if (call(READ, 0, (u32)&byte, 1) != 1) {
            sleep_ms(100);
            continue;
        }
        if (byte != '\n') {
            if (line.length < sizeof line.text - 12) line.text[line.length++] = byte;
            continue;
        }
        if (line.length == 0)
            continue;
        if (line.text[0] == 'E') {
            line.text[0] = 'R';
            say(&line);
        } else if (line.length == 1 && line.text[0] == 'Q') {
            return;
        } else {
            say_numbers("! console: a line came in that nobody sent", line.length, (u8)line.text[0], 0, 0);
        }
        line.length = 0;
    }
}

static void begin(void (*work)(void))
{
    if (call(FORK, 0, 0, 0) == 0) {
        work();
        call(EXIT, 0, 0, 0);
    }
}

static const char *disk_path;

static void disk_work(void)
{
    load_disk(disk_path);
}

__attribute__((used)) void enter(u32 *stack)
{
    char **arguments = (char **)(stack + 1);

    disk_path = stack[0] > 1 ? arguments[1] : "-";
    raw_console();
    if (disk_path[0] != '-') begin(disk_work);
    begin(load_tcp);
    begin(load_udp);
    begin(flood_console);
    answer_console();
    call(KILL, -1, 9, 0);
    call(SYNC, 0, 0, 0);
    say_numbers("Q", 0, 0, 0, 0);
    sleep_ms(50);
    call4(REBOOT, 0xfee1dead, 672274793, POWER_OFF, 0);
    call(EXIT, 1, 0, 0);
}

__asm__(".globl _start\n_start:\n    mov %esp, %eax\n    push %eax\n    call enter\n");
