using LguestPS.Cpu;
using LguestPS.Segments;
using LguestPS.State;

namespace LguestPS.Machines;

/// <summary>The 32 virtual interrupts: who is pending, and the rules by which one gets in (ABI §5).</summary>
internal sealed class InterruptController(Machine machine)
{
    public const int ClockIrq = 0;
    public const int Irqs = 32;

    private uint pending;

    /// <summary>True while an interrupt waits that the guest has not blocked: it must be offered again soon, because enabling interrupts is a plain store.</summary>
    public bool AnyWaiting => pending != 0 && machine.Data.IsInitialised && (pending & ~machine.Data.BlockedInterrupts) != 0;

    public void Raise(int irq) => pending |= 1u << irq;

    public void Reset() => pending = 0;

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
            if (!AnyWaiting) return null;
            uint eip = machine.Cpu.Registers.Eip;
            if (eip >= machine.Data.NoIrqStart && eip < machine.Data.NoIrqEnd) return null;
            if (!machine.IsHalted && machine.Data.IrqEnabled == 0) return null;
            return System.Numerics.BitOperations.TrailingZeroCount(pending & ~machine.Data.BlockedInterrupts);
        }
    }

    /// <summary>Lets a guest with interrupts off know that one waits, so that it traps when it enables them (ABI §3); in eras without a field for that it does nothing.</summary>
    public void Announce()
    {
        if (!AnyWaiting || machine.Data.Layout.IrqPending is null) return;
        if (!machine.IsHalted && machine.Data.IrqEnabled == 0) machine.Data.TellPending(true);
    }

    /// <summary>Delivers the lowest pending interrupt if the guest takes one now; wakes a halted guest.</summary>
    /// <returns>The interrupt that the guest's own handler takes next, or null.</returns>
    public int? DeliverOne()
    {
        if (Deliverable is not { } irq) return null;
        if (machine.IsHalted)
        {
            machine.Data.IrqEnabled = Eflags.Interrupt;
            machine.IsHalted = false;
        }
        if (!TryEnter((byte)(Vector.FirstInterrupt + irq))) return null;
        pending &= ~(1u << irq);
        if (!AnyWaiting) machine.Data.TellPending(false);
        machine.Data.StampTime(machine.Clock.TimeOfDay);
        return irq;
    }

    private bool TryEnter(byte vector)
    {
        ref GuestRegisters registers = ref machine.Cpu.Registers;
        bool isAtReturn = registers.Eip == machine.Data.NoIrqIret && registers.PrivilegeLevel == DescriptorTable.GuestPrivilegeLevel;
        return isAtReturn ? machine.Gates.TryReflectAtReturn(machine, vector) : machine.Gates.TryReflect(machine, vector, errorCode: null);
    }
}
