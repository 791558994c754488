using LguestPS.Cpu;
using LguestPS.Paging;

namespace LguestPS.Breakpoints;

/// <summary>What the run loop asks at each place where a guest can be stopped, and the hits that came of it.</summary>
/// <remarks>
/// Each place asks once, until it is passed. Breakpoints may be changed from any thread; the loop takes the change at its next turn.
/// For a guest without breakpoints each question is one comparison.
/// </remarks>
internal sealed class Interceptor(Guest guest)
{
    private static int lastId;

    private readonly Lock gate = new();
    private readonly List<Breakpoint> all = [];
    private readonly List<BreakpointHit> hits = [];
    private volatile bool changed;
    private Breakpoint[] calls = [], traps = [], transfers = [], interrupts = [], watches = [];
    private IReadOnlyList<WatchRange>? watchedByGoal;
    private bool reportedCall, reportedOther;

    /// <summary>Whether a trap has to wait until it was asked about.</summary>
    public bool HasTraps => traps.Length != 0;

    /// <summary>Likewise an interrupt.</summary>
    public bool HasInterrupts => interrupts.Length != 0;

    /// <summary>Whether the vCPU comes out for an address.</summary>
    public bool HasWatches => watches.Length != 0 || watchedByGoal is not null;

    /// <summary>Where the guest was stopped last, and by which breakpoint; null if it has gone on since.</summary>
    public BreakpointHit? Stop { get; set; }

    /// <summary>True while a condition is asked or an action done: the guest stands still for it, in the middle of its drive.</summary>
    public bool IsDeciding { get; private set; }

    public IReadOnlyList<Breakpoint> All
    {
        get
        {
            lock (gate) return [.. all];
        }
    }

    public Breakpoint Add(BreakpointTarget target, Func<BreakpointHit, bool>? condition, Action<BreakpointHit>? action, bool enabled)
    {
        Breakpoint breakpoint = new(Interlocked.Increment(ref lastId), guest, target, enabled) { Condition = condition, Action = action };
        lock (gate) all.Add(breakpoint);
        Changed();
        return breakpoint;
    }

    public bool Remove(Breakpoint breakpoint)
    {
        lock (gate)
            if (!all.Remove(breakpoint)) return false;
        Changed();
        return true;
    }

    public void Changed() => changed = true;

    /// <summary>True while the guest is taken back: on the way it comes by places where it was before, and no hit is reported.</summary>
    public bool IsMuted
    {
        get;
        set
        {
            field = value;
            Forget();
            Changed();
        }
    }

    /// <summary>The guest has been taken back: from here on hits are reported, and what is known of where it stands stays.</summary>
    public void Unmute()
    {
        (BreakpointHit? Stop, bool Call, bool Other) reported = Reported;
        IsMuted = false;
        Reported = reported;
    }

    /// <summary>Takes changes over; the vCPU stands still.</summary>
    /// <param name="runTo">Addresses at which the vCPU must come out for the goal's sake.</param>
    public void Update(IReadOnlyList<WatchRange>? runTo)
    {
        if (changed || runTo != watchedByGoal) TakeChanges(runTo);
    }

    public bool BeforeCall()
    {
        if (reportedCall || calls.Length == 0 || guest.Executor.Next is not { } call) return false;
        foreach (Breakpoint breakpoint in calls)
            if (((HypercallTarget)breakpoint.Target).Matches(call)) hits.Add(new BreakpointHit(breakpoint) { Hypercall = call });
        return reportedCall = hits.Count != 0;
    }

    public bool BeforeTransfer()
    {
        if (reportedOther || transfers.Length == 0) return false;
        foreach (Breakpoint breakpoint in transfers)
            if (((TransferTarget)breakpoint.Target).Matches(guest.Machine.Pending.Transfer!)) hits.Add(new BreakpointHit(breakpoint) { Dma = guest.PendingDma, Kick = guest.PendingKick });
        return reportedOther = hits.Count != 0;
    }

    public bool BeforeTrap()
    {
        if (reportedOther) return false;
        foreach (Breakpoint breakpoint in traps)
            if (((TrapTarget)breakpoint.Target).Vector is not { } vector || vector == guest.PendingTrap!.Vector) hits.Add(new BreakpointHit(breakpoint) { Trap = guest.PendingTrap });
        return reportedOther = hits.Count != 0;
    }

    public bool BeforeInterrupt()
    {
        if (reportedOther || guest.PendingInterrupt is not { } irq) return false;
        foreach (Breakpoint breakpoint in interrupts)
            if (((InterruptTarget)breakpoint.Target).Irq is not { } wanted || wanted == irq) hits.Add(new BreakpointHit(breakpoint) { Irq = irq });
        return reportedOther = hits.Count != 0;
    }

    /// <summary>The vCPU came out for an address.</summary>
    public bool At(WatchedAccess access)
    {
        AccessedMemory? seen = null;
        foreach (Breakpoint breakpoint in watches)
        {
            if (!breakpoint.Target.Ranges.Any(range => (range.Access & access.Access) != 0 && range.Overlaps(access.Address, access.Length))) continue;
            seen ??= new AccessedMemory(access.Access, access.Address, access.Length, access.Eip, access.Before, Now(access));
            hits.Add(new BreakpointHit(breakpoint) { Access = seen });
        }
        return hits.Count != 0;         // the vCPU itself reports each instruction once
    }

    /// <summary>What the guest stood before, other than a call, is being done: the next place is another.</summary>
    public void Passed() => reportedOther = false;

    /// <summary>The call the guest stood before is being done, or will never be.</summary>
    public void PassedCall() => reportedCall = false;

    /// <summary>Where the guest was stopped, and what has been said of it, for when it is back there.</summary>
    public (BreakpointHit? Stop, bool Call, bool Other) Reported
    {
        get => (Stop, reportedCall, reportedOther);
        set => (Stop, reportedCall, reportedOther) = value;
    }

    /// <summary>The guest is somewhere else, or at another time: nothing of where it stood counts.</summary>
    public void Forget()
    {
        reportedCall = reportedOther = false;
        hits.Clear();
        Stop = null;
    }

    /// <exception cref="LguestException">NotSupported: the guest's CPU cannot watch addresses.</exception>
    public void CheckCanWatch()
    {
        if (!guest.Cpu.CanWatch)
            throw new LguestException(LguestError.NotSupported, $"Guest '{guest.Name}' runs on the {guest.Cpu.Name} CPU, which cannot watch addresses.");
    }

    /// <summary>The first of what was just hit that stops the guest, while it goes over its past again: nothing is counted, and no action is done.</summary>
    public BreakpointHit? FindStop() => hits.ToArray().FirstOrDefault(hit => hit.Breakpoint.Action is null && hit.Breakpoint.Condition?.Invoke(hit) is not false);

    /// <summary>Forgets what was just hit: the guest only goes over its past again.</summary>
    public void Ignore() => hits.Clear();

    /// <summary>Asks the conditions and does the actions of what was just hit, on the thread that drives the guest.</summary>
    /// <returns>Whether the guest stays where it is.</returns>
    public bool Decide()
    {
        BreakpointHit[] found = [.. hits];
        hits.Clear();
        Stop = null;
        IsDeciding = true;
        try
        {
            foreach (BreakpointHit hit in found)
            {
                if (hit.Breakpoint.Condition is { } holds && !holds(hit)) continue;
                hit.Breakpoint.HitCount++;
                if (hit.Breakpoint.Action is { } action) action(hit);
                else Stop ??= hit;
            }
        }
        finally
        {
            IsDeciding = false;
        }
        return Stop is not null;
    }

    private byte[] Now(WatchedAccess access)
    {
        if (access.Access == MemoryAccess.Execute) return [];
        byte[] now = new byte[Math.Max(access.Before.Length, Math.Min(access.Length, 16))];
        return LinearMemory.TryRead(guest.Machine.PageTables, guest.Machine.PageDirectory, access.Address, now) ? now : [];
    }

    private void TakeChanges(IReadOnlyList<WatchRange>? runTo)
    {
        changed = false;
        Breakpoint[] enabled = [.. All.Where(breakpoint => breakpoint.Enabled && !IsMuted)];
        calls = Of(BreakpointKind.Hypercall);
        traps = Of(BreakpointKind.Trap);
        transfers = [.. enabled.Where(breakpoint => breakpoint.Target is TransferTarget)];
        interrupts = Of(BreakpointKind.Interrupt);
        watches = [.. enabled.Where(breakpoint => breakpoint.Kind is BreakpointKind.Address or BreakpointKind.Memory)];
        watchedByGoal = runTo;
        if (guest.Cpu.CanWatch) guest.Cpu.Watch([.. watches.SelectMany(breakpoint => breakpoint.Target.Ranges).Concat(runTo ?? [])]);

        Breakpoint[] Of(BreakpointKind kind) => [.. enabled.Where(breakpoint => breakpoint.Kind == kind)];
    }
}
