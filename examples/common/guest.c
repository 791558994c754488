#include "guest.h"

#include <stdarg.h>

volatile struct lguest_data lguest_data;

static trap_handler *handlers[256];
static u32 next_slot;

void *memset(void *where, int byte, __SIZE_TYPE__ count)
{
    for (char *to = where; count--; )
        *to++ = byte;
    return where;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ count)
{
    for (char *out = to; count--; from = (const char *)from + 1)
        *out++ = *(const char *)from;
    return to;
}

#ifdef VIRTIO
void lguest_init(void)
{
    /* Code that runs where memory is, and not where the kernel is, has done it: start.S. */
}

void crash(const char *why)
{
    for (;;)
        hypercall(SHUTDOWN, physical(why), POWER_OFF, 0);
}
#else
void lguest_init(void)
{
    for (u32 slot = 0; slot < RING_SLOTS; slot++)
        lguest_data.hcall_status[slot] = SLOT_FREE;
    lguest_data.noirq_start = (u32)noirq_start;
    lguest_data.noirq_end = (u32)noirq_end;
    hypercall(LGUEST_INIT, physical(&lguest_data), 0, 0);
}

void crash(const char *why)
{
    for (;;)
        hypercall(CRASH, physical(why), 0, 0);
}
#endif

void power_down(void)
{
    crash("Power down");
}

int queue_hypercall(u32 call, u32 first, u32 second, u32 third)
{
    u32 slot = next_slot;

    if (lguest_data.hcall_status[slot] != SLOT_FREE)
        return -1;
    lguest_data.hcalls[slot].call = call;
#ifdef VIRTIO
    lguest_data.hcalls[slot].argument[0] = first;
    lguest_data.hcalls[slot].argument[1] = second;
    lguest_data.hcalls[slot].argument[2] = third;
#else
    lguest_data.hcalls[slot].edx = first;
    lguest_data.hcalls[slot].ebx = second;
    lguest_data.hcalls[slot].ecx = third;
#endif
    lguest_data.hcall_status[slot] = SLOT_READY;
    next_slot = (slot + 1) % RING_SLOTS;
    return slot;
}

#ifndef VIRTIO
void one_section(struct lguest_dma *dma, const volatile void *data, u32 length)
{
    memset(dma, 0, sizeof *dma);
    dma->len[0] = length;
    dma->addr[0] = physical(data);
}
#endif

static char *put_number(char *out, u32 number, u32 base, int width)
{
    char digits[10];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    for (; width > count; width--)
        *out++ = '0';
    while (count)
        *out++ = digits[--count];
    return out;
}

void print(const char *format, ...)
{
    char text[256], *out = text, *const room = text + sizeof text - 12;
#ifndef VIRTIO
    struct lguest_dma dma;
#endif
    va_list values;

    va_start(values, format);
    for (; *format && out < room; format++) {
        int width = 0;

        if (*format != '%') {
            *out++ = *format;
            continue;
        }
        while (format[1] >= '0' && format[1] <= '9')
            width = width * 10 + *++format - '0';
        switch (*++format) {
        case 's':
            for (const char *s = va_arg(values, char *); *s && out < room; )
                *out++ = *s++;
            break;
        case 'c':
            *out++ = va_arg(values, int);
            break;
        case 'd': {
            int number = va_arg(values, int);

            if (number < 0)
                *out++ = '-';
            out = put_number(out, number < 0 ? -number : number, 10, width);
            break;
        }
        case 'u':
            out = put_number(out, va_arg(values, u32), 10, width);
            break;
        case 'x':
            out = put_number(out, va_arg(values, u32), 16, width);
            break;
        default:
            *out++ = *format;
        }
    }
    va_end(values);

#if defined(VIRTIO) && VIRTIO >= 0x040000
    early_text(text, out - text);
#elif defined(VIRTIO)
    *out = 0;                           /* what is in memory, and not in a virtqueue, goes to the console as well */
    hypercall(NOTIFY, physical(text), 0, 0);
#else
    one_section(&dma, text, out - text);
    hypercall(SEND_DMA, CONSOLE_KEY, physical(&dma), 0);
#endif
}

void sleep_until(const volatile u32 *flag)
{
    for (interrupts_off(); !*flag; interrupts_off())
        hypercall(HALT, 0, 0, 0);
    interrupts_on();
}

void set_gate(u32 vector, u32 kind, trap_handler *handler)
{
    u32 entry = vector == SYSTEM_CALL ? (u32)system_call_entry : (u32)trap_entries + 16 * vector;

    handlers[vector] = handler;
    hypercall(LOAD_IDT_ENTRY, vector, KERNEL_CODE << 16 | (entry & 0xffff), (entry & 0xffff0000) | kind);
}

void load_user_segments(void)
{
    static const unsigned long long table[GDT_ENTRIES] = {
        [KERNEL_CODE >> 3] = FLAT_CODE | PRIVILEGE(1),
        [KERNEL_DATA >> 3] = FLAT_DATA | PRIVILEGE(1),
        [USER_CODE >> 3] = FLAT_CODE | PRIVILEGE(3),
        [USER_DATA >> 3] = FLAT_DATA | PRIVILEGE(3),
    };

#ifdef VIRTIO
    for (u32 i = 0; i < GDT_ENTRIES; i++)
        hypercall(LOAD_GDT_ENTRY, i, table[i], table[i] >> 32);
#else
    hypercall(LOAD_GDT, physical(table), GDT_ENTRIES, 0);
#endif
}

void dispatch_trap(struct trap_frame *frame)
{
    handlers[frame->vector](frame);
}
