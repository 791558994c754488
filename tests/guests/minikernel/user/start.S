/* Where a program begins, and what it ends with. */

#include "interface.h"

	.section .start, "ax"
	.globl start
start:
	call main
	movl %eax, %ebx
	movl $CALL_EXIT, %eax
	int $0x80
