/* The smallest whole guest: introduce yourself, say something, power down.
 * It uses nothing of the shared runtime, so that this page shows everything there is. */

#include "lguest.h"

	.section .entry, "ax"
	.ascii "GenuineLguest"			/* the host enters right behind this */
	.globl lguest_entry
lguest_entry:
	movl $stack_top, %esp

	/* The first hypercall: where is the memory we share with the host? */
	movl $LGUEST_INIT, %eax
	movl $lguest_data - PAGE_OFFSET, %edx
	int $HYPERCALL_TRAP

	/* The console takes output from here on, long before anything is bound to it. */
	movl $SEND_DMA, %eax
	movl $CONSOLE_KEY, %edx
	movl $greeting_dma - PAGE_OFFSET, %ebx
	int $HYPERCALL_TRAP

	/* The host wrote down how much of it was used. */
	movl $short_write - PAGE_OFFSET, %edx
	cmpl $greeting_length, greeting_dma
	jne end
	movl $farewell - PAGE_OFFSET, %edx
end:
	movl $CRASH, %eax
	int $HYPERCALL_TRAP

	.data
	/* struct lguest_dma: used_len, 16 lengths, 16 physical addresses. */
	.balign 4
greeting_dma:
	.long 0
	.short greeting_length
	.fill DMA_SECTIONS - 1, 2, 0
	.long greeting - PAGE_OFFSET
	.fill DMA_SECTIONS - 1, 4, 0

	/* struct lguest_data: every ring slot must say that it is free. */
	.balign 4
lguest_data:
	.fill 20, 1, 0
	.fill RING_SLOTS, 1, SLOT_FREE
	.fill 1124 - 20 - RING_SLOTS, 1, 0

	.section .rodata
greeting:
	.ascii "Hello from ring 1!\n"
	.set greeting_length, . - greeting
farewell:
	.asciz "Power down"
short_write:
	.asciz "the console did not take the whole greeting"

	.bss
	.balign 16
	.skip 1024
stack_top:
