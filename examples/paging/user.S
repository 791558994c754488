/* The user program, copied to USER_PROGRAM and run in ring 3. It keeps its results in ebx, so that
 * the kernel can check what the program saw. */

#include "lguest.h"
#include "program.h"

	.section .rodata
	.globl user_program, user_program_end
user_program:
	movl $SYSTEM_CALL_SAY, %eax
	movl $USER_PROGRAM + (hello - user_program), %ebx
	int $SYSTEM_CALL

	/* There is no page here yet: the kernel maps one when we touch it, empty but for what we write. */
	movl $USER_EMPTY, %esi
	movl $1, (%esi)
	movl (%esi), %ebx
	addl 4(%esi), %ebx

	/* This page holds 1000 and may only be read; writing gets us a copy of our own. */
	movl $USER_SHARED, %esi
	addl (%esi), %ebx
	movl %ebx, (%esi)

	movl $SYSTEM_CALL_EXIT, %eax
	int $SYSTEM_CALL
hello:
	.asciz "Hello from ring 3!"
user_program_end:
