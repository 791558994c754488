/* Descriptors: what LOAD_GDT and LOAD_TLS do to them, and what they must not let in. */

#include "harness.h"

#define DESCRIPTOR(base, limit, access, flags)                                              \
    ((unsigned long long)((limit) & 0xffff) | (unsigned long long)((base) & 0xffffff) << 16 | \
     (unsigned long long)(access) << 40 | (unsigned long long)((limit) >> 16 & 15) << 48 |  \
     (unsigned long long)(flags) << 52 | (unsigned long long)((base) >> 24) << 56)

#define PRESENT     0x80
#define RING3       0x60
#define SEGMENT     0x10    /* code or data; without it, a gate or a system segment */
#define DATA        0x00
#define WRITABLE    0x02
#define EXPAND_DOWN 0x04
#define CODE        0x08
#define CONFORMING  0x04
#define CALL_GATE   0x0c

#define BITS32      0x4
#define PAGES       0x8     /* the limit counts pages */

#define SELECTOR(slot, ring) ((slot) << 3 | (ring))

/* What LAR shows of a descriptor: access byte and flags. */
#define RIGHTS(access, flags) ((access) << 8 | (u32)(flags) << 20)
#define ACCESSED    0x01
#define RING1       0x20

static unsigned long long table[GDT_ENTRIES], tls[3];

static void load(void)
{
    hypercall(LOAD_GDT, physical(table), GDT_ENTRIES, 0);
}

static void load_tls(void)
{
    hypercall(LOAD_TLS, physical(tls), 0, 0);
}

/* 0 when ring 1 cannot see the descriptor at all. */
static u32 rights(u32 selector)
{
    u32 result;
    u8 visible;

    asm volatile("larl %2, %0; setz %1" : "=r"(result), "=q"(visible) : "r"(selector) : "cc");
    return visible ? result & 0x00f0ff00 : 0;
}

static void fixups(void)
{
    /* As Linux has them: for ring 0, not yet accessed. */
    table[KERNEL_CODE >> 3] = DESCRIPTOR(0, 0xfffff, PRESENT | SEGMENT | CODE | 2, PAGES | BITS32);
    table[KERNEL_DATA >> 3] = DESCRIPTOR(0, 0xfffff, PRESENT | SEGMENT | DATA | WRITABLE, PAGES | BITS32);
    table[USER_CODE >> 3] = DESCRIPTOR(0, 0xfffff, PRESENT | RING3 | SEGMENT | CODE | 2, PAGES | BITS32);
    table[USER_DATA >> 3] = DESCRIPTOR(0, 0xfffff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, PAGES | BITS32);
    load();

    asm volatile("ljmp %0, $1f\n1: movl %1, %%ds; movl %1, %%ss" : : "i"(KERNEL_CODE), "r"(KERNEL_DATA) : "memory");
    check(1, "the kernel's own segments can be loaded again");
    check_equal("ring 0 becomes ring 1, and accessed: code", rights(KERNEL_CODE),
                RIGHTS(PRESENT | RING1 | SEGMENT | CODE | 2 | ACCESSED, PAGES | BITS32));
    check_equal("ring 0 becomes ring 1, and accessed: data", rights(KERNEL_DATA),
                RIGHTS(PRESENT | RING1 | SEGMENT | DATA | WRITABLE | ACCESSED, PAGES | BITS32));
    check_equal("ring 3 stays ring 3", rights(USER_DATA),
                RIGHTS(PRESENT | RING3 | SEGMENT | DATA | WRITABLE | ACCESSED, PAGES | BITS32));
    check_equal("the guest's own table is left alone", (u32)(table[KERNEL_CODE >> 3] >> 40) & 0xff,
                PRESENT | SEGMENT | CODE | 2);
}

USER_TEXT(user_call_gate, "lcall $0xa3, $0");
USER_TEXT(user_conforming, "ljmp $0xb3, $0x08000000 + user_conforming_in - 0xc0000000\n"
                           "user_conforming_in: xorl %eax, %eax; int $0x80");
USER_TEXT(user_load_ds, "movl $0xbb, %eax; user_load_ds_at: movl %eax, %ds; xorl %eax, %eax; int $0x80");
extern const char user_load_ds_at[];

static void hostile(void)
{
    int visible = 0;

    for (u32 type = 0; type < 16; type++) {
        table[20] = DESCRIPTOR(0x100000, 0xfff, PRESENT | RING3 | type, 0);
        load();
        visible += rights(SELECTOR(20, 3)) != 0;
    }
    check_equal("gates and system segments are dropped", visible, 0);

    /* A gate that would lead ring 3 into the kernel. */
    table[20] = (physical(power_down) & 0xffff) | KERNEL_CODE << 16 |
                (unsigned long long)((u32)power_down & 0xffff0000) << 32 |
                (unsigned long long)(PRESENT | RING3 | CALL_GATE) << 40;
    load();
    run_user(user_call_gate);
    check_user_trap("a call gate leads nowhere", 13, SELECTOR(20, 0), user_call_gate);

    table[22] = DESCRIPTOR(0, 0xfffff, PRESENT | SEGMENT | CODE | CONFORMING | 2, PAGES | BITS32);
    load();
    run_user(user_conforming);
    check_equal("conforming code gains nothing", caught.cs & 3, 3);

    table[23] = DESCRIPTOR(0, 0xfffff, PRESENT | SEGMENT | DATA | WRITABLE, PAGES | BITS32);
    load();
    run_user(user_load_ds);
    check_user_trap("ring 3 cannot load a kernel segment", 13, SELECTOR(23, 0), user_load_ds_at);

    table[10] = table[11] = table[16] = table[31] = DESCRIPTOR(0, 0xfffff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, PAGES | BITS32);
    load();
    check(!rights(SELECTOR(10, 3)) && !rights(SELECTOR(11, 3)) && !rights(SELECTOR(16, 3)) && !rights(SELECTOR(31, 3)),
          "the host's own slots are not for guests");
    table[10] = table[11] = table[16] = table[31] = 0;
}

/* The descriptor under test, loaded into gs. */
static void use(unsigned long long descriptor)
{
    asm volatile("movl %0, %%gs" : : "r"(0));
    table[24] = descriptor;
    load();
    asm volatile("movl %0, %%gs" : : "r"(SELECTOR(24, 3)));
}

static void limits(void)
{
    volatile u32 *page = kernel_address(user_page);
    u32 value;

    page[0] = 0x11111111;
    page[3] = 0x33333333;
    page[1023] = 0xffff1023;

    use(DESCRIPTOR(USER_PAGE, 15, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, BITS32));
    TRY("movl %%gs:12, %0", "=r"(value) : : "memory");
    check_equal("the last word inside the limit", value, 0x33333333);
    TRY("movl %%gs:13, %%eax", : : "eax", "memory");
    check_kernel_trap("one byte past the limit is trap 13", 13, 0, 0);
    TRY("movl %%eax, %%gs:16", : : "memory");
    check_kernel_trap("writing past the limit is trap 13", 13, 0, 0);

    use(DESCRIPTOR(USER_PAGE - 0x1000, 0xfff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE | EXPAND_DOWN, BITS32));
    TRY("movl %%gs:0x1000, %0", "=r"(value) : : "memory");
    check_equal("an expand-down segment begins above its limit", value, 0x11111111);
    TRY("movl %%gs:0xffc, %%eax", : : "eax", "memory");
    check_kernel_trap("and has nothing below it", 13, 0, 0);

    use(DESCRIPTOR(USER_PAGE + 0x1000, 0xfffff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, PAGES | BITS32));
    TRY("movl %%gs:-4, %0", "=r"(value) : : "memory");
    check_equal("addresses wrap around at 4 GiB, as thread-local storage needs", value, 0xffff1023);

    use(DESCRIPTOR(USER_PAGE, 0xfff, PRESENT | RING3 | SEGMENT | DATA, BITS32));
    TRY("movl %%eax, %%gs:0", : : "memory");
    check_kernel_trap("writing to a read-only segment is trap 13", 13, 0, 0);
}

static void not_present(void)
{
    asm volatile("movl %0, %%gs" : : "r"(0));
    table[24] = DESCRIPTOR(USER_PAGE, 0xfff, RING3 | SEGMENT | DATA | WRITABLE, BITS32);
    load();
    TRY("movl %%eax, %%gs", : "a"(SELECTOR(24, 3)) : "memory");
    check_kernel_trap("a segment that is not present is trap 11 with the selector", 11, SELECTOR(24, 0), 0);

    table[24] = DESCRIPTOR(USER_PAGE, 0xfff, PRESENT | RING3 | SEGMENT | CODE, BITS32);
    load();
    TRY("movl %%eax, %%gs", : "a"(SELECTOR(24, 3)) : "memory");
    check_kernel_trap("code that cannot be read is trap 13 with the selector", 13, SELECTOR(24, 0), 0);

    TRY("movl %%gs:0, %%eax", : : "eax", "memory");
    check_kernel_trap("using an empty gs is trap 13", 13, 0, 0);
}

static void fewer_entries(void)
{
    u32 before = rights(USER_DATA);

    table[9] = DESCRIPTOR(0, 0xfff, PRESENT | RING3 | SEGMENT | DATA, BITS32);
    hypercall(LOAD_GDT, physical(table), 10, 0);
    check_equal("LOAD_GDT takes as many as it is told", rights(SELECTOR(9, 3)),
                RIGHTS(PRESENT | RING3 | SEGMENT | DATA | ACCESSED, BITS32));
    check_equal("and leaves the others", rights(USER_DATA), before);
}

USER_TEXT(user_tls,
          "movl $0x33, %eax; movl %eax, %gs; movl $0x43, %eax; movl %eax, %fs\n"
          "movl $0x60, %eax; int $0x80\n"      /* to the kernel and back */
          "movl %gs:0, %ebx; movl %fs:0, %ecx; movl $0x77777777, %gs:4; xorl %eax, %eax; int $0x80");
USER_TEXT(user_tls_limit, "movl $0x33, %eax; movl %eax, %gs; user_tls_limit_at: movl %gs:0x100, %ebx");
extern const char user_tls_limit_at[];
USER_TEXT(user_tls_kernel, "movl $0x3b, %eax; user_tls_kernel_at: movl %eax, %gs");
extern const char user_tls_kernel_at[];

static void thread_local_storage(void)
{
    volatile u32 *page = kernel_address(user_page);

    page[0] = 0x11111111;
    page[3] = 0x33333333;
    tls[0] = DESCRIPTOR(USER_PAGE, 0xff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, BITS32);
    tls[1] = DESCRIPTOR(USER_PAGE, 0xfff, PRESENT | SEGMENT | DATA | WRITABLE, BITS32);
    tls[2] = DESCRIPTOR(USER_PAGE + 12, 0xfff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, BITS32);
    load_tls();

    run_user(user_tls);
    check_equal("ring 3 reads through gs, also after a system call", caught.ebx, 0x11111111);
    check_equal("and through fs", caught.ecx, 0x33333333);
    check_equal("and writes", page[1], 0x77777777);
    run_user(user_tls_limit);
    check_user_trap("past its limit is trap 13", 13, 0, user_tls_limit_at);
    run_user(user_tls_kernel);
    check_user_trap("one that was for ring 0 is not for ring 3", 13, SELECTOR(7, 0), user_tls_kernel_at);

    tls[0] = DESCRIPTOR(USER_PAGE + 4, 0xff, PRESENT | RING3 | SEGMENT | DATA | WRITABLE, BITS32);
    load_tls();
    run_user(user_tls);
    check_equal("the next LOAD_TLS counts", caught.ebx, 0x77777777);

    /* A kernel lets go of a segment before it takes it away. */
    asm volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(0));
    tls[0] = DESCRIPTOR(0x100000, 0, PRESENT | RING3 | CALL_GATE, 0);
    load_tls();
    check_equal("gates are dropped here too", rights(SELECTOR(6, 3)), 0);

    tls[0] = tls[1] = tls[2] = 0;
    load_tls();
    check_equal("empty slots are empty", rights(SELECTOR(8, 3)), 0);
}

USER_TEXT(user_null_selectors, "movl %fs, %ebx; movl %gs, %ecx; xorl %eax, %eax; int $0x80");

static void null_selectors(void)
{
    asm volatile("movl %0, %%fs; movl %1, %%gs" : : "r"(1), "r"(3));
    run_user(user_null_selectors);
    check_equal("a null selector loses its privilege bits on the way out to ring 3: fs", caught.ebx, 0);
    check_equal("and gs", caught.ecx, 0);
}

int main(void)
{
    lguest_init();
    prepare_ring3();

    fixups();
    hostile();
    limits();
    not_present();
    fewer_entries();
    thread_local_storage();
    null_selectors();
    power_down();
}
