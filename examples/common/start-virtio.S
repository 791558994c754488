/* Where a guest of the virtio eras begins: the host enters it at its guest-physical address, the first of
 * the image. Until 3.0 the host has made page tables, in which memory is at 0 and at PAGE_OFFSET; from 3.1
 * on there are none, and memory is just where it is. */

#define LOW(address) ((address) - PAGE_OFFSET)
#if VIRTIO < 0x020631
#define HCALL_STATUS    20
#define NOIRQ_START     1120
#elif VIRTIO < 0x030100
#define HCALL_STATUS    24
#define NOIRQ_START     1380
#else
#define HCALL_STATUS    24
#define NOIRQ_START     1376
#endif

	.section .entry, "ax"
	.globl lguest_entry
lguest_entry:
	cld
	movl $LOW(lguest_data + HCALL_STATUS), %edi
	movl $RING_SLOTS / 4, %ecx
	movl $-1, %eax			/* SLOT_FREE, four at a time */
	rep stosl
	movl $LOW(lguest_data + NOIRQ_START), %edi
#if VIRTIO < 0x040100
	movl $noirq_start, (%edi)
	movl $noirq_end, 4(%edi)
	movl $PAGE_OFFSET, 8(%edi)
	movl $SYSTEM_CALL, 12(%edi)
#else
	movl $noirq_iret, (%edi)
	movl $PAGE_OFFSET, 4(%edi)
	movl $SYSTEM_CALL, 8(%edi)
#endif
	movl %esi, LOW(boot_parameters)
	xorl %esi, %esi
	movl $LGUEST_INIT, %eax
	movl $LOW(lguest_data), %ebx
	HYPERCALL

#if VIRTIO >= 0x030100
	/* The first 8 MiB are at 0 and at PAGE_OFFSET: two page tables, or with PAE four and what leads to them. */
	movl $LOW(first_tables), %edi
	movl $7, %eax
	movl $2048, %ecx
1:	stosl
#ifdef PAE
	movl $0, (%edi)
	addl $4, %edi
#endif
	addl $PAGE_SIZE, %eax
	loop 1b
	movl $LOW(first_directory), %ebx
	movl $LOW(first_tables) + 7, %eax
#ifdef PAE
	movl $LOW(first_middle), %edi
	movl $4, %ecx
2:	stosl
	addl $4, %edi
	addl $PAGE_SIZE, %eax
	loop 2b
	movl $LOW(first_middle) + 1, (%ebx)
	movl $LOW(first_middle) + 1, (PAGE_OFFSET >> 30) * 8(%ebx)
#else
	movl %eax, (%ebx)
	movl %eax, (PAGE_OFFSET >> 20)(%ebx)
	addl $PAGE_SIZE, %eax
	movl %eax, 4(%ebx)
	movl %eax, 4 + (PAGE_OFFSET >> 20)(%ebx)
#endif
	movl $NEW_PGTABLE, %eax
	HYPERCALL

	.bss
	.balign PAGE_SIZE
first_directory:
	.skip PAGE_SIZE
#ifdef PAE
first_middle:
	.skip PAGE_SIZE
first_tables:
	.skip 4 * PAGE_SIZE
#else
first_tables:
	.skip 2 * PAGE_SIZE
#endif
	.section .entry, "ax"
#endif

	movl $1f, %eax
	jmp *%eax
1:	movl $boot_stack_top, %esp
	call main
	call power_down
