/* What the parts of the kernel know of each other. A good order to read them in: main.c, processes.c,
 * switch.S, lazy.c, memory.c, calls.c, fpu.c, console.c, disk.c, net.c. */
#ifndef KERNEL_H
#define KERNEL_H

#include "guest.h"
#include "paging.h"

#include "interface.h"

/* ---- main.c ---- */

/* True: a process gives the processor away only by a system call, and interrupts come only when there
 * is nothing else to do. What happens then depends on no clock and no processor. */
extern int cooperative;

#ifdef VIRTIO
/* True: on the network this guest answers, and another one asks. With DMA its slot says so. */
extern int answers;
#endif

/* ---- lazy.c: calls the host may hear of later ---- */

/* Puts a hypercall into the ring. The host does it before the next direct one. */
void later(u32 call, u32 first, u32 second, u32 third);

/* Returns when the host has done all of them. */
void settle(void);

extern u32 calls_queued, batches;

/* ---- memory.c: pages and address spaces ---- */

/* A program as it lies in the kernel's image: from a page boundary to a page boundary. */
struct program {
    const char *start, *end;
};

extern const struct program init_program, worker_program;

void memory_begin(void);

/* Pages by guest-physical address. A new one is full of zeros and has one user; without users it goes
 * back to the others. */
u32 take_page(void);
void drop_page(u32 page);

/* Address spaces, by their page directory. The copy shares every page until somebody writes. */
u32 new_space(void);
u32 copy_space(u32 directory);
void drop_space(u32 directory);

/* Puts right what a program (or the kernel, reading or writing its memory) may do. False if it may not. */
int resolve_page_fault(u32 address, u32 error);

/* True if all of it is memory a program may use, though perhaps not there yet. */
int is_user_memory(u32 address, u32 length);

extern u32 pages_in_use, pages_on_demand, pages_copied, pages_kept;

/* ---- processes.c ---- */

#define PROCESSES 8

enum state {
    UNUSED,
    READY,              /* or running */
    SLEEPING,           /* until wake_at */
    WAITING_FOR_END,    /* of another process */
    WAITING_FOR_DISK,
    WAITING_FOR_INPUT,
    WAITING_FOR_NET,
    ENDED               /* and keeps its status until somebody asks */
};

struct process {
    enum state state;
    u32 pid, status, wake_at, interruptions;
    const struct program *program;
    u32 directory;
    u32 stack;                  /* a page, for its time in the kernel; traps from ring 3 begin at its end */
    u32 esp;                    /* into that, while another process runs */
    u32 gs;
    unsigned long long tls[3];  /* descriptors for LOAD_TLS */
    int uses_fpu;
    u32 fpu[27];                /* as fnsave writes it */
};

/* Process 0 is the kernel's own: it runs when no other can. */
extern struct process processes[PROCESSES];
extern struct process *current;

extern u32 ticks, switches, preemptions;

struct process *start_program(const struct program *program);
struct process *find_process(u32 pid);
u32 fork_current(struct trap_frame *frame);
void end_current(u32 status) __attribute__((noreturn));

/* Frees what an ended process still has. Never the current one. */
u32 bury(struct process *process);

/* Gives the processor to the next process that can use it. */
void schedule(void);

/* Waits, as current, until wake() is called for that state. */
void block(enum state state);
void wake(enum state state);
int anybody(enum state state);

void clock_begin(void);
void idle(void);

/* switch.S: leaves *from to be gone on with later, goes on where `to` was left. */
void switch_stacks(u32 *from, u32 to);
extern char first_run[];

/* ---- calls.c ---- */

void system_call(struct trap_frame *frame);

/* ---- fpu.c ---- */

extern int has_fpu;
extern u32 fpu_traps;

void fpu_begin(int use_it);
void fpu_switch(struct process *next);
void fpu_copy(struct process *child);
void fpu_drop(struct process *process);

/* ---- console.c, disk.c and net.c; with VIRTIO those of the folder virtio, and random.c ---- */

extern int has_disk, has_input, has_net;
extern u32 disk_requests, net_interrupts;

#ifndef VIRTIO

/* The slot of the first device of this kind among the descriptors, or -1. */
int find_device(u32 type);
volatile struct device_descriptor *device(u32 slot);
#endif

#ifdef VIRTIO
void random_begin(void);
#endif

void console_begin(void);
u32 console_write(const char *text, u32 length);
u32 console_read(char *text, u32 most);

/* From now on the host may put input into the buffer, for the process that reads. */
void console_listen(void);

void disk_begin(void);
u32 disk_sectors(void);
int disk_request(int write, u32 number, char *data);

void net_begin(void);
u32 net_slot(void);
u32 net_send(const char *data, u32 length);
u32 net_receive(char *data, u32 most);

#endif
