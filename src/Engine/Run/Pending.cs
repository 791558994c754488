using LguestPS.Breakpoints;

namespace LguestPS.Run;

/// <summary>A place before something that the host is about to do for a guest, where the guest can stand still: one class for each kind.</summary>
internal abstract class Pending
{
    private static readonly Pending?[] Kinds = [null, new PendingTrapPlace(), new PendingDmaPlace(), new PendingKickPlace(), new PendingCallPlace(), new PendingInterruptPlace()];

    /// <summary>What is done next of all that is pending, or null.</summary>
    public static Pending? First(Guest guest) => Kinds[(int)guest.Machine.Pending.First];

    /// <summary>What a guest that stands here says of itself.</summary>
    public abstract Standstill Standstill(Guest guest);

    /// <summary>What is about to be done, in words that can follow "before".</summary>
    public abstract string Words(Guest guest);

    /// <summary>Whether a breakpoint is hit here.</summary>
    public abstract bool MeetsBreakpoint(Interceptor interceptor);

    /// <summary>Whether a step ends here.</summary>
    public abstract bool IsGoal(RunGoal goal, Guest guest);

    /// <summary>Does it; from here on it is no longer pending.</summary>
    public abstract void Do(Guest guest, RunLoop loop);
}

internal sealed class PendingTrapPlace : Pending
{
    public override Standstill Standstill(Guest guest) => LguestPS.Standstill.Trap;

    public override string Words(Guest guest) => $"trap {guest.PendingTrap}";

    public override bool MeetsBreakpoint(Interceptor interceptor) => interceptor.BeforeTrap();

    public override bool IsGoal(RunGoal goal, Guest guest) => goal.StopsBeforeTrap(guest.PendingTrap!);

    public override void Do(Guest guest, RunLoop loop)
    {
        PendingTrap trap = guest.PendingTrap!;
        guest.Machine.Pending.Trap = null;
        guest.Interceptor.Passed();
        loop.Handle(trap.Exit);
    }
}

/// <summary>The launcher's turn, before anything else of the guest.</summary>
internal abstract class PendingTransferPlace : Pending
{
    public sealed override string Words(Guest guest) => guest.Machine.Pending.Transfer!.Words;

    public sealed override bool MeetsBreakpoint(Interceptor interceptor) => interceptor.BeforeTransfer();

    public sealed override bool IsGoal(RunGoal goal, Guest guest) => goal.StopsBeforeTransfer();

    public sealed override void Do(Guest guest, RunLoop loop)
    {
        guest.Interceptor.Passed();
        PendingTransfer transfer = guest.Machine.Pending.Transfer!;
        guest.Machine.Pending.Transfer = null;
        guest.Transport.Serve(transfer);
    }
}

internal sealed class PendingDmaPlace : PendingTransferPlace
{
    public override Standstill Standstill(Guest guest) => LguestPS.Standstill.Dma;
}

internal sealed class PendingKickPlace : PendingTransferPlace
{
    public override Standstill Standstill(Guest guest) => LguestPS.Standstill.Kick;
}

/// <summary>One call: a ring entry, or the direct call once the ring is drained.</summary>
internal sealed class PendingCallPlace : Pending
{
    public override Standstill Standstill(Guest guest) =>
        guest.Ring.HasBegun && guest.Executor.Next?.Slot is not null ? LguestPS.Standstill.RingEntry : LguestPS.Standstill.Hypercall;

    public override string Words(Guest guest) => $"{guest.NextCall}";

    public override bool MeetsBreakpoint(Interceptor interceptor) => interceptor.BeforeCall();

    public override bool IsGoal(RunGoal goal, Guest guest) => goal.StopsBeforeCall(guest);

    public override void Do(Guest guest, RunLoop loop)
    {
        guest.Interceptor.PassedCall();
        guest.Executor.RunNext();
        guest.Rebooter.Answer();
    }
}

internal sealed class PendingInterruptPlace : Pending
{
    public override Standstill Standstill(Guest guest) => LguestPS.Standstill.Interrupt;

    public override string Words(Guest guest) => $"irq {guest.PendingInterrupt}";

    public override bool MeetsBreakpoint(Interceptor interceptor) => interceptor.BeforeInterrupt();

    public override bool IsGoal(RunGoal goal, Guest guest) => goal.StopsBeforeInterrupt(guest.PendingInterrupt!.Value);

    public override void Do(Guest guest, RunLoop loop)
    {
        guest.Machine.Pending.Interrupt = null;
        guest.Interceptor.Passed();
        loop.DeliverInterrupt();
    }
}
