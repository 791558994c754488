using LguestPS.Guests;

namespace LguestPS.Clock;

/// <summary>Time advances by a fixed step with every trap and over idle, and interrupts come only there: the same on every vCPU.</summary>
internal sealed class EventClock : GuestClock
{
    private const long NanosecondsPerExit = 1_000;
    private const long Slice = 1_000_000;

    private readonly AutoResetEvent wake = new(initialState: false);
    private long now;
    private bool atVisibleExit = true;

    public override long Now => now;

    public override bool InputMayEnter => atVisibleExit;

    public override bool InterruptsMayEnter => atVisibleExit;

    protected override DateTime StartOfTime => new(2007, 10, 22, 0, 0, 0, DateTimeKind.Utc);

    public override long Budget(bool interruptWaiting) => Slice;

    public override void Exited(bool visible)
    {
        atVisibleExit = visible;
        if (visible) now += NanosecondsPerExit;
    }

    public override Standstill? WaitForInterrupt(RunGoal goal)
    {
        if (Deadline is { } due)
        {
            now = Math.Max(now, due);
            return null;
        }
        if (!goal.WaitForInput) return Standstill.WaitingForInput;
        wake.WaitOne(goal.LongestSleep);
        return null;
    }

    public override void Wake() => wake.Set();

    public override void Dispose() => wake.Dispose();
}
