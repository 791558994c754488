/* What the kernel and its user program agree on. */

#define USER_PROGRAM    0x08048000
#define USER_STACK_TOP  0x08100000
#define USER_EMPTY      0x10000000
#define USER_SHARED     0x20000000

#define SYSTEM_CALL_EXIT 1      /* ebx = result */
#define SYSTEM_CALL_SAY  4      /* ebx = text */
