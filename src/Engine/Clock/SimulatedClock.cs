using System.Diagnostics;
using LguestPS.State;

namespace LguestPS.Clock;

/// <summary>A clock that has nothing to do with real time: it starts on a fixed day, and a halted guest's waiting takes none of ours.</summary>
internal abstract class SimulatedClock : GuestClock
{
    /// <summary>How much later than others the guest begins, in its own eyes: guests with the same time draw the same random numbers, and would be neighbours with one MAC address.</summary>
    public TimeSpan Later { get; set; }

    private const int MostLater = 256;

    // The day of the seed.
    protected override DateTime StartOfTime => new DateTime(2007, 10, 22, 0, 0, 0, DateTimeKind.Utc) + Later;

    public override bool WaitForInterrupt(IWaitTerms terms)
    {
        if (NextDue(terms) is { } due)
        {
            JumpTo(terms.AwaitsAnswer ? Now + Pass(due - Now, terms.LongestSleep) : due);
            return true;
        }
        if (!terms.WaitForInput) return false;
        Sleep(terms.LongestSleep);
        return true;
    }

    public override void Save(StateWriter state)
    {
        base.Save(state);
        state.Write((int)Later.TotalSeconds);
    }

    public override void Load(StateReader state)
    {
        base.Load(state);
        Later = TimeSpan.FromSeconds(state.ReadInt32(0, MostLater, "the start of time"));
    }

    /// <summary>Waits as long as a time takes here; or until there is input or the host must look.</summary>
    /// <returns>The nanoseconds that have passed, at most that time.</returns>
    private long Pass(long nanoseconds, TimeSpan longest)
    {
        long began = Stopwatch.GetTimestamp();
        TimeSpan whole = NotBefore(nanoseconds);
        Sleep(longest == Timeout.InfiniteTimeSpan || whole < longest ? whole : longest);
        return Math.Clamp((long)Stopwatch.GetElapsedTime(began).TotalNanoseconds, 0, nanoseconds);
    }

    /// <summary>Makes it at least this late, in guest nanoseconds.</summary>
    protected abstract void JumpTo(long nanoseconds);
}
