/* All eight registers of the FPU, filled and looked at. The compiler uses none of them. */

	.text
	/* void fpu_fill(const u32 numbers[8], const u16 *control): square roots, a third of each */
	.globl fpu_fill
fpu_fill:
	movl 4(%esp), %edx
	movl 8(%esp), %eax
	fninit
	fldcw (%eax)
	movl $8, %ecx
1:	fildl -4(%edx,%ecx,4)
	fsqrt
	fidivl three
	decl %ecx
	jnz 1b
	ret

	/* u16 fpu_empty(u8 into[80]): the registers, which are empty then; answers the control word */
	.globl fpu_empty
fpu_empty:
	movl 4(%esp), %edx
	movl $8, %ecx
1:	fstpt (%edx)
	addl $10, %edx
	decl %ecx
	jnz 1b
	pushl $0
	fnstcw (%esp)
	popl %eax
	ret

	/* u32 fpu_root(u32 square) */
	.globl fpu_root
fpu_root:
	fildl 4(%esp)
	fsqrt
	fistpl 4(%esp)
	movl 4(%esp), %eax
	ret

	.section .rodata
	.balign 4
three:
	.long 3
