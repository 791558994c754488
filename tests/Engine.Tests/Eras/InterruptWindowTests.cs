using Xunit;

namespace LguestPS.Tests.Eras;

/// <summary>irq_pending and SEND_INTERRUPTS (ABI §3): from 2.6.31 on the host says that an interrupt waits, and the guest traps when it takes them.</summary>
public class InterruptWindowTests
{
    private const uint Handler = 0xC0003000;
    private const uint Waits = 0x200;

    [Theory]
    [InlineData(Era.Virtio2631)]
    [InlineData(Era.Virtio2634)]
    [InlineData(Era.Virtio31)]
    [InlineData(Era.Pci40)]
    [InlineData(Era.Pci41)]
    public void An_interrupt_that_the_guest_does_not_take_yet_is_announced(string abi)
    {
        using ScriptedGuest guest = Ready(abi, irqs: 3);
        guest.IrqEnabled = 0;
        guest.Code().Play();
        Assert.Equal(Waits, IrqPending(guest));
    }

    [Fact]
    public void What_the_guest_has_blocked_is_not_announced()
    {
        using ScriptedGuest guest = Ready(Era.Virtio31, irqs: 3);
        guest.IrqEnabled = 0;
        guest.BlockedInterrupts = 1u << 3;
        guest.Code().Play();
        Assert.Equal(0u, IrqPending(guest));
    }

    [Fact]
    public void What_the_guest_takes_at_once_is_not_announced()
    {
        using ScriptedGuest guest = Ready(Era.Virtio31, irqs: 3);
        guest.IrqEnabled = Waits;
        Assert.Equal(["irq 3"], ScriptedGuest.Words(guest.Code().Play()));
        Assert.Equal(0u, IrqPending(guest));
    }

    [Fact]
    public void SEND_INTERRUPTS_brings_in_what_waits_and_the_last_one_takes_the_announcement_back()
    {
        using ScriptedGuest guest = Ready(Era.Virtio31, 3, 4);
        guest.IrqEnabled = 0;
        guest.Code().Hypercall(() => guest.IrqEnabled = Waits, Call.SendInterrupts);
        Assert.Equal(["SEND_INTERRUPTS", "irq 3"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(Waits, IrqPending(guest));

        guest.Hypercall(() => guest.IrqEnabled = Waits, Call.SendInterrupts);
        Assert.Equal(["SEND_INTERRUPTS", "irq 4"], ScriptedGuest.Words(guest.Play()));
        Assert.Equal(0u, IrqPending(guest));
    }

    [Fact]
    public void An_interrupt_that_arrives_while_one_is_handled_is_announced_again()
    {
        using ScriptedGuest guest = Ready(Era.Virtio31, irqs: 3);
        guest.IrqEnabled = Waits;
        guest.Code().Play();
        Assert.Equal(0u, guest.IrqEnabled);         // an interrupt gate
        guest.Guest.Machine.Interrupts.Raise(4);
        guest.Code().Play();
        Assert.Equal(Waits, IrqPending(guest));
    }

    [Fact]
    public void Looking_at_each_interrupt_changes_nothing_of_what_is_announced()
    {
        using ScriptedGuest guest = Ready(Era.Virtio31, irqs: 3);
        guest.IrqEnabled = 0;
        guest.Code();
        guest.Step(StepUnit.Instruction);
        Assert.Equal(Waits, IrqPending(guest));
    }

    [Theory] // what is there is the ring's
    [InlineData(Era.October)]
    [InlineData(Era.Virtio2630)]
    public void Eras_without_the_field_have_nothing_written_there(string abi)
    {
        using ScriptedGuest guest = Ready(abi, irqs: 3);
        guest.IrqEnabled = 0;
        byte[] before = guest.Memory.Read(ScriptedGuest.DataAddress + 20, 64).ToArray();
        guest.Code().Play();
        Assert.Equal(before, guest.Memory.Read(ScriptedGuest.DataAddress + 20, 64).ToArray());
    }

    private static uint IrqPending(ScriptedGuest guest) => guest.Memory.Read32(ScriptedGuest.DataAddress + guest.Layout.IrqPending!.Value);

    private static ScriptedGuest Ready(string abi, params int[] irqs)
    {
        ScriptedGuest guest = Era.Initialised(abi);
        guest.Cpu.Registers.Eip = 0xC0002000;
        foreach (int irq in irqs)
        {
            guest.Gate(0x20 + irq, Handler);
            guest.Guest.Machine.Interrupts.Raise(irq);
        }
        guest.Gate(0x24, Handler);
        return guest;
    }
}
