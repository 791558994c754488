using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests.Eras;

/// <summary>noirq_iret (ABI §4): from 4.1 on a kernel names one instruction, its iret, and an interrupt that is due there is delivered as if the iret were done.</summary>
public class ReturnInterruptTests
{
    private const uint Handler = 0xC0003000;
    private const uint Iret = 0xC0002100;
    private const uint Frame = ScriptedGuest.PageOffset + ScriptedGuest.StackTop - 0x40;
    private const uint Flags = Eflags.AlwaysOne | Eflags.Interrupt;

    [Theory] // back to the kernel, and to a program
    [InlineData(0xC0001234u, 0x61u)]
    [InlineData(0x08048000u, 0x73u)]
    public void The_handler_gets_the_frame_that_the_kernel_was_about_to_return_with(uint eip, uint cs)
    {
        using ScriptedGuest guest = AtIret(eip, cs, Flags | Eflags.Carry);
        byte[] stack = guest.Memory.Read(ScriptedGuest.StackTop - 0x1000, 0x1000).ToArray();
        Assert.Equal(["irq 3"], ScriptedGuest.Words(guest.Code().Play()));
        Assert.Equal((Handler, Frame, 0x61, 0x69), (Registers(guest).Eip, Registers(guest).Esp, Registers(guest).Cs, Registers(guest).Ss));
        Assert.Equal(stack, guest.Memory.Read(ScriptedGuest.StackTop - 0x1000, 0x1000).ToArray());
    }

    [Fact]
    public void It_begins_with_the_flags_of_that_frame()
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags | Eflags.Carry | Eflags.Direction | Eflags.Trap | Eflags.NestedTask | Eflags.Resume | Eflags.Virtual8086);
        Registers(guest).Eflags = Flags | Eflags.Zero;
        guest.Code().Play();
        Assert.Equal(Flags | Eflags.Carry | Eflags.Direction, Registers(guest).Eflags);
    }

    [Fact] // the frame is the guest's own to write
    public void The_frame_gives_no_privilege_and_takes_no_interrupts()
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Eflags.IoPrivilegeLevel);
        guest.Code().Play();
        Assert.Equal(Flags, Registers(guest).Eflags);
    }

    [Theory]
    [InlineData(0xEu, 0u)]
    [InlineData(0xFu, Eflags.Interrupt)]
    public void An_interrupt_gate_switches_interrupts_off_there_too(uint type, uint left)
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags);
        guest.Gate(0x23, Handler, type).Code().Play();
        Assert.Equal(left, guest.IrqEnabled);
    }

    [Theory]
    [InlineData(Iret - 1)]
    [InlineData(Iret + 1)]
    public void Everywhere_else_an_interrupt_has_a_frame_of_its_own(uint eip)
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags);
        Registers(guest).Eip = eip;
        guest.Code().Play();
        Assert.Equal((Handler, Frame - 12), (Registers(guest).Eip, Registers(guest).Esp));
        Assert.Equal(eip, guest.KernelWord(Frame - 12));
    }

    [Fact] // a program can jump there; it has no iret to do
    public void A_program_at_that_address_has_a_frame_made_for_it()
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags);
        Registers(guest).Cs = 0x73;
        Registers(guest).Ss = 0x7B;
        guest.Code().Play();
        Assert.Equal(ScriptedGuest.PageOffset + ScriptedGuest.StackTop - 20, Registers(guest).Esp);
        Assert.Equal(Iret, guest.KernelWord(Registers(guest).Esp));
    }

    [Fact]
    public void Up_to_4_0_an_interrupt_waits_there()
    {
        using ScriptedGuest guest = Era.Fresh(Era.Pci40);
        guest.FreeRing();
        guest.FillData();
        guest.Memory.Write32(ScriptedGuest.DataAddress + guest.Layout.NoIrqStart!.Value, Iret);
        guest.Memory.Write32(ScriptedGuest.DataAddress + guest.Layout.NoIrqEnd!.Value, Iret + 1);
        Prepare(guest);
        Assert.Empty(guest.Code().Play());
    }

    [Fact]
    public void A_frame_outside_memory_ends_the_guest()
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags);
        Registers(guest).Esp = 0xD0000000;
        guest.Code().Play();
        Assert.Equal("bad stack page 0xd0000008", guest.Ending);
    }

    [Fact]
    public void A_frame_may_lie_across_two_pages()
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags);
        const uint across = ScriptedGuest.PageOffset + 0x1F000 - 10;
        Registers(guest).Esp = across;
        guest.Memory.Write32(across + 8 - ScriptedGuest.PageOffset, Flags | Eflags.Sign);
        guest.Code().Play();
        Assert.Equal((Handler, across, Flags | Eflags.Sign), (Registers(guest).Eip, Registers(guest).Esp, Registers(guest).Eflags));
    }

    [Fact] // under a storm of interrupts the stack would run full
    public void Any_number_of_interrupts_at_the_iret_takes_no_stack()
    {
        using ScriptedGuest guest = AtIret(0xC0001234, 0x61, Flags);
        for (int i = 0; i < 5; i++)
        {
            guest.Code().Play();
            guest.Guest.Machine.Interrupts.Raise(3);
            guest.IrqEnabled = Eflags.Interrupt;
            Registers(guest).Eip = Iret;
        }
        Assert.Equal(Frame, Registers(guest).Esp);
    }

    private static ref GuestRegisters Registers(ScriptedGuest guest) => ref guest.Cpu.Registers;

    private static ScriptedGuest AtIret(uint eip, uint cs, uint eflags)
    {
        ScriptedGuest guest = Era.Fresh(Era.Pci41);
        guest.FreeRing();
        guest.FillData();
        guest.Memory.Write32(ScriptedGuest.DataAddress + guest.Layout.NoIrqIret!.Value, Iret);
        Prepare(guest);
        uint[] frame = [eip, cs, eflags, 0xBFFFF000, 0x7B];
        for (int i = 0; i < frame.Length; i++) guest.Memory.Write32(Frame - ScriptedGuest.PageOffset + (uint)i * 4, frame[i]);
        return guest;
    }

    private static void Prepare(ScriptedGuest guest)
    {
        guest.InitialiseKernel();
        guest.Gate(0x23, Handler);
        guest.IrqEnabled = Eflags.Interrupt;
        guest.Guest.Machine.Interrupts.Raise(3);
        guest.Cpu.Registers = new GuestRegisters { Cs = 0x61, Ss = 0x69, Ds = 0x7B, Es = 0x7B, Esp = Frame, Eip = Iret, Eflags = Flags };
    }
}
