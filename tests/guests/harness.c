#include "harness.h"

struct trap_frame caught;
u32 caught_stack, caught_irq_enabled;
volatile u32 traps_caught;
volatile u32 resume_at, tried_at, tried_stack;
u32 test_directory, user_page, trap_stack_top;

void leave_user(void) __attribute__((noreturn));

void check(int ok, const char *name)
{
    print("%s %s\n", ok ? "PASS" : "FAIL", name);
}

void check_equal(const char *name, u32 seen, u32 expected)
{
    if (seen == expected)
        print("PASS %s\n", name);
    else
        print("FAIL %s: 0x%x instead of 0x%x\n", name, seen, expected);
}

static void catch_trap(struct trap_frame *frame)
{
    if (from_user(frame) && frame->vector == SYSTEM_CALL && frame->eax == GO_ON)
        return;

    /* Above a frame from ring 1 lies whatever was there before, perhaps nothing mapped. */
    memcpy(&caught, frame, from_user(frame) ? sizeof caught : __builtin_offsetof(struct trap_frame, esp));
    caught_stack = (u32)frame;
    caught_irq_enabled = lguest_data.irq_enabled;
    traps_caught++;

    if (from_user(frame))
        leave_user();
    if (!resume_at) {
        print("FAIL trap %u at %08x, error 0x%x, that nobody tried\n", frame->vector, frame->eip, frame->error);
        power_down();
    }
    frame->eip = resume_at;
    resume_at = 0;
}

void catch(u32 vector, u32 gate_kind)
{
    set_gate(vector, gate_kind, catch_trap);
}

void catch_faults(void)
{
    for (u32 vector = 0; vector <= 17; vector++)
        if (vector != 2 && vector != 8 && vector != 9 && vector != 15)
            catch(vector, INTERRUPT_GATE);
}

static int check_frame(const char *name, u32 vector, u32 error, u32 eip)
{
    if (!traps_caught)
        print("FAIL %s: no trap\n", name);
    else if (caught.vector != vector)
        print("FAIL %s: trap %u instead of %u\n", name, caught.vector, vector);
    else if (caught.error != error)
        print("FAIL %s: error code 0x%x instead of 0x%x\n", name, caught.error, error);
    else if (caught.eip != eip)
        print("FAIL %s: eip 0x%x instead of 0x%x\n", name, caught.eip, eip);
    else
        return 1;
    return 0;
}

void check_kernel_trap(const char *name, u32 vector, u32 error, u32 length)
{
    resume_at = 0;
    if (!check_frame(name, vector, error, tried_at + length))
        return;
    if (caught.cs != KERNEL_CODE)
        print("FAIL %s: cs 0x%x instead of 0x%x\n", name, caught.cs, KERNEL_CODE);
    else
        check_equal(name, caught_stack + __builtin_offsetof(struct trap_frame, esp), tried_stack);
}

void check_user_trap(const char *name, u32 vector, u32 error, const void *at)
{
    if (!check_frame(name, vector, error, user_address(at)))
        return;
    if (caught.cs != USER_CODE || caught.ss != USER_DATA)
        print("FAIL %s: cs 0x%x ss 0x%x\n", name, caught.cs, caught.ss);
    else
        check_equal(name, caught_stack + sizeof(struct trap_frame), trap_stack_top);
}

void prepare_ring3(void)
{
    u32 end = physical(image_end);

    load_user_segments();
    catch_faults();
    catch(SYSTEM_CALL, TRAP_GATE | FROM_USER);

    test_directory = new_directory();
    for (u32 page = 0x100000; page < end; page += PAGE_SIZE)
        map_page(test_directory, USER_IMAGE + page, page, PAGE_PRESENT | PAGE_USER);
    map_page(test_directory, USER_STACK_TOP - PAGE_SIZE, new_page(), PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);
    user_page = new_page();
    map_page(test_directory, USER_PAGE, user_page, PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER);

    trap_stack_top = (u32)kernel_address(new_page() + PAGE_SIZE);

    hypercall(NEW_PGTABLE, test_directory, 0, 0);
    hypercall(SET_STACK, KERNEL_DATA, trap_stack_top, 1);
}

void run_user_with(const void *code, u32 eflags)
{
    traps_caught = 0;
    call_user(user_address(code), USER_STACK_TOP, eflags);
    interrupts_off();
}

void run_user(const void *code)
{
    run_user_with(code, INTERRUPT_FLAG);
}

void wait_a_while(void)
{
    for (volatile u32 i = 0; i < 200000; i++)
        ;
}

u32 spin_until(const volatile u32 *value)
{
    for (u32 i = 0; i < 20000000 && !*value; i++)
        ;
    return *value;
}
