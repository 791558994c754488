using Iced.Intel;
using LguestPS.Cpu;

namespace LguestPS.Run;

/// <summary>Counts a step's way: asked at each place where the guest can stand still, says at which it stops.</summary>
internal sealed class Stepper
{
    /// <summary>A call that pops its arguments leaves the stack at most this much higher than it was.</summary>
    private const uint MostArgumentBytes = 4096;

    private readonly StepOptions options;
    private readonly StepUnit unit;
    private int passes;
    private bool passed;
    private uint frame;
    private bool returning;
    private readonly IReadOnlyList<WatchRange> addresses;
    private (WatchRange[] Watched, uint Esp)? behindCall;
    private readonly long reboots;

    public Stepper(StepOptions options, Guest guest)
    {
        this.options = options;
        unit = options.Unit;
        addresses = options.Addresses ?? (options.Address is { } address ? At(address) : []);
        frame = guest.Cpu.Registers.Esp;
        reboots = guest.Reboots;
        bool atInstruction = guest.Machine.Pending.Transfer is null && guest.PendingHypercall is null && guest.PendingTrap is null;
        bool standsAtOne = unit switch
        {
            StepUnit.Standstill => guest.Machine.Pending.Transfer is not null || guest.PendingHypercall is not null,
            StepUnit.Hypercall => guest.Machine.Pending.Transfer is null && guest.Executor.Next is { } next && next.Number == options.Hypercall,
            StepUnit.Trap => guest.PendingTrap is { } trap && IsWanted(trap),
            StepUnit.Interrupt => guest.PendingInterrupt is { } irq && IsWanted(irq),
            StepUnit.Address => atInstruction && IsAtAddress(guest),
            StepUnit.Over => atInstruction,
            StepUnit.Any => Pending.First(guest) is not null,
            StepUnit.Out or StepUnit.Breakpoint => false,
            _ => true,      // there is an instruction, or what is pending, wherever it stands
        };
        passes = options.Count - 1 + (standsAtOne ? 1 : 0);
    }

    public bool WantsTraps => unit is StepUnit.Trap or StepUnit.Any;

    public bool WantsInterrupts => unit is StepUnit.Interrupt or StepUnit.Any;

    /// <summary>Whether the vCPU must come out after the next instruction.</summary>
    public bool IsSingle => unit == StepUnit.Instruction || (unit is StepUnit.Over or StepUnit.Out && behindCall is null);

    /// <summary>The addresses at which the vCPU must come out, or null.</summary>
    public IReadOnlyList<WatchRange>? RunTo => unit == StepUnit.Address ? addresses : behindCall?.Watched;

    public bool StopsBeforeCall(Guest guest) => unit switch
    {
        StepUnit.Standstill or StepUnit.Instruction or StepUnit.Any => UsePass(),
        StepUnit.Hypercall => guest.Executor.Next?.Number == options.Hypercall && UsePass(),
        _ => false,
    };

    public bool StopsBeforeTransfer() => unit is StepUnit.Standstill or StepUnit.Instruction or StepUnit.Any && UsePass();

    public bool StopsBeforeTrap(PendingTrap trap) => WantsTraps && IsWanted(trap) && UsePass();

    public bool StopsBeforeInterrupt(int irq) => WantsInterrupts && IsWanted(irq) && UsePass();

    public bool StopsBeforeInstruction(Guest guest)
    {
        passed = false;
        // Nothing comes back from what was under way before a reboot.
        if (unit is StepUnit.Over or StepUnit.Out && guest.Reboots != reboots) return true;
        switch (unit)
        {
            case StepUnit.Instruction:
                return UsePass();
            case StepUnit.Address:
                return IsAtAddress(guest) && UsePass();
            case StepUnit.Over:
                if (!IsBack(guest)) return false;
                if (UsePass()) return true;
                behindCall = BehindCall(guest);
                return false;
            case StepUnit.Out:
                if (!IsBack(guest)) return false;
                if (HasReturned(guest) && UsePass()) return true;
                passed = false;     // what is next belongs to another return
                Look(guest);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Whether to go on from a breakpoint that stops the guest.</summary>
    public bool PassesBreakpoint() => unit == StepUnit.Breakpoint && !UsePass();

    /// <summary>Lets so many places pass from here on, before it stops at the next.</summary>
    public void Allow(int places) => passes = places;

    /// <summary>Told that the vCPU came out before the instruction that was let through.</summary>
    public void RanNothing()
    {
        if (!passed) return;
        passes++;
        passed = false;
        behindCall = null;
    }

    private bool IsWanted(PendingTrap trap) => options.Vector is not { } vector || vector == trap.Vector;

    private bool IsWanted(int irq) => options.Irq is not { } wanted || wanted == irq;

    private bool UsePass()
    {
        if (passes <= 0) return true;
        passes--;
        passed = true;
        return false;
    }

    /// <summary>False while a call that is stepped over has not come back.</summary>
    private bool IsBack(Guest guest)
    {
        if (behindCall is not { } place) return true;
        ref GuestRegisters registers = ref guest.Cpu.Registers;
        if (registers.Eip != place.Watched[0].First || registers.Esp - place.Esp > MostArgumentBytes) return false;
        behindCall = null;
        return true;
    }

    private bool HasReturned(Guest guest)
    {
        if (!returning) return false;
        returning = false;
        uint esp = guest.Cpu.Registers.Esp;
        if (esp <= frame) return false;        // it did not get so far: the instruction faulted
        frame = esp;
        return true;
    }

    /// <summary>Finds out whether the next instruction leaves the function the step began in, or calls another.</summary>
    private void Look(Guest guest)
    {
        Instruction next = NextInstruction.Of(guest);
        returning = next.FlowControl == FlowControl.Return && guest.Cpu.Registers.Esp >= frame;
        behindCall = returning ? null : BehindCall(guest, next);
    }

    private static (WatchRange[], uint)? BehindCall(Guest guest) => BehindCall(guest, NextInstruction.Of(guest));

    private static (WatchRange[], uint)? BehindCall(Guest guest, in Instruction next)
    {
        bool repeats = next.HasRepPrefix || next.HasRepnePrefix;
        return NextInstruction.Calls(next) || repeats ? (At(next.NextIP32), guest.Cpu.Registers.Esp) : null;
    }

    private bool IsAtAddress(Guest guest)
    {
        uint eip = guest.Cpu.Registers.Eip;
        foreach (WatchRange range in addresses)
            if (eip - range.First < range.Length) return true;
        return false;
    }

    private static WatchRange[] At(uint address) => [new WatchRange(address, 1, MemoryAccess.Execute)];
}
