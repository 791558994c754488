/* Traps in the kernel itself: what is reflected, with which frame, and what the host just skips. */

#include "harness.h"

static void faults(void)
{
    TRY("divl %%ecx", : "a"(1), "d"(0), "c"(0) : "memory");
    check_kernel_trap("divide by zero is trap 0", 0, 0, 0);

    TRY("ud2", : : "memory");
    check_kernel_trap("ud2 is trap 6", 6, 0, 0);

    TRY("bound %%eax, (%%edx)", : "a"(5), "d"((u32[]){1, 4}) : "memory");
    check_kernel_trap("bound is trap 5", 5, 0, 0);

    TRY("hlt", : : "memory");
    check_kernel_trap("hlt is trap 13", 13, 0, 0);

    TRY("movl %%eax, %%gs", : "a"(0x2b) : "memory");
    check_kernel_trap("a selector of an empty slot is trap 13 with the selector", 13, 0x28, 0);

    TRY("movl %%eax, %%gs", : "a"(0x1003) : "memory");
    check_kernel_trap("a selector outside the table is trap 13 with the selector", 13, 0x1000, 0);
}

static void page_faults(void)
{
    volatile u32 *read_only = page_entry(test_directory, (u32)kernel_address(new_page()));

    TRY("movl 0x00400000, %%eax", : : "eax", "memory");
    check_kernel_trap("reading nothing is trap 14 with error 0", 14, 0, 0);
    check_equal("cr2 is in lguest_data", lguest_data.cr2, 0x00400000);

    TRY("movl %%eax, 0x00400ffc", : : "memory");
    check_kernel_trap("writing nothing is trap 14 with error 2", 14, 2, 0);
    check_equal("cr2 is exact", lguest_data.cr2, 0x00400ffc);

    TRY("jmp *%%eax", : "a"(0x00401000) : "memory");
    resume_at = 0;
    check(traps_caught == 1 && caught.vector == 14 && caught.eip == 0x00401000 && lguest_data.cr2 == 0x00401000,
          "jumping nowhere is trap 14 there");

    TRY("movl 0xffc00000, %%eax", : : "eax", "memory");
    check_kernel_trap("the host's own addresses are not mapped", 14, 0, 0);

    *read_only &= ~PAGE_WRITABLE;
    hypercall(FLUSH_TLB, 1, 0, 0);
    TRY("movl %%eax, (%%edx)", : "d"(kernel_address(*read_only & PAGE_FRAME)) : "memory");
    check_kernel_trap("writing to a read-only page is trap 14 with error 3, in ring 1 too", 14, 3, 0);
}

static void flags(void)
{
    interrupts_off();
    TRY("ud2", : : "memory");
    check_equal("IF is off in the frame while irq_enabled is 0", caught.eflags & INTERRUPT_FLAG, 0);

    interrupts_on();
    TRY("ud2", : : "memory");
    check_equal("IF is on in the frame while irq_enabled is on", caught.eflags & INTERRUPT_FLAG, INTERRUPT_FLAG);
    check_equal("an interrupt gate turns irq_enabled off", caught_irq_enabled, 0);
    check_equal("returning turns it on again", lguest_data.irq_enabled, INTERRUPT_FLAG);

    catch(6, TRAP_GATE);
    TRY("ud2", : : "memory");
    check_equal("a trap gate leaves irq_enabled on", caught_irq_enabled, INTERRUPT_FLAG);
    interrupts_off();
    TRY("ud2", : : "memory");
    check_equal("a trap gate leaves irq_enabled off", caught_irq_enabled, 0);

    TRY("stc; ud2", : : "memory", "cc");
    check_equal("the carry flag is in the frame", caught.eflags & 1, 1);
    TRY("clc; ud2", : : "memory", "cc");
    check_equal("and clear when it is clear", caught.eflags & 1, 0);
}

static void software_traps(void)
{
    TRY("int3", : : "memory");
    check_kernel_trap("int3 through a gate of ring 0 is trap 13", 13, 3 * 8 + 2, 0);
    catch(3, TRAP_GATE | FROM_USER);
    TRY("int3", : : "memory");
    check_kernel_trap("int3 through a gate of ring 3 is trap 3, eip behind it", 3, 0, 1);

    catch(4, TRAP_GATE | FROM_USER);
    TRY("int $4", : : "memory");
    check_kernel_trap("int 4 is trap 4, eip behind it", 4, 0, 2);
    TRY("int $0x80", : "a"(0) : "memory");
    check_kernel_trap("int 0x80 works in the kernel too", SYSTEM_CALL, 0, 2);
    TRY("int $0x2f", : : "memory");
    check_kernel_trap("int through a gate that is not there is trap 13", 13, 0x2f * 8 + 2, 0);
}

/* Linux pokes at a few ports when it boots and powers off. */
static void ports(void)
{
    u32 value;

    TRY("inb $0x60, %%al", "=a"(value) : "a"(0x11223344) : "memory");
    check_equal("inb gives all ones in al alone", value, 0x112233ff);
    TRY("inl $0x60, %%eax", "=a"(value) : "a"(0x11223344) : "memory");
    check_equal("inl gives all ones", value, 0xffffffff);
    TRY("inw $0x60, %%ax", "=a"(value) : "a"(0x11223344) : "memory");
    check_equal("inw gives all ones in ax alone", value, 0x1122ffff);
    TRY("inb %%dx, %%al", "=a"(value) : "a"(0x11223344), "d"(0xcf8) : "memory");
    check_equal("inb from dx", value, 0x112233ff);
    TRY("inw %%dx, %%ax", "=a"(value) : "a"(0x11223344), "d"(0xcf8) : "memory");
    check_equal("inw from dx", value, 0x1122ffff);
    TRY("inl %%dx, %%eax", "=a"(value) : "a"(0x11223344), "d"(0xcf8) : "memory");
    check_equal("inl from dx", value, 0xffffffff);
    TRY("outb %%al, $0x80; outw %%ax, $0x80; outl %%eax, $0x80", "=a"(value) : "a"(0x11223344) : "memory");
    check_equal("out to a port number is skipped", value, 0x11223344);
    TRY("outb %%al, %%dx; outw %%ax, %%dx; outl %%eax, %%dx", "=a"(value) : "a"(0x11223344), "d"(0x80) : "memory");
    check_equal("out to dx is skipped", value, 0x11223344);
    check(traps_caught == 0, "and the guest sees no trap");
}

int main(void)
{
    lguest_init();
    prepare_ring3();

    faults();
    page_faults();
    flags();
    software_traps();
    ports();
    power_down();
}
