using Iced.Intel;
using LguestPS.Paging;

namespace LguestPS.Run;

/// <summary>Counts a step's way: asked at each place where the guest can stand still, says at which it stops.</summary>
internal sealed class Stepper
{
    /// <summary>A call that pops its arguments leaves the stack at most this much higher than it was.</summary>
    private const uint MostArgumentBytes = 4096;

    private const int LongestInstruction = 15;

    private readonly StepOptions options;
    private readonly StepUnit unit;
    private int passes;
    private bool passed;
    private uint frame;
    private bool returning;
    private (uint Eip, uint Esp)? behindCall;
    private readonly long reboots;

    public Stepper(StepOptions options, Guest guest)
    {
        this.options = options;
        unit = options.Unit;
        frame = guest.Cpu.Registers.Esp;
        reboots = guest.Reboots;
        bool atInstruction = guest.Machine.Pending.Transfer is null && guest.PendingHypercall is null && guest.PendingTrap is null;
        bool standsAtOne = unit switch
        {
            StepUnit.Standstill => guest.Machine.Pending.Transfer is not null || guest.PendingHypercall is not null,
            StepUnit.Hypercall => guest.Machine.Pending.Transfer is null && guest.Executor.Next is { } next && next.Number == options.Hypercall,
            StepUnit.Trap => guest.PendingTrap is { } trap && IsWanted(trap),
            StepUnit.Interrupt => guest.PendingInterrupt is { } irq && IsWanted(irq),
            StepUnit.Address => atInstruction && guest.Cpu.Registers.Eip == options.Address,
            StepUnit.Over => atInstruction,
            StepUnit.Out or StepUnit.Breakpoint => false,
            _ => true,      // there is an instruction, or what is pending, wherever it stands
        };
        passes = options.Count - 1 + (standsAtOne ? 1 : 0);
    }

    public bool WantsTraps => unit == StepUnit.Trap;

    public bool WantsInterrupts => unit == StepUnit.Interrupt;

    /// <summary>Whether the vCPU must come out after the next instruction.</summary>
    public bool IsSingle => unit == StepUnit.Instruction || (unit is StepUnit.Over or StepUnit.Out && behindCall is null);

    /// <summary>The address at which the vCPU must come out, or null.</summary>
    public uint? RunTo => unit == StepUnit.Address ? options.Address : behindCall?.Eip;

    public bool StopsBeforeCall(Guest guest) => unit switch
    {
        StepUnit.Standstill or StepUnit.Instruction => UsePass(),
        StepUnit.Hypercall => guest.Executor.Next?.Number == options.Hypercall && UsePass(),
        _ => false,
    };

    public bool StopsBeforeTransfer() => unit is StepUnit.Standstill or StepUnit.Instruction && UsePass();

    public bool StopsBeforeTrap(PendingTrap trap) => unit == StepUnit.Trap && IsWanted(trap) && UsePass();

    public bool StopsBeforeInterrupt(int irq) => unit == StepUnit.Interrupt && IsWanted(irq) && UsePass();

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
                return guest.Cpu.Registers.Eip == options.Address && UsePass();
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
        if (registers.Eip != place.Eip || registers.Esp - place.Esp > MostArgumentBytes) return false;
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
        Instruction next = Decode(guest);
        returning = next.FlowControl == FlowControl.Return && guest.Cpu.Registers.Esp >= frame;
        behindCall = returning ? null : BehindCall(guest, next);
    }

    private static (uint, uint)? BehindCall(Guest guest) => BehindCall(guest, Decode(guest));

    private static (uint, uint)? BehindCall(Guest guest, in Instruction next)
    {
        bool repeats = next.HasRepPrefix || next.HasRepnePrefix;
        bool isHypercall = next.Code is Code.Vmcall or Code.Vmmcall || (next.Code == Code.Int_imm8 && next.Immediate8 == Cpu.Vector.Hypercall);
        bool calls = !isHypercall && next.FlowControl is FlowControl.Call or FlowControl.IndirectCall or FlowControl.Interrupt;
        return calls || repeats ? (next.NextIP32, guest.Cpu.Registers.Esp) : null;
    }

    private static Instruction Decode(Guest guest)
    {
        byte[] code = new byte[LongestInstruction];
        LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, guest.Cpu.Registers.Eip, code);
        Decoder decoder = Decoder.Create(32, code);
        decoder.IP = guest.Cpu.Registers.Eip;
        decoder.Decode(out Instruction instruction);
        return instruction;
    }
}
