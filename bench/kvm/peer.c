/* The least that a C program can do for the exits a guest of ours makes, on the same KVM: the yardstick of `bench kvm`.
 *
 *   peer calls|faults|system|pages COUNT      prints the seconds that COUNT round trips took
 *   peer kicks COUNT                    prints the microseconds from the signal to a thread whose guest spins to KVM_RUN's return,
 *                                       median and worst of COUNT
 *
 * As in the engine, the vCPU is a 64-bit one, the guest is 32-bit code in rings 1 and 3, each gate leads to a hlt in ring 0, and an
 * iretq there leads back. Unlike the engine it trusts its guest, and knows beforehand what each exit is. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

/* The guest's memory, mapped one to one up to 2 MiB; pages to touch appear from WINDOW on. */
enum {
    TOP = 0x1000, DIRECTORY_POINTERS = 0x2000, DIRECTORY = 0x3000, TABLES = 0x4000,
    GDT = 0x10000, IDT = 0x11000, TASK = 0x12000, STUBS = 0x13000, RESUME = 0x13100, FLUSH_AND_RESUME = 0x13110,
    HOST_STACK_TOP = 0x15000, KERNEL_CODE_AT = 0x20000, KERNEL_STACK_TOP = 0x22000, USER_CODE_AT = 0x23000, USER_STACK_TOP = 0x25000,
    FRAMES = 0x400000, WINDOW = 0x400000, WINDOW_PAGES = 2048, NOWHERE = 0xc00000, CR2_AT = 0x26000, TURNS_AT = 0x27000, PAGE = 4096, MEMORY = 16 << 20,
};

enum { HOST_CODE = 0x08, HOST_DATA = 0x10, KERNEL_CODE = 0x19, KERNEL_DATA = 0x21, USER_CODE = 0x2b, USER_DATA = 0x33, TASK_SELECTOR = 0x38 };

#define PRESENT 1
#define FOR_ALL 7                   /* present, writable, user */
#define USED    0x60                /* accessed, dirty */
#define LARGE   0x80
#define RING(n) ((uint64_t)(n) << 45)

static uint8_t *memory;
static struct kvm_run *run;
static int vcpu;

struct frame { uint64_t rip, cs, rflags, rsp, ss; };

static void *at(uint64_t physical) { return memory + physical; }

static void fail(const char *what) { perror(what); exit(1); }

static int call(int descriptor, unsigned long request, void *argument, const char *what)
{
    int result = ioctl(descriptor, request, argument);
    if (result < 0) fail(what);
    return result;
}

static void make_tables(void)
{
    uint64_t *directory = at(DIRECTORY), *gdt = at(GDT), *idt = at(IDT);
    const uint64_t code32 = 0x00cf9b000000ffff, data = 0x00cf93000000ffff, code64 = 0x00af9b000000ffff;
    *(uint64_t *)at(TOP) = DIRECTORY_POINTERS | FOR_ALL;
    *(uint64_t *)at(DIRECTORY_POINTERS) = DIRECTORY | FOR_ALL;
    directory[0] = FOR_ALL | USED | LARGE;
    for (int i = 0; i < WINDOW_PAGES / 512; i++)
        directory[WINDOW / (2 << 20) + i] = (TABLES + i * PAGE) | FOR_ALL;

    gdt[HOST_CODE >> 3] = code64;
    gdt[HOST_DATA >> 3] = data;
    gdt[KERNEL_CODE >> 3] = code32 | RING(1);
    gdt[KERNEL_DATA >> 3] = data | RING(1);
    gdt[USER_CODE >> 3] = code32 | RING(3);
    gdt[USER_DATA >> 3] = data | RING(3);
    gdt[TASK_SELECTOR >> 3] = 0x00008b0000000067 | (uint64_t)TASK << 16;
    for (int vector = 0; vector < 256; vector++) {
        uint64_t stub = STUBS + vector;
        idt[2 * vector] = (stub & 0xffff) | HOST_CODE << 16 | 0x8eULL << 40 | (stub >> 16) << 48 | RING(vector == 0x80 ? 3 : vector == 0x1f ? 1 : 0);
    }
    *(uint64_t *)((uint8_t *)at(TASK) + 4) = HOST_STACK_TOP;
    *(uint16_t *)((uint8_t *)at(TASK) + 0x66) = 0x68;
    memset(at(STUBS), 0xf4, 256);                                                           /* hlt */
    memcpy(at(RESUME), "\x48\xcf", 2);                                                      /* iretq */
    memcpy(at(FLUSH_AND_RESUME), "\x50\x0f\x20\xd8\x0f\x22\xd8\x58\x48\xcf", 10);           /* reload cr3 first */
}

static struct kvm_segment segment(int selector, int type, int s, int l, int db, uint64_t base, uint32_t limit)
{
    return (struct kvm_segment){ .selector = selector, .type = type, .s = s, .l = l, .db = db, .present = 1, .dpl = selector & 3, .g = limit > 0xfffff, .base = base, .limit = limit };
}

static void start(void)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) fail("/dev/kvm");
    int vm = call(kvm, KVM_CREATE_VM, 0, "KVM_CREATE_VM");
    uint64_t identity_map = 0xfffbc000;
    ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
    ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000UL);
    memory = mmap(0, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 0, MEMORY);
    call(vm, KVM_SET_USER_MEMORY_REGION, &(struct kvm_userspace_memory_region){ .memory_size = MEMORY, .userspace_addr = (uintptr_t)memory }, "KVM_SET_USER_MEMORY_REGION");
    vcpu = call(vm, KVM_CREATE_VCPU, 0, "KVM_CREATE_VCPU");
    run = mmap(0, call(kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE"), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

    make_tables();
    struct kvm_sregs special;
    call(vcpu, KVM_GET_SREGS, &special, "KVM_GET_SREGS");
    special.cs = segment(HOST_CODE, 0xb, 1, 1, 0, 0, ~0u);
    special.ss = segment(HOST_DATA, 0x3, 1, 0, 1, 0, ~0u);
    special.ds = special.es = special.fs = special.gs = segment(USER_DATA, 0x3, 1, 0, 1, 0, ~0u);
    special.tr = segment(TASK_SELECTOR, 0xb, 0, 0, 0, TASK, 0x67);
    special.ldt = (struct kvm_segment){ .type = 2, .unusable = 1 };
    special.gdt = (struct kvm_dtable){ .base = GDT, .limit = 0x47 };
    special.idt = (struct kvm_dtable){ .base = IDT, .limit = 0xfff };
    special.cr0 = 0x80010033;
    special.cr3 = TOP;
    special.cr4 = 0x20;
    special.efer = 0x500;
    call(vcpu, KVM_SET_SREGS, &special, "KVM_SET_SREGS");
}

static struct frame *const no_frame = 0;

static struct frame *frame(void) { return at(HOST_STACK_TOP - sizeof(struct frame)); }

/* Leads to the guest; a null frame for the one that lies there. */
static void resume(uint64_t stub, const struct frame *to)
{
    if (to) *frame() = *to;
    run->s.regs.regs.rip = stub;
    run->s.regs.regs.rsp = HOST_STACK_TOP - sizeof(struct frame);
    run->s.regs.regs.rflags = 2;
    run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
}

static void back_to_ring_0(struct kvm_sregs special)
{
    special.cs = segment(HOST_CODE, 0xb, 1, 1, 0, 0, ~0u);
    special.ss = segment(HOST_DATA, 0x3, 1, 0, 1, 0, ~0u);
    call(vcpu, KVM_SET_SREGS, &special, "KVM_SET_SREGS");
}

/* What a processor would have done for an int n that KVM gives up on. */
static int trap_by_hand(void)
{
    struct kvm_sregs special;
    call(vcpu, KVM_GET_SREGS, &special, "KVM_GET_SREGS");
    struct kvm_regs *regs = &run->s.regs.regs;
    uint8_t *code = at(regs->rip);
    if (special.cs.selector == HOST_CODE || code[0] != 0xcd) return -1;
    *frame() = (struct frame){ regs->rip + 2, special.cs.selector, regs->rflags, regs->rsp, special.ss.selector };
    back_to_ring_0(special);
    return code[1];
}

/* Enters, and returns the vector of the trap that ended it. */
static int enter(void)
{
    while (ioctl(vcpu, KVM_RUN, 0) < 0)
        if (errno != EINTR) fail("KVM_RUN");
    if (run->exit_reason == KVM_EXIT_HLT) return run->s.regs.regs.rip - 1 - STUBS;
    int vector = run->exit_reason == KVM_EXIT_INTERNAL_ERROR ? trap_by_hand() : -1;
    if (vector < 0) {
        fprintf(stderr, "exit %u at 0x%llx\n", run->exit_reason, run->s.regs.regs.rip);
        exit(1);
    }
    return vector;
}

static void expect(int seen, int wanted)
{
    if (seen == wanted) return;
    fprintf(stderr, "trap %d instead of %d at 0x%llx\n", seen, wanted, (unsigned long long)frame()->rip);
    exit(1);
}

static void calls(long count)
{
    memcpy(at(KERNEL_CODE_AT), "\xcd\x1f\x49\xeb\xfb", 5);                                  /* int 0x1f; dec ecx; jmp */
    run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    resume(RESUME, &(struct frame){ KERNEL_CODE_AT, KERNEL_CODE, 0x202, KERNEL_STACK_TOP, KERNEL_DATA });
    while (count--) {
        expect(enter(), 0x1f);
        resume(RESUME, no_frame);
    }
}

static void faults(long count)
{
    /* mov ebx, WINDOW; again: mov eax, [ebx]; add ebx, 4096; cmp ebx, WINDOW's end; jb again; int 0x1f; jmp */
    memcpy(at(KERNEL_CODE_AT), "\xbb\x00\x00\x40\x00\x8b\x03\x81\xc3\x00\x10\x00\x00\x81\xfb\x00\x00\xc0\x00\x72\xf0\xcd\x1f\xeb\xe7", 25);
    uint64_t *tables = at(TABLES);
    run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    resume(RESUME, &(struct frame){ KERNEL_CODE_AT, KERNEL_CODE, 0x202, KERNEL_STACK_TOP, KERNEL_DATA });
    while (count) {
        int vector = enter();
        if (vector == 0x1f) {                       /* once round */
            memset(tables, 0, WINDOW_PAGES * 8);
            resume(FLUSH_AND_RESUME, no_frame);
            continue;
        }
        expect(vector, 14);
        count--;
        uint64_t page = run->s.regs.sregs.cr2 / PAGE - WINDOW / PAGE;
        tables[page] = (FRAMES + page * PAGE) | PRESENT | USED;
        struct frame back = *(struct frame *)at(run->s.regs.regs.rsp + 8);
        resume(RESUME, &back);
    }
}

/* Hands the guest's kernel each of its program's traps; its handler ends in an iret at KERNEL_CODE_AT + iret. */
static void reflect(long count, int trap, int iret, uint64_t sync)
{
    run->kvm_valid_regs = sync;
    resume(RESUME, &(struct frame){ USER_CODE_AT, USER_CODE, 0x202, USER_STACK_TOP, USER_DATA });
    run->s.regs.regs.rbx = NOWHERE;
    while (count) {
        int vector = enter();
        struct frame *from = vector == 14 || vector == 13 ? at(run->s.regs.regs.rsp + 8) : frame();
        if (vector != 0x80 && trap == 0x80 && from->rip == USER_CODE_AT) {      /* some KVMs can neither trap from ring 3 … */
            from->rip += 2;
            vector = 0x80;
        }
        if (vector != trap && from->rip == KERNEL_CODE_AT + iret) {     /* … nor return to it */
            uint32_t *stack = at(from->rsp);
            resume(RESUME, &(struct frame){ stack[0], stack[1], stack[2], stack[3], stack[4] });
            continue;
        }
        expect(vector, trap);
        count--;
        uint32_t *stack = at(KERNEL_STACK_TOP - 20);
        stack[0] = from->rip, stack[1] = from->cs, stack[2] = from->rflags, stack[3] = from->rsp, stack[4] = from->ss;
        if (trap == 14) {
            *(uint32_t *)at(CR2_AT) = run->s.regs.sregs.cr2;
            *--stack = *(uint32_t *)at(run->s.regs.regs.rsp);
        }
        resume(RESUME, &(struct frame){ KERNEL_CODE_AT, KERNEL_CODE, 0x202, (uint8_t *)stack - memory, KERNEL_DATA });
    }
}

static void system_calls(long count)
{
    memcpy(at(KERNEL_CODE_AT), "\x85\xc0\x74\x00\xcf", 5);                                  /* test eax, eax; jz; iret */
    memcpy(at(USER_CODE_AT), "\xcd\x80\x48\xeb\xfb", 5);                                    /* int 0x80; dec eax; jmp */
    reflect(count, 0x80, 4, KVM_SYNC_X86_REGS);
}

static void page_faults(long count)
{
    memcpy(at(KERNEL_CODE_AT), "\x83\x44\x24\x04\x02\x83\xc4\x04\xcf", 9);                  /* add dword [esp+4], 2; add esp, 4; iret */
    memcpy(at(USER_CODE_AT), "\x8b\x03\x49\xeb\xfb", 5);                                    /* mov eax, [ebx]; dec ecx; jmp */
    reflect(count, 14, 8, KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS);
}

static sem_t entering, returned;
static double came_back;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

/* The signal may come before KVM_RUN does. */
static void on_kick(int number) { (void)number; run->immediate_exit = 1; }

static void *spin(void *kicks)
{
    for (long left = *(long *)kicks; left--; ) {
        run->immediate_exit = 0;
        sem_post(&entering);
        if (ioctl(vcpu, KVM_RUN, 0) == 0 || errno != EINTR) fail("KVM_RUN");
        came_back = now();
        sem_post(&returned);
    }
    return 0;
}

static int ascending(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : 1; }

static void kicks(long count)
{
    double *took = calloc(count, sizeof *took);
    pthread_t spinner;
    volatile uint32_t *turns = at(TURNS_AT);
    memcpy(at(KERNEL_CODE_AT), "\xff\x05\x00\x70\x02\x00\xeb\xf8", 8);                      /* inc dword [TURNS_AT]; jmp */
    run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    resume(RESUME, &(struct frame){ KERNEL_CODE_AT, KERNEL_CODE, 0x202, KERNEL_STACK_TOP, KERNEL_DATA });
    sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_kick }, 0);
    pthread_create(&spinner, 0, spin, &count);
    for (long i = 0; i < count; i++) {
        sem_wait(&entering);
        for (uint32_t before = *turns; *turns == before; ) sched_yield();
        double from = now();
        pthread_kill(spinner, SIGUSR1);
        sem_wait(&returned);
        run->kvm_dirty_regs = 0;
        took[i] = came_back - from;
    }
    pthread_join(spinner, 0);
    qsort(took, count, sizeof *took, ascending);
    printf("%.1f %.1f\n", took[count / 2], took[count - 1]);
}

int main(int count, char **words)
{
    static const struct { const char *name; void (*go)(long); } kinds[] = { { "calls", calls }, { "faults", faults }, { "system", system_calls }, { "pages", page_faults } };
    for (unsigned i = 0; count == 3 && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(words[1], kinds[i].name)) continue;
        start();
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        kinds[i].go(atol(words[2]));
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("%.6f\n", (to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9);
        return 0;
    }
    if (count == 3 && !strcmp(words[1], "kicks")) {
        start();
        kicks(atol(words[2]));
        return 0;
    }
    fprintf(stderr, "usage: peer calls|faults|system|pages|kicks COUNT\n");
    return 2;
}
