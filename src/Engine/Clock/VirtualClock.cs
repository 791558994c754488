using LguestPS.Cpu;
using LguestPS.State;

namespace LguestPS.Clock;

/// <summary>One instruction is one nanosecond, and a halted guest's waiting takes none of ours: a run is repeatable to the last event.</summary>
internal sealed class VirtualClock : SimulatedClock
{
    // Between traps, input and waiting interrupts enter only at multiples of these counts: however a run is cut
    // into steps, pauses and kicks, they come in at the same instruction.
    private const long InputGrid = 1_000_000;
    private const long InterruptGrid = 10_000;

    private long skipped;
    private bool trapped = true;
    private bool expired;

    public override long Now => skipped + (Cpu?.InstructionCount ?? 0);

    public override bool InputMayEnter => Cpu!.InstructionCount % InputGrid == 0;

    public override bool InterruptsMayEnter => trapped || expired || Cpu!.InstructionCount % InterruptGrid == 0;

    public override CpuBudget Budget(bool interruptWaiting)
    {
        long budget = UntilNext(interruptWaiting ? InterruptGrid : InputGrid);
        return new CpuBudget(Deadline is { } due ? Math.Clamp(due - Now, 1, budget) : budget);
    }

    public override long? InstructionsAt(long nanoseconds) => nanoseconds - skipped;

    public override bool TakeExpired() => expired = base.TakeExpired();

    public override void Exited(bool visible) => trapped = visible;

    public override void Save(StateWriter state)
    {
        base.Save(state);
        state.Write(skipped);
        state.Write(trapped);
        state.Write(expired);
    }

    public override void Load(StateReader state)
    {
        base.Load(state);
        skipped = state.ReadCount("the time skipped");
        trapped = state.ReadBool();
        expired = state.ReadBool();
    }

    protected override void JumpTo(long nanoseconds) => skipped += Math.Max(0, nanoseconds - Now);
}
