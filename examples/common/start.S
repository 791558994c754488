/* Where a C guest begins, and where its traps come in and go out. */

#include "lguest.h"

#ifdef VIRTIO
#include "start-virtio.S"
#else
	/* The host looks for this text and starts the guest right behind it. */
	.section .entry, "ax"
	.ascii "GenuineLguest"
	.globl lguest_entry
lguest_entry:
	movl $boot_stack_top, %esp
	movl %esi, boot_parameters
	call main
	call power_down
#endif

	.bss
	.balign 16
	.skip PAGE_SIZE
boot_stack_top:
	.globl boot_parameters
boot_parameters:
	.long 0

/* One entry of 16 bytes for each vector; all leave the same frame, with error code 0 where the
 * processor pushes none. */
	.macro TRAP_ENTRY vector
	.balign 16
	.if \vector != 8 && (\vector < 10 || \vector > 14) && \vector != 17
	pushl $0
	.endif
	pushl $\vector
	jmp trap_common
	.endm

	.section .text.traps, "ax"
	.balign 16
	.globl trap_entries, system_call_entry
trap_entries:
	.set .Lvector, 0
	.rept 0x30
	TRAP_ENTRY .Lvector
	.set .Lvector, .Lvector + 1
	.endr
system_call_entry:
	TRAP_ENTRY SYSTEM_CALL

trap_common:
	pushal
	pushl %ds
	pushl %es
	movl $KERNEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	cld
	pushl %esp
	call dispatch_trap
	popl %eax
	popl %es
	popl %ds
	popal
	addl $8, %esp			/* vector and error code */
	jmp return_from_trap

/* The processor's own interrupt flag always stays on; the one that counts is in lguest_data and
 * must change together with the iret. Hence the host leaves alone all code in .noirq. */
	.section .noirq, "ax"
	.globl return_from_trap
return_from_trap:
#if defined(VIRTIO) && VIRTIO >= 0x040100
	/* An interrupt may come anywhere in here but before the iret: there the host has it come after that. */
	pushl 8(%esp)			/* eflags to return to */
	andl $INTERRUPT_FLAG, (%esp)
	popl %ss:lguest_data		/* irq_enabled; ds may be the user's already */
noirq_iret:
	iret
#else
	pushl %eax
	movl 12(%esp), %eax		/* eflags to return to */
	andl $INTERRUPT_FLAG, %eax
	movl %eax, %ss:lguest_data	/* irq_enabled; ds may be the user's already */
	popl %eax
	iret
#endif

	.section .text.enter_user, "ax"
/* void enter_user(u32 eip, u32 esp): begins a user program, with interrupts on. */
	.globl enter_user
enter_user:
	popl %eax
	popl %eax
	popl %edx
	movl $USER_DATA, %ecx
	movl %ecx, %ds
	movl %ecx, %es
	pushl %ecx
	pushl %edx
	pushl $INTERRUPT_FLAG
	pushl $USER_CODE
	pushl %eax
	jmp return_from_trap
