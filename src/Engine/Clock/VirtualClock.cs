using LguestPS.Guests;

namespace LguestPS.Clock;

/// <summary>One instruction is one nanosecond, and a halted guest's waiting takes none of ours: a run is repeatable to the last event.</summary>
internal sealed class VirtualClock : GuestClock
{
    // Between traps, input and waiting interrupts enter only at multiples of these counts: however a run is cut
    // into steps, pauses and kicks, they come in at the same instruction.
    private const long InputGrid = 1_000_000;
    private const long InterruptGrid = 10_000;

    private readonly AutoResetEvent wake = new(initialState: false);
    private long skipped;
    private bool trapped = true;
    private bool expired;

    public override long Now => skipped + (Cpu?.InstructionCount ?? 0);

    public override bool InputMayEnter => Cpu!.InstructionCount % InputGrid == 0;

    public override bool InterruptsMayEnter => trapped || expired || Cpu!.InstructionCount % InterruptGrid == 0;

    // The day of the seed.
    protected override DateTime StartOfTime => new(2007, 10, 22, 0, 0, 0, DateTimeKind.Utc);

    public override long Budget(bool interruptWaiting)
    {
        long budget = UntilNext(interruptWaiting ? InterruptGrid : InputGrid);
        return Deadline is { } due ? Math.Clamp(due - Now, 1, budget) : budget;
    }

    public override bool TakeExpired() => expired = base.TakeExpired();

    public override void Exited(bool visible) => trapped = visible;

    public override Standstill? WaitForInterrupt(RunGoal goal)
    {
        if (Deadline is { } due)
        {
            skipped += Math.Max(0, due - Now);
            return null;
        }
        if (!goal.WaitForInput) return Standstill.WaitingForInput;
        wake.WaitOne(goal.LongestSleep);
        return null;
    }

    public override void Wake() => wake.Set();

    public override void Dispose() => wake.Dispose();
}
