/* Runs and runs, and nothing happens. */

	.section .entry, "ax"
	.ascii "GenuineLguest"
	.globl lguest_entry
lguest_entry:
	jmp lguest_entry
