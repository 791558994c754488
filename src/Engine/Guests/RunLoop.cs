using LguestPS.Breakpoints;
using LguestPS.Cpu;
using LguestPS.Errors;
using LguestPS.Traps;

namespace LguestPS.Guests;

/// <summary>The heart: runs a guest from one standstill to the next.</summary>
/// <remarks>The order of the steps in <see cref="Turn"/> is the ABI's (§4).</remarks>
internal sealed class RunLoop(Guest guest)
{
    private readonly TrapHandler traps = new(guest);
    private readonly DirectTrapSwitch directTraps = new(guest);
    private readonly Interceptor interceptor = guest.Interceptor;

    /// <summary>Whether input and interrupts were offered since the last instruction.</summary>
    /// <remarks>Once between two instructions, however often the guest stands still there: otherwise looking would change what happens.</remarks>
    public bool HasOffered { get; set; }

    /// <summary>Set, from any thread, to end the guest at the next turn.</summary>
    public volatile bool StopWanted;

    /// <summary>Runs until the guest stands still where the goal wants it to, or an event waits to be taken.</summary>
    public Standstill Run(RunGoal goal)
    {
        try
        {
            while (!guest.HasEnded)
            {
                if (guest.Events.Any) return Standstill.Event;
                if (Turn(goal) is { } standstill) return guest.HasEnded ? Standstill.Ended : standstill;
            }
        }
        catch (GuestKilledException killed)
        {
            guest.End(EndingKind.Killed, killed.Message);
        }
        return Standstill.Ended;
    }

    /// <summary>The standstill the guest is at, if it is at one; else between two instructions.</summary>
    public Standstill WhereItStands() => guest switch
    {
        { HasEnded: true } => Standstill.Ended,
        { PendingTrap: not null } => Standstill.Trap,
        { PendingDma: not null } => Standstill.Dma,
        { PendingHypercall: not null } => guest.Ring.HasBegun && guest.NextCall?.Slot is not null ? Standstill.RingEntry : Standstill.Hypercall,
        { PendingInterrupt: not null } => Standstill.Interrupt,
        _ => Standstill.Instruction,
    };

    private Standstill? Turn(RunGoal goal)
    {
        if (StopWanted)
        {
            guest.End(EndingKind.Stopped, "stopped");
            return Standstill.Ended;
        }
        if (goal.IsOver(guest) is { } over) return over;     // whatever is pending stays pending
        if (guest.Recording?.AtTurn() is true) return null;
        interceptor.Update(goal.RunTo);

        if (guest.PendingTrap is { } trap)
        {
            if (interceptor.BeforeTrap()) return Standstill.Breakpoint;
            if (goal.StopsBeforeTrap(trap)) return Standstill.Trap;
            guest.PendingTrap = null;
            interceptor.Passed();
            Handle(trap.Exit);
            return null;
        }
        if (guest.PendingDma is not null)                    // the launcher's turn, before anything else of the guest
        {
            if (interceptor.BeforeDma()) return Standstill.Breakpoint;
            if (goal.StopsBeforeDma()) return Standstill.Dma;
            interceptor.Passed();
            guest.Devices.ServeDma(guest);
            return null;
        }
        if (guest.PendingHypercall is not null)
        {
            if (interceptor.BeforeCall()) return Standstill.Breakpoint;
            if (goal.StopsBeforeCall(guest)) return WhereItStands();
            interceptor.PassedCall();
            guest.Executor.RunNext();                        // one call: a ring entry, or the direct one when the ring is drained
            return null;
        }
        if (guest.PendingInterrupt is { } irq)
        {
            if (interceptor.BeforeInterrupt(irq)) return Standstill.Breakpoint;
            if (goal.StopsBeforeInterrupt(irq)) return Standstill.Interrupt;
            guest.PendingInterrupt = null;
            interceptor.Passed();
            guest.Interrupts.DeliverOne();
            return null;
        }

        if (!HasOffered)
        {
            Offer(goal);
            // Whoever takes events finds the guest before its next instruction; and a place may lie here.
            if (guest.PendingInterrupt is not null || guest.Events.Any || goal.HasPlace || guest.Recording?.NextStop is not null) return null;
        }
        if (guest.IsHalted)
        {
            HasOffered = false;
            guest.Meter?.Handled();
            Standstill? nothing = guest.Clock.WaitForInterrupt(goal);
            guest.Meter?.Idled();
            return nothing;
        }

        if (goal.StopsBeforeInstruction(guest)) return Standstill.Instruction;
        interceptor.Update(goal.RunTo);
        directTraps.Update(interceptor, goal);
        CpuBudget budget = goal.Budget(guest);
        guest.Meter?.Handled();
        CpuExit exit = guest.Cpu.Run(budget);
        guest.Meter?.Exited();
        HasOffered = exit.RanNothing;
        if (HasOffered) goal.RanNothing();
        if (exit.Kind == CpuExitKind.Trap && exit.Vector != Vector.Hypercall && (interceptor.HasTraps || goal.WantsTraps))
        {
            guest.PendingTrap = new PendingTrap(exit, guest.Cpu.Registers.Eip);
            return null;
        }
        Handle(exit);
        return exit.Watched is { } watched && interceptor.At(watched) ? Standstill.Breakpoint : null;
    }

    private void Handle(in CpuExit exit)
    {
        traps.Handle(exit);
        guest.Clock.Exited(visible: exit.Kind == CpuExitKind.Trap);
    }

    /// <summary>Hands over input and delivers at most one interrupt.</summary>
    private void Offer(RunGoal goal)
    {
        HasOffered = true;
        if (guest.Clock.InputMayEnter || guest.IsHalted) guest.Devices.DeliverInput(guest);
        if (guest.Clock.TakeExpired()) guest.Interrupts.Raise(InterruptController.ClockIrq);
        if (!guest.Clock.InterruptsMayEnter && !guest.IsHalted) return;
        if (interceptor.HasInterrupts || goal.WantsInterrupts) guest.PendingInterrupt = guest.Interrupts.Deliverable;
        else guest.Interrupts.DeliverOne();
    }
}
