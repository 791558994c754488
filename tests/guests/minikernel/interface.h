/* What the kernel and its programs agree on. */
#ifndef INTERFACE_H
#define INTERFACE_H

/* A program's memory: its image with zeros behind it, and its stack. */
#define USER_PROGRAM    0x08048000
#define USER_PROGRAM_END 0x08148000
#define USER_STACK      0xafff0000
#define USER_STACK_TOP  0xb0000000

/* System calls: int 0x80, eax = number, then ebx, ecx, edx; the answer comes in eax. */
#define CALL_EXIT           1   /* status */
#define CALL_FORK           2   /* 0 in the copy, its pid in the original */
#define CALL_READ           3   /* where, at most */
#define CALL_WRITE          4   /* what, length: bytes written, WRITE_MOST at once */
#define CALL_WAIT           5   /* pid: its status */
#define CALL_GETPID         6
#define CALL_YIELD          7
#define CALL_SLEEP          8   /* ticks of the clock */
#define CALL_TICKS          9
#define CALL_SET_TLS        10  /* address: a selector for gs */
#define CALL_INTERRUPTIONS  11  /* how often the clock interrupted this process; MANY if it never does */
#define CALL_FEATURES       12
#define CALL_DISK_SECTORS   13
#define CALL_DISK_READ      14  /* sector, where: 1 if done */
#define CALL_DISK_WRITE     15  /* sector, what: 1 if done */
#define CALL_NET_SLOT       16
#define CALL_NET_SEND       17  /* what, length: how many other guests took it */
#define CALL_NET_RECEIVE    18  /* where, at most: length of what came, when something has come */

#define WRITE_MOST          256
#define MANY                0xffffffff
#define NO_PROCESS          0xffffffff
#define SECTOR_SIZE         512
#define NET_MOST            1500

#define FEATURE_FPU         1
#define FEATURE_DISK        2
#define FEATURE_INPUT       4
#define FEATURE_NET         8

/* Status of a process that ended by a trap: this and the trap's number. */
#define STATUS_TRAPPED      0x100

#endif
