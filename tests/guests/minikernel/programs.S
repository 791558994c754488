/* The programs, on pages of their own: address spaces share them until somebody writes. */

	.macro PROGRAM name, file
	.section .rodata.pages, "a"
	.balign 4096
.L\name:
	.incbin "\file"
	.balign 4096
.L\name\()_end:

	.section .rodata
	.balign 4
	.globl \name
\name:
	.long .L\name, .L\name\()_end
	.endm

	PROGRAM init_program, init.bin
	PROGRAM worker_program, worker.bin
