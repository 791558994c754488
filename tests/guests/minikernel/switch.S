/* From one process's stack in the kernel to another's. */

	.text
	/* void switch_stacks(u32 *from, u32 to) */
	.globl switch_stacks
switch_stacks:
	movl 4(%esp), %eax
	movl 8(%esp), %edx
	pushl %ebx
	pushl %esi
	pushl %edi
	pushl %ebp
	movl %esp, (%eax)
	movl %edx, %esp
	popl %ebp
	popl %edi
	popl %esi
	popl %ebx
	ret

	/* Where a process goes that has never run: out through its trap frame, as from any trap. */
	.globl first_run
first_run:
	popl %es
	popl %ds
	popal
	addl $8, %esp			/* vector and error code */
	jmp return_from_trap
