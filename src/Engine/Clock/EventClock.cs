using LguestPS.Cpu;
using LguestPS.State;

namespace LguestPS.Clock;

/// <summary>Time advances by a fixed step with every trap and over idle, and interrupts come only there: the same on every vCPU.</summary>
internal sealed class EventClock : SimulatedClock
{
    private const long NanosecondsPerExit = 1_000;
    private const long Slice = 1_000_000;

    private long now;
    private bool atVisibleExit = true;

    public override long Now => now;

    public override bool InputMayEnter => atVisibleExit;

    public override bool InterruptsMayEnter => atVisibleExit;

    public override CpuBudget Budget(bool interruptWaiting) => new(Slice);

    public override void Exited(bool visible)
    {
        atVisibleExit = visible;
        if (visible) now += NanosecondsPerExit;
    }

    public override void Save(StateWriter state)
    {
        base.Save(state);
        state.Write(now);
        state.Write(atVisibleExit);
    }

    public override void Load(StateReader state)
    {
        base.Load(state);
        now = state.ReadCount("the time");
        atVisibleExit = state.ReadBool();
    }

    protected override void JumpTo(long nanoseconds) => now = Math.Max(now, nanoseconds);
}
