using LguestPS.Breakpoints;
using LguestPS.Cpu;
using LguestPS.Errors;
using LguestPS.Machines;
using LguestPS.Traps;

namespace LguestPS.Run;

/// <summary>The heart: runs a guest from one standstill to the next.</summary>
/// <remarks>The order of the steps in <see cref="Turn"/> is the ABI's (§4).</remarks>
internal sealed class RunLoop(Guest guest)
{
    private readonly TrapHandler traps = new(guest.Machine, guest.Transport.Registers, guest.Events, guest.Progress);
    private readonly DirectTrapSwitch directTraps = new(guest);
    private readonly Interceptor interceptor = guest.Interceptor;
    private readonly Machine machine = guest.Machine;
    private RunMeter? meter;

    /// <summary>Whether input and interrupts were offered since the last instruction.</summary>
    /// <remarks>Once between two instructions, however often the guest stands still there: otherwise looking would change what happens.</remarks>
    public bool HasOffered { get; set; }

    /// <summary>Set, from any thread, to end the guest at the next turn.</summary>
    public volatile bool StopWanted;

    /// <summary>Set, from any thread, to reboot the guest at the next turn: who wants it.</summary>
    public volatile string? RebootWanted;

    /// <summary>Runs until the guest stands still where the goal wants it to, or an event waits to be taken.</summary>
    public Standstill Run(RunGoal goal, RunMeter? meter = null)
    {
        this.meter = meter;
        guest.Events.TakeUp();
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
            machine.End(EndingKind.Killed, killed.Message);
        }
        return Standstill.Ended;
    }

    /// <summary>The standstill the guest is at, if it is at one; else between two instructions.</summary>
    public Standstill WhereItStands() => guest.HasEnded ? Standstill.Ended : Pending.First(guest)?.Standstill(guest) ?? Standstill.Instruction;

    private Standstill? Turn(RunGoal goal)
    {
        if (StopWanted)
        {
            machine.End(EndingKind.Stopped, "stopped");
            return Standstill.Ended;
        }
        if (RebootWanted is { } by)
        {
            RebootWanted = null;
            guest.Rebooter.Reset(by);
            return null;
        }
        if (goal.IsOver(guest) is { } over) return over;     // whatever is pending stays pending
        if (guest.Recording?.AtTurn() is true) return null;
        interceptor.Update(goal.RunTo);

        if (Pending.First(guest) is { } pending)
        {
            if (pending.MeetsBreakpoint(interceptor)) return Standstill.Breakpoint;
            if (pending.IsGoal(goal, guest)) return pending.Standstill(guest);
            guest.Events.Resume();
            pending.Do(guest, this);
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
            meter?.Handled();
            bool goesOn = guest.Clock.WaitForInterrupt(goal);
            meter?.Idled();
            guest.Events.Begin();
            return goesOn ? null : Standstill.WaitingForInput;
        }

        if (goal.StopsBeforeInstruction(guest)) return Standstill.Instruction;
        interceptor.Update(goal.RunTo);
        directTraps.Update(interceptor, goal);
        CpuBudget budget = goal.Budget(guest);
        meter?.Handled();
        CpuExit exit = guest.Cpu.Run(budget);
        meter?.Exited();
        guest.Events.Begin();
        HasOffered = exit.RanNothing;
        if (HasOffered) goal.RanNothing();
        if (exit.IsTrap) machine.CountTrap();
        if (exit.IsTrap && exit.Vector != Vector.Hypercall && (interceptor.HasTraps || goal.WantsTraps))
        {
            machine.Pending.Trap = traps.Pend(exit, guest.Cpu.Registers.Eip);
            return null;
        }
        Handle(exit);
        return exit.Watched is { } watched && interceptor.At(watched) ? Standstill.Breakpoint : null;
    }

    public void Handle(in CpuExit exit)
    {
        traps.Handle(exit);
        if (guest.Progress.IsNews) guest.Stall.Warn();
        guest.Clock.Exited(visible: exit.IsTrap);
    }

    /// <summary>Hands over input and delivers at most one interrupt.</summary>
    private void Offer(RunGoal goal)
    {
        HasOffered = true;
        if (guest.Clock.InputMayEnter || guest.IsHalted) guest.Transport.DeliverInput();
        if (guest.Clock.TakeExpired()) guest.Machine.Interrupts.Raise(InterruptController.ClockIrq);
        if (!guest.Clock.InterruptsMayEnter && !guest.IsHalted) return;
        guest.Machine.Interrupts.Announce();
        if (interceptor.HasInterrupts || goal.WantsInterrupts) machine.Pending.Interrupt = guest.Machine.Interrupts.Deliverable;
        else DeliverInterrupt();
    }

    /// <summary>Delivers an interrupt if the guest takes one now.</summary>
    public void DeliverInterrupt()
    {
        if (machine.Interrupts.Deliverable is null) return;
        guest.Events.Resume();
        uint eip = guest.Cpu.Registers.Eip;
        if (machine.Interrupts.DeliverOne() is { } irq) guest.Events.Interrupted(irq, eip);
    }
}
