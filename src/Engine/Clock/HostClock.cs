using System.Diagnostics;
using LguestPS.Cpu;
using LguestPS.State;

namespace LguestPS.Clock;

/// <summary>Real time.</summary>
internal sealed class HostClock : GuestClock
{
    // The host looks at multiples of these counts, a few tenths of a millisecond apart. Counting from the last trap instead would
    // starve a guest that has interrupts on only between its traps.
    private const long Grid = 100_000;
    private const long InterruptGrid = 10_000;

    // What stands for the grids where instructions cannot be counted: the guest may unblock an interrupt, or enable it, by a plain store
    // (ABI §4, liveness). And how long a clock event may wait that came due after a trap.
    private static readonly long Period = Stopwatch.Frequency / 100;
    private static readonly long InterruptPeriod = Stopwatch.Frequency / 1_000;
    private static readonly long AfterTrap = Stopwatch.Frequency / 10_000;
    private static readonly double TicksPerNanosecond = Stopwatch.Frequency / 1e9;

    // A clock event that is found due right after a trap would always hit the kernel's entry: no process would ever be
    // seen to use processor time of its own.
    private bool trapped;
    private long started;
    private DateTime startOfTime = DateTime.UtcNow;

    public override long Now => started == 0 ? 0 : (long)(Stopwatch.GetElapsedTime(started).TotalNanoseconds);

    public override TimeSpan ElapsedAt(long timestamp) => started == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(started, timestamp);

    protected override DateTime StartOfTime => startOfTime;

    public override void Start()
    {
        if (started != 0) return;
        started = Stopwatch.GetTimestamp();
        startOfTime = DateTime.UtcNow;
    }

    public override CpuBudget Budget(bool interruptWaiting)
    {
        long instructions = UntilNext(interruptWaiting ? InterruptGrid : Grid);
        if (Cpu is { CountsInstructions: true }) return new CpuBudget(instructions);
        long until = Deadline is { } due ? started + (long)(due * TicksPerNanosecond) : long.MaxValue;
        long now = Stopwatch.GetTimestamp();
        if (trapped && until <= now) until += AfterTrap;
        until = Math.Min(until, now + (interruptWaiting ? InterruptPeriod : Period));
        return new CpuBudget(instructions, until);
    }

    public override bool TakeExpired() => !trapped && base.TakeExpired();

    public override void Exited(bool visible) => trapped = visible;

    public override void Save(StateWriter state)
    {
        base.Save(state);
        state.Write(started != 0);
        state.Write(Now);
        state.Write(startOfTime.Ticks);
        state.Write(trapped);
    }

    /// <summary>Time goes on where it was: the guest does not notice how long it lay in the checkpoint.</summary>
    public override void Load(StateReader state)
    {
        base.Load(state);
        bool wasStarted = state.ReadBool();
        long now = state.ReadCount("the time");
        long start = state.ReadInt64();
        if (start < DateTime.UnixEpoch.Ticks || start > DateTime.MaxValue.Ticks) throw new InvalidStateException("the clock starts at a time that does not exist");
        startOfTime = new DateTime(start, DateTimeKind.Utc);
        started = wasStarted ? Math.Max(1, Stopwatch.GetTimestamp() - (long)(now * TicksPerNanosecond)) : 0;
        trapped = state.ReadBool();
    }

    public override bool WaitForInterrupt(IWaitTerms terms)
    {
        trapped = false;
        long? next = NextDue(terms);
        if (next is null && !terms.WaitForInput) return false;
        TimeSpan longest = terms.LongestSleep;
        if (next is { } due)
        {
            TimeSpan untilDue = NotBefore(due - Now);
            if (longest == Timeout.InfiniteTimeSpan || untilDue < longest) longest = untilDue;
        }
        Sleep(longest);
        return true;
    }
}
