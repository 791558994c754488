using LguestPS.Cpu;
using LguestPS.Native;
using LguestPS.State;

namespace LguestPS.Clock;

/// <summary>A guest's time: what its counter shows, when its clock event is due, and how it waits while halted.</summary>
internal abstract class GuestClock : IDisposable
{
    private readonly Sleeper sleeper = new();
    private long? deadline;

    /// <summary>The vCPU whose instructions are counted; set once, when it exists.</summary>
    public VirtualCpu? Cpu { get; set; }

    /// <summary>Guest time since the start, in nanoseconds.</summary>
    public abstract long Now { get; }

    public TimeSpan Elapsed => TimeSpan.FromTicks(Now / TimeSpan.NanosecondsPerTick);

    /// <summary>The same, for one who has just read the host's clock.</summary>
    /// <param name="timestamp">What <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> said.</param>
    public virtual TimeSpan ElapsedAt(long timestamp) => Elapsed;

    /// <summary>The time stamp counter runs at 1 GHz on every clock: it counts nanoseconds.</summary>
    public uint TscKhz => 1_000_000;

    public ulong ReadTimeStampCounter() => (ulong)Now;

    /// <summary>Wall-clock time as lguest_data.time has it: since 1970, UTC.</summary>
    public (uint Seconds, uint Nanoseconds) TimeOfDay
    {
        get
        {
            long nanoseconds = (StartOfTime.Ticks - DateTime.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick + Now;
            return ((uint)(nanoseconds / 1_000_000_000), (uint)(nanoseconds % 1_000_000_000));
        }
    }

    /// <summary>True if console input may be handed over at this point of the run.</summary>
    public virtual bool InputMayEnter => true;

    /// <summary>True if a virtual interrupt may be delivered at this point of the run.</summary>
    public virtual bool InterruptsMayEnter => true;

    /// <summary>The date at guest time 0.</summary>
    protected abstract DateTime StartOfTime { get; }

    /// <summary>When the clock event is due, in guest nanoseconds; null if none is set.</summary>
    public long? Deadline => deadline;

    /// <summary>Time starts when the guest is first driven.</summary>
    public virtual void Start()
    {
    }

    /// <summary>Arms the one-shot clock event (hypercall SET_CLOCKEVENT), or cancels it.</summary>
    /// <param name="nanoseconds">From now; 0 cancels.</param>
    public void SetEvent(uint nanoseconds) => deadline = nanoseconds == 0 ? null : Now + nanoseconds;

    /// <summary>True, once, when the clock event is due.</summary>
    public virtual bool TakeExpired()
    {
        if (deadline is not { } due || Now < due) return false;
        deadline = null;
        return true;
    }

    /// <summary>How far the guest may run before the host must look again.</summary>
    /// <param name="interruptWaiting">An interrupt waits for the guest to enable it, which it does without a trap.</param>
    public abstract CpuBudget Budget(bool interruptWaiting);

    /// <summary>How many instructions have been run when it is so late, if the guest does not wait until then; null on a clock that instructions do not drive.</summary>
    public virtual long? InstructionsAt(long nanoseconds) => null;

    /// <summary>Told of every exit of the vCPU.</summary>
    /// <param name="visible">It was a trap, not just the end of a budget.</param>
    public virtual void Exited(bool visible)
    {
    }

    /// <summary>Lets time pass for a halted guest.</summary>
    /// <returns>True to look again; false if there is nothing to wait for.</returns>
    public abstract bool WaitForInterrupt(IWaitTerms terms);

    /// <summary>Ends a wait: there is input, or somebody wants the guest to stop. Any thread may call this.</summary>
    public void Wake() => sleeper.Wake();

    public void Dispose() => sleeper.Dispose();

    public virtual void Save(StateWriter state)
    {
        state.Part("clock");
        state.Write(deadline, state.Write);
    }

    /// <summary>Takes what the same kind of clock saved; the vCPU's instruction count must be in place.</summary>
    /// <exception cref="InvalidStateException">A time is negative.</exception>
    public virtual void Load(StateReader state)
    {
        state.Part("clock");
        deadline = state.ReadOptional(() => state.ReadCount("the clock event's time"));
    }

    /// <summary>When a halted guest must be looked at: its clock event is due, or one of its devices has something to do.</summary>
    protected long? NextDue(IWaitTerms terms) => Deadline is { } first && !(terms.NextDue < first) ? first : terms.NextDue;

    /// <summary>Waits, in host time, for somebody to type or to stop the guest.</summary>
    protected void Sleep(TimeSpan longest) => sleeper.Sleep(longest);

    /// <summary>A time that is not less than so many nanoseconds.</summary>
    protected static TimeSpan NotBefore(long nanoseconds) => TimeSpan.FromTicks((Math.Max(0, nanoseconds) + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);

    /// <summary>Instructions to the next multiple of <paramref name="grid"/>.</summary>
    protected long UntilNext(long grid) => grid - Cpu!.InstructionCount % grid;
}
