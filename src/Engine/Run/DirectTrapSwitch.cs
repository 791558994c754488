using LguestPS.Breakpoints;
using LguestPS.Cpu;

namespace LguestPS.Run;

/// <summary>Lets the vCPU hand the guest its own traps wherever the difference cannot be seen.</summary>
/// <remarks>A trap that never comes out makes no event, passes no breakpoint and advances no clock of events.</remarks>
internal sealed class DirectTrapSwitch(Guest guest)
{
    private readonly bool isPossible = guest.Cpu.DeliversTraps && guest.Definition is { DirectTraps: DirectTrapChoice.Auto, Clock: ClockKind.Host };
    private DirectTraps told;

    /// <summary>Tells the vCPU, which is about to be entered, what has changed.</summary>
    public void Update(Interceptor interceptor, RunGoal goal)
    {
        if (!isPossible) return;
        bool isWatched = guest.Events.Makes(EventKinds.Trap) || interceptor.HasTraps || interceptor.HasWatches || goal.WantsTraps;
        DirectTraps now = !isWatched && guest.Data.IsInitialised
            ? new DirectTraps(guest.Data.Address, guest.Machine.Stack.Ss, guest.Machine.Stack.Esp, Gate(Vector.SystemCall), Gate(Vector.PageFault))
            : DirectTraps.None;
        if (now == told) return;
        told = now;
        guest.Cpu.SetDirectTraps(now);
    }

    private DirectGate? Gate(byte vector) => guest.Machine.Gates[vector] is { } gate ? new DirectGate(gate.Offset, gate.DisablesInterrupts) : null;
}
