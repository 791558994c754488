using LguestPS.Guests;

namespace LguestPS.Clock;

/// <summary>A clock that has nothing to do with real time: it starts on a fixed day, and a halted guest's waiting takes none of ours.</summary>
internal abstract class SimulatedClock : GuestClock
{
    // The day of the seed.
    protected override DateTime StartOfTime => new(2007, 10, 22, 0, 0, 0, DateTimeKind.Utc);

    public override Standstill? WaitForInterrupt(RunGoal goal)
    {
        if (Deadline is { } due)
        {
            JumpTo(due);
            return null;
        }
        if (!goal.WaitForInput) return Standstill.WaitingForInput;
        Sleep(goal.LongestSleep);
        return null;
    }

    /// <summary>Makes it at least this late, in guest nanoseconds.</summary>
    protected abstract void JumpTo(long nanoseconds);
}
