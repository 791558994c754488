/* System calls. The kernel reads and writes a program's memory at the program's own addresses; where a
 * page is not there yet, or shared, it takes the same page fault as the program would. */

#include "kernel.h"

static u32 call_exit(struct trap_frame *frame)
{
    end_current(frame->ebx & 0xff);
}

static u32 call_read(struct trap_frame *frame)
{
    if (!has_input || !is_user_memory(frame->ebx, frame->ecx))
        return 0;
    return console_read((char *)frame->ebx, frame->ecx);
}

static u32 call_write(struct trap_frame *frame)
{
    u32 length = frame->ecx < WRITE_MOST ? frame->ecx : WRITE_MOST;

    if (!is_user_memory(frame->ebx, length))
        return 0;
    return console_write((const char *)frame->ebx, length);
}

static u32 call_wait(struct trap_frame *frame)
{
    struct process *process;

    /* Looked for again after every sleep: somebody else may have buried it. */
    while ((process = find_process(frame->ebx)) && process != current) {
        if (process->state == ENDED)
            return bury(process);
        block(WAITING_FOR_END);
    }
    return NO_PROCESS;
}

static u32 call_getpid(struct trap_frame *frame)
{
    (void)frame;
    return current->pid;
}

static u32 call_yield(struct trap_frame *frame)
{
    (void)frame;
    schedule();
    return 0;
}

static u32 call_sleep(struct trap_frame *frame)
{
    current->wake_at = ticks + frame->ebx;
    block(SLEEPING);
    return 0;
}

static u32 call_ticks(struct trap_frame *frame)
{
    (void)frame;
    return ticks;
}

/* One page of data, which gs:0 begins. */
static u32 call_set_tls(struct trap_frame *frame)
{
    unsigned long long base = frame->ebx;

    current->tls[0] = 0x0040f20000000fffull | (base & 0xffffff) << 16 | (base >> 24) << 56;
    hypercall(LOAD_TLS, physical(current->tls), 0, 0);
    return 6 << 3 | 3;
}

static u32 call_interruptions(struct trap_frame *frame)
{
    (void)frame;
    return cooperative ? MANY : current->interruptions;
}

static u32 call_features(struct trap_frame *frame)
{
    (void)frame;
    return (has_fpu ? FEATURE_FPU : 0) | (has_disk ? FEATURE_DISK : 0) | (has_input ? FEATURE_INPUT : 0) | (has_net ? FEATURE_NET : 0);
}

static u32 call_disk_sectors(struct trap_frame *frame)
{
    (void)frame;
    return has_disk ? disk_sectors() : 0;
}

static u32 call_disk_read(struct trap_frame *frame)
{
    if (!has_disk || !is_user_memory(frame->ecx, SECTOR_SIZE))
        return 0;
    return disk_request(0, frame->ebx, (char *)frame->ecx);
}

static u32 call_disk_write(struct trap_frame *frame)
{
    if (!has_disk || !is_user_memory(frame->ecx, SECTOR_SIZE))
        return 0;
    return disk_request(1, frame->ebx, (char *)frame->ecx);
}

static u32 call_net_slot(struct trap_frame *frame)
{
    (void)frame;
    return net_slot();
}

static u32 call_net_send(struct trap_frame *frame)
{
    if (!has_net || frame->ecx > NET_MOST || !is_user_memory(frame->ebx, frame->ecx))
        return 0;
    return net_send((char *)frame->ebx, frame->ecx);
}

static u32 call_net_receive(struct trap_frame *frame)
{
    if (!has_net || !is_user_memory(frame->ebx, frame->ecx))
        return 0;
    return net_receive((char *)frame->ebx, frame->ecx);
}

static u32 (*const calls[])(struct trap_frame *frame) = {
    [CALL_EXIT] = call_exit,
    [CALL_FORK] = fork_current,
    [CALL_READ] = call_read,
    [CALL_WRITE] = call_write,
    [CALL_WAIT] = call_wait,
    [CALL_GETPID] = call_getpid,
    [CALL_YIELD] = call_yield,
    [CALL_SLEEP] = call_sleep,
    [CALL_TICKS] = call_ticks,
    [CALL_SET_TLS] = call_set_tls,
    [CALL_INTERRUPTIONS] = call_interruptions,
    [CALL_FEATURES] = call_features,
    [CALL_DISK_SECTORS] = call_disk_sectors,
    [CALL_DISK_READ] = call_disk_read,
    [CALL_DISK_WRITE] = call_disk_write,
    [CALL_NET_SLOT] = call_net_slot,
    [CALL_NET_SEND] = call_net_send,
    [CALL_NET_RECEIVE] = call_net_receive,
};

void system_call(struct trap_frame *frame)
{
    u32 number = frame->eax;

    if (number >= sizeof calls / sizeof *calls || !calls[number])
        end_current(STATUS_TRAPPED + SYSTEM_CALL);
    frame->eax = calls[number](frame);
}
