using LguestPS.Cpu;
using LguestPS.State;

namespace LguestPS.Traps;

/// <summary>The 32 virtual interrupts: who is pending, and the rules by which one gets in (ABI §5).</summary>
internal sealed class InterruptController(Guest guest)
{
    public const int ClockIrq = 0;
    public const int Irqs = 32;

    private uint pending;

    /// <summary>True while an interrupt waits that the guest has not blocked: it must be offered again soon, because enabling interrupts is a plain store.</summary>
    public bool AnyWaiting => guest.Data.IsInitialised && (pending & ~guest.Data.BlockedInterrupts) != 0;

    public void Raise(int irq) => pending |= 1u << irq;

    public void Save(StateWriter state)
    {
        state.Part("interrupts");
        state.Write(pending);
    }

    public void Load(StateReader state)
    {
        state.Part("interrupts");
        pending = state.ReadUInt32();
    }

    /// <summary>The interrupt that <see cref="DeliverOne"/> would deliver now: the lowest pending one, if the guest takes any; else null.</summary>
    public int? Deliverable
    {
        get
        {
            if (pending == 0 || !AnyWaiting) return null;
            uint eip = guest.Cpu.Registers.Eip;
            if (eip >= guest.Data.NoIrqStart && eip < guest.Data.NoIrqEnd) return null;
            if (!guest.IsHalted && guest.Data.IrqEnabled == 0) return null;
            return System.Numerics.BitOperations.TrailingZeroCount(pending & ~guest.Data.BlockedInterrupts);
        }
    }

    /// <summary>Delivers the lowest pending interrupt if the guest takes one now; wakes a halted guest.</summary>
    public void DeliverOne()
    {
        if (Deliverable is not { } irq) return;
        uint eip = guest.Cpu.Registers.Eip;
        if (guest.IsHalted)
        {
            guest.Data.IrqEnabled = Eflags.Interrupt;
            guest.IsHalted = false;
        }
        if (guest.Gates.TryReflect(guest, (byte)(Vector.FirstInterrupt + irq), errorCode: null))
        {
            pending &= ~(1u << irq);
            guest.Data.StampTime(guest.Clock.TimeOfDay);
            guest.Events.Interrupted(irq, eip);
        }
    }
}
