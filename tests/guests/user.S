/* The way into ring 3 and, from a trap handler, back to whoever asked for it. */

#include "lguest.h"

	.bss
	.balign 4
kernel_stack:
	.long 0

	.text
	/* void call_user(u32 eip, u32 esp, u32 eflags) */
	.globl call_user
call_user:
	pushl %ebp
	pushl %edi
	pushl %esi
	pushl %ebx
	movl %esp, kernel_stack
	movl 20(%esp), %eax
	movl 24(%esp), %edx
	movl 28(%esp), %esi
	movl $USER_DATA, %ecx
	movl %ecx, %ds
	movl %ecx, %es
	pushl %ecx
	pushl %edx
	pushl %esi
	pushl $USER_CODE
	pushl %eax
	jmp return_from_trap

	.globl leave_user
leave_user:
	movl kernel_stack, %esp
	popl %ebx
	popl %esi
	popl %edi
	popl %ebp
	ret
