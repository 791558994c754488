using LguestPS.Cpu;
using LguestPS.Cpu.Scripted;
using Xunit;

namespace LguestPS.Tests;

/// <summary>When a virtual interrupt gets in, and what it changes (ABI §5).</summary>
public class InterruptTests
{
    private const uint Handler = 0xC0003000;
    private const uint Code = 0xC0002100;

    [Fact]
    public void The_lowest_pending_one_comes_first()
    {
        using ScriptedGuest guest = Ready(5, 2, 31);
        string[] words = ScriptedGuest.Words(guest.Code().Code(Enable).Code(Enable).Play());
        Assert.Equal(["irq 2", "irq 5", "irq 31"], words);

        void Enable(ScriptedCpu cpu) => guest.IrqEnabled = Eflags.Interrupt;
    }

    [Fact]
    public void One_at_most_enters_before_the_guest_runs()
    {
        using ScriptedGuest guest = Ready(1, 2);
        guest.Gate(0x21, Handler, type: 0xF).Gate(0x22, Handler, type: 0xF);
        uint[] stacks = new uint[2];
        guest.Code(cpu => stacks[0] = cpu.Registers.Esp).Code(cpu => stacks[1] = cpu.Registers.Esp).Play();
        Assert.Equal([12, 24], stacks.Select(esp => ScriptedGuest.PageOffset + ScriptedGuest.StackTop - esp));
    }

    [Fact]
    public void Looking_at_the_guest_between_two_instructions_lets_no_second_one_in()
    {
        using ScriptedGuest guest = Ready(1, 2);
        guest.Gate(0x21, Handler, type: 0xF).Gate(0x22, Handler, type: 0xF);
        guest.Code().Code();
        guest.Cpu.Registers.Eip = Code;
        Assert.Equal(["irq 1"], ScriptedGuest.Words(guest.Guest.Run(new RunOptions { Driver = "first" }).Take(1)));
        Assert.Equal(Handler, guest.Guest.Registers.Eip);       // before the handler's first instruction
        Assert.Empty(guest.Guest.Run(new RunOptions { Driver = "second" }, new CancellationToken(canceled: true)));
        Assert.Equal(2, guest.Cpu.Left);
        Assert.Equal(["irq 2"], ScriptedGuest.Words(guest.Step(StepUnit.Instruction)));
        Assert.Equal(1, guest.Cpu.Left);
    }

    [Fact]
    public void A_blocked_one_waits_and_those_above_it_do_not()
    {
        using ScriptedGuest guest = Ready(1, 2);
        guest.BlockedInterrupts = 1 << 1;
        guest.Code().Code(_ =>
        {
            guest.IrqEnabled = Eflags.Interrupt;
            guest.BlockedInterrupts = 0;
        });
        Assert.Equal(["irq 2", "irq 1"], ScriptedGuest.Words(guest.Play()));
    }

    [Fact]
    public void None_enters_while_irq_enabled_is_off()
    {
        using ScriptedGuest guest = Ready(1);
        guest.IrqEnabled = 0;
        guest.Code();
        Assert.Empty(guest.Play());
        Assert.True(guest.Guest.Machine.Interrupts.AnyWaiting);
    }

    [Theory]
    [InlineData(Code - 1, true)]
    [InlineData(Code, false)]
    [InlineData(Code + 15, false)]
    [InlineData(Code + 16, true)]
    public void None_enters_where_the_guest_said_so(uint eip, bool enters)
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.FreeRing();
        guest.Memory.Write32(ScriptedGuest.DataAddress + guest.Layout.NoIrqStart!.Value, Code);
        guest.Memory.Write32(ScriptedGuest.DataAddress + guest.Layout.NoIrqEnd!.Value, Code + 16);
        guest.Gate(0x21, Handler);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Guest.Machine.Interrupts.Raise(1);
        guest.Cpu.Registers.Eip = eip;
        Assert.Equal(enters, guest.Code().Play().Count == 1);
    }

    [Fact]
    public void None_enters_before_LGUEST_INIT()
    {
        using ScriptedGuest guest = ScriptedGuest.Fresh();
        guest.Gate(0x21, Handler);
        guest.Guest.Machine.Interrupts.Raise(1);
        Assert.Empty(guest.Code().Play());
    }

    [Fact]
    public void A_halted_guest_is_woken_though_irq_enabled_is_off()
    {
        using ScriptedGuest guest = Ready(1);
        guest.Gate(0x21, Handler, type: 0xF);
        guest.IrqEnabled = 0;
        guest.Hypercall(Call.Halt).Code();
        Assert.Equal(["HALT", "irq 1"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(Eflags.Interrupt, guest.IrqEnabled);
        // The frame shows that interrupts were on while it slept.
        Assert.Equal(Eflags.Interrupt, guest.KernelWord(guest.Cpu.Registers.Esp + 8) & Eflags.Interrupt);
    }

    [Fact]
    public void A_halted_guest_sleeps_on_when_all_are_blocked()
    {
        using ScriptedGuest guest = Ready(1);
        guest.IrqEnabled = 0;
        guest.BlockedInterrupts = uint.MaxValue;
        guest.Hypercall(Call.Halt);
        Assert.Equal(["HALT"], ScriptedGuest.Words(guest.Play()));
        Assert.True(guest.Guest.IsHalted);
    }

    [Fact]
    public void Without_a_gate_it_stays_pending_but_wakes_a_halted_guest()
    {
        using ScriptedGuest guest = Ready();
        guest.Guest.Machine.Interrupts.Raise(9);
        bool ran = false;
        guest.Hypercall(Call.Halt).Code(_ => ran = true).Code(_ => guest.Gate(0x29, Handler));
        Assert.Equal(["HALT", "irq 9"], ScriptedGuest.Words(guest.Play()));
        Assert.True(ran);
    }

    [Fact]
    public void Irq_n_comes_in_by_vector_0x20_plus_n()
    {
        for (int irq = 0; irq < 32; irq++)
        {
            using ScriptedGuest guest = Ready(irq);
            guest.Gate(0x20 + irq, Handler + (uint)irq * 16);
            InterruptEvent interrupt = Assert.IsType<InterruptEvent>(Assert.Single(guest.Code().Play()));
            Assert.Equal((irq, 0x20 + irq), (interrupt.Irq, interrupt.Vector));
            Assert.Equal(Handler + (uint)irq * 16, guest.Cpu.Registers.Eip);
        }
    }

    [Fact]
    public void Each_delivery_stamps_the_time()
    {
        using ScriptedGuest guest = Ready();
        guest.Time = (0, 0);
        guest.Code().Play();
        Assert.Equal((0u, 0u), guest.Time);
        guest.Guest.Machine.Interrupts.Raise(1);
        guest.Gate(0x21, Handler);
        guest.Code().Play();
        Assert.NotEqual((0u, 0u), guest.Time);
    }

    [Theory]
    [InlineData(0xEu, 0u)]
    [InlineData(0xFu, Eflags.Interrupt)]
    public void An_interrupt_gate_turns_irq_enabled_off_a_trap_gate_does_not(uint type, uint expected)
    {
        using ScriptedGuest guest = Ready(1);
        guest.Gate(0x21, Handler, type);
        guest.Code().Play();
        Assert.Equal(expected, guest.IrqEnabled);
    }

    [Fact]
    public void A_handler_whose_gate_turned_interrupts_off_is_left_alone_until_it_turns_them_on()
    {
        using ScriptedGuest guest = Ready(1, 2);
        guest.Code().Code().Code(_ => guest.IrqEnabled = Eflags.Interrupt).Code();
        List<LguestEvent> events = guest.Play();
        Assert.Equal(["irq 1", "irq 2"], ScriptedGuest.Words(events));
    }

    [Fact]
    public void In_the_kernel_the_frame_goes_on_its_own_stack()
    {
        using ScriptedGuest guest = Ready(1);
        guest.Cpu.Registers.Eip = Code;
        guest.Cpu.Registers.Eflags = 0x202 | Eflags.Carry | Eflags.Trap | Eflags.NestedTask | Eflags.Resume;
        guest.Code().Play();
        ref GuestRegisters registers = ref guest.Cpu.Registers;
        uint top = ScriptedGuest.PageOffset + ScriptedGuest.StackTop;
        Assert.Equal((top - 12, 0x61, 0x69), (registers.Esp, registers.Cs, registers.Ss));
        Assert.Equal([Code, 0x61, 0x202 | Eflags.Carry | Eflags.Trap | Eflags.NestedTask | Eflags.Resume], Words(guest, registers.Esp, 3));
        Assert.Equal(0x202 | Eflags.Carry, registers.Eflags);
    }

    [Fact]
    public void From_a_user_program_it_switches_to_the_ring_1_stack()
    {
        using ScriptedGuest guest = Ready(1);
        guest.Cpu.Registers = new GuestRegisters { Cs = 0x73, Ss = 0x7B, Ds = 0x7B, Esp = 0xBFFFF000, Eip = 0x08048000, Eflags = 0x202 };
        guest.Code().Play();
        ref GuestRegisters registers = ref guest.Cpu.Registers;
        uint top = ScriptedGuest.PageOffset + ScriptedGuest.StackTop;
        Assert.Equal((top - 20, 0x61, 0x69, 0x7B), (registers.Esp, registers.Cs, registers.Ss, registers.Ds));
        Assert.Equal([0x08048000, 0x73, 0x202, 0xBFFFF000, 0x7B], Words(guest, registers.Esp, 5));
    }

    [Fact]
    public void A_device_interrupt_and_the_clock_are_told_apart()
    {
        using ScriptedGuest guest = Ready();
        guest.Gate(0x20, Handler, type: 0xF).Gate(0x21, Handler, type: 0xF);
        uint buffer = guest.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.BufferAddress, 16));
        guest.Guest.SendConsole("x");
        guest.Hypercall(Call.BindDma, 0, buffer, 1 << 8 | 1).Hypercall(Call.SetClockEvent, 1).Code().Code().Code();
        Assert.Equal([1, 0], guest.Play().OfType<InterruptEvent>().Select(interrupt => interrupt.Irq));
    }

    /// <summary>A guest with interrupts on, these pending, and a handler for each.</summary>
    private static ScriptedGuest Ready(params int[] irqs)
    {
        ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.IrqEnabled = Eflags.Interrupt;
        foreach (int irq in irqs)
        {
            guest.Gate(0x20 + irq, Handler);
            guest.Guest.Machine.Interrupts.Raise(irq);
        }
        return guest;
    }

    private static uint[] Words(ScriptedGuest guest, uint linear, int count) =>
        [.. Enumerable.Range(0, count).Select(i => guest.KernelWord(linear + (uint)i * 4))];
}
