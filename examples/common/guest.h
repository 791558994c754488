/* What the C guests share: start, console, hypercall ring, interrupts and traps. */
#ifndef GUEST_H
#define GUEST_H

#include "lguest.h"

extern volatile struct lguest_data lguest_data;

/* Guest-physical address of the boot parameters, as the host handed it over in esi. */
extern u32 boot_parameters;

/* Introduces lguest_data to the host; until then no other hypercall is allowed. */
void lguest_init(void);

/* Sends one piece of text to the console. Knows %s, %c, %d, %u, %x and a width with leading zeros, as in %08x. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#if defined(VIRTIO) && VIRTIO >= 0x040000
/* Shows text before there is a driver for the console, by ports; whoever links this brings it along. */
void early_text(const char *text, u32 length);
#endif

/* Ends the guest; "Power down" is how a guest says that all went well. */
void crash(const char *why) __attribute__((noreturn));
void power_down(void) __attribute__((noreturn));

/* The first SLOT_FREE slot after the one used last, filled and made ready; the host looks at the
 * ring only when a real hypercall comes. Returns the slot, or -1 when the ring is full. */
int queue_hypercall(u32 call, u32 first, u32 second, u32 third);

#ifndef VIRTIO
/* Fills a buffer description with one section. */
void one_section(struct lguest_dma *dma, const volatile void *data, u32 length);
#endif

static inline void interrupts_on(void)
{
    lguest_data.irq_enabled = INTERRUPT_FLAG;
}

static inline void interrupts_off(void)
{
    lguest_data.irq_enabled = 0;
}

/* Sleeps until *flag is set by an interrupt handler. Interrupts are off between looking at the flag
 * and going to sleep, so that none slips in between; a sleeping guest is woken all the same. */
void sleep_until(const volatile u32 *flag);

void *memset(void *where, int byte, __SIZE_TYPE__ count);
void *memcpy(void *to, const void *from, __SIZE_TYPE__ count);

/* The stack as a trap leaves it (see start.S); esp and ss are there only when it came from ring 3. */
struct trap_frame {
    u32 es, ds;
    u32 edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    u32 vector, error;
    u32 eip, cs, eflags, esp, ss;
};

static inline int from_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) == 3;
}

typedef void trap_handler(struct trap_frame *frame);

/* An interrupt gate turns interrupts off on entry, a trap gate leaves them as they are. */
#define INTERRUPT_GATE  0x8e00
#define TRAP_GATE       0x8f00
#define FROM_USER       0x6000      /* user programs may use int n */

/* Vectors 0 to 0x2f and 0x80. */
void set_gate(u32 vector, u32 kind, trap_handler *handler);

/* Gives ring 3 its flat code and data segment; the host starts a guest with ring 1's alone. */
void load_user_segments(void);

/* Begins a user program in ring 3, with interrupts on. */
void enter_user(u32 eip, u32 esp) __attribute__((noreturn));

/* Parts of the image (guest.lds, start.S). */
extern char image_end[], noirq_start[], noirq_end[];
extern char trap_entries[], system_call_entry[];

#endif
