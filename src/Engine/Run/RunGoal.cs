using System.Diagnostics;
using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Devices;
using LguestPS.Recordings;

namespace LguestPS.Run;

/// <summary>How far one call of Run or Step may go, and how much of that is used up.</summary>
internal sealed class RunGoal : IWaitTerms
{
    // How often a guest whose time is over is told so.
    private static readonly TimeSpan AlarmPeriod = TimeSpan.FromMilliseconds(10);

    private static readonly long PulsePeriod = Stopwatch.Frequency / 4;

    // A limit beyond these counts as no limit: the first would overflow the clock's count, the second a wait's milliseconds.
    private static readonly TimeSpan LongestLimit = TimeSpan.FromDays(36_500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(int.MaxValue);

    private readonly DeviceSet devices;
    private readonly Recording? recording;
    private readonly CancellationToken stop;
    private readonly long deadline = long.MaxValue;
    private readonly Stepper? step;
    private readonly Action? pulse;
    private bool mayType;
    private long nextPulse;
    private Place? place;
    private Func<Standstill?>? isOver;

    private RunGoal(Guest guest, TimeSpan? timeLimit, Action? pulse, CancellationToken stop)
    {
        devices = guest.Devices;
        recording = guest.Recording;
        this.stop = stop;
        this.pulse = pulse;
        if (recording is { IsReplay: true, IsInPast: true }) place = new Place(recording.End, Standstill.EndOfRecording);
        nextPulse = pulse is null ? long.MaxValue : Stopwatch.GetTimestamp() + PulsePeriod;
        if ((timeLimit ?? guest.Definition.Limits.Time) is { } limit && limit < LongestLimit)
            deadline = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
    }

    private RunGoal(Guest guest, StepOptions options, CancellationToken stop)
        : this(guest, options.TimeLimit, options.Pulse, stop) => step = new Stepper(options, guest);

    /// <summary>Whether a halted guest without a timer should wait: for somebody to type or, unless it is being stepped, for its networks.</summary>
    public bool WaitForInput => mayType || (step is null && devices.ExpectInput);

    /// <summary>Whether idle time must not run ahead of the host's, because an answer from outside is under way.</summary>
    public bool AwaitsAnswer => step is null && !IsInPast && devices.AwaitAnswer;

    /// <summary>When a device will have something to do by itself, or had when this was recorded: guest time in nanoseconds, or null.</summary>
    public long? NextDue => IsInPast ? recording!.NextDue : devices.NextDue;

    /// <summary>How long a halted guest may sleep before the host must look again; infinite if nothing but the guest's own clock asks for it.</summary>
    public TimeSpan LongestSleep
    {
        get
        {
            long first = Math.Min(deadline, nextPulse);
            if (first == long.MaxValue) return Timeout.InfiniteTimeSpan;
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), first);
            return TimeSpan.FromTicks(Math.Clamp(left.Ticks, 0, LongestWait.Ticks));
        }
    }

    public static RunGoal ToRun(RunOptions options, Guest guest, CancellationToken stop)
    {
        RunGoal goal = new(guest, options.TimeLimit, options.Pulse, stop) { mayType = options.WaitForInput };
        if (options.StopAtInstruction is { } instructions) goal.place = new Place(new RunPosition(0, instructions, 0L, 0), Standstill.InstructionLimit);
        return goal;
    }

    public static RunGoal ToStep(StepOptions options, Guest guest, CancellationToken stop) => new(guest, options, stop);

    /// <summary>To a place in the recorded run, or just after it if the guest does not stop there.</summary>
    public static RunGoal ToReach(RunPosition place, Guest guest, Action? pulse, CancellationToken stop) =>
        new(guest, LongestLimit, pulse, stop) { place = new Place(place, Standstill.Instruction) };

    /// <summary>Up to where somebody says, who is asked at each turn; or to a place of the run, so that the vCPU comes out there.</summary>
    public static RunGoal ToTry(Func<Standstill?> isOver, RunPosition place, Guest guest, CancellationToken stop) =>
        new(guest, LongestLimit, pulse: null, stop) { place = new Place(place, Standstill.InstructionLimit), isOver = isOver };

    /// <summary>On to a place that nothing is known of yet.</summary>
    public static RunGoal ToArrive(RunPosition place, DriveOptions options, Guest guest, CancellationToken stop) =>
        new(guest, options.TimeLimit, options.Pulse, stop) { place = new Place(place, Standstill.Instruction) };

    /// <summary>To look at each place where a guest that goes back may stop: the first one, then one more for every <see cref="PassOne"/>, up to the limit.</summary>
    public static RunGoal ToLook(StepBackOptions options, Guest guest, RunPosition limit, CancellationToken stop)
    {
        StepOptions one = new()
        {
            Driver = options.Driver, Unit = options.Unit, Hypercall = options.Hypercall, Vector = options.Vector, Irq = options.Irq, Address = options.Address,
            Addresses = options.Addresses, TimeLimit = LongestLimit, Pulse = options.Pulse,
        };
        RunGoal goal = new(guest, one, stop) { place = new Place(limit, Standstill.Instruction) };
        goal.step!.Allow(0);
        return goal;
    }

    /// <summary>Wakes whoever runs the guest once its time is over: what the guest does may take a vCPU long that counts only instructions.</summary>
    /// <returns>Stops that when it is disposed; null if there is no time limit.</returns>
    public Timer? SetAlarm(Action wake)
    {
        if (deadline == long.MaxValue) return null;
        TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), deadline);
        return new Timer(_ => wake(), state: null, TimeSpan.FromTicks(Math.Clamp(left.Ticks + TimeSpan.TicksPerMillisecond, 0, LongestWait.Ticks)), AlarmPeriod);
    }

    /// <summary>Whether this ends at a place, which may lie between two instructions.</summary>
    public bool HasPlace => place is not null;

    public void PassOne() => step!.Allow(1);

    /// <summary>Lets so many places pass before it stops at the next.</summary>
    public void Pass(int places) => step!.Allow(places);

    /// <summary>Whether the run is over for a reason that has nothing to do with what the guest does.</summary>
    public Standstill? IsOver(Guest guest)
    {
        if (stop.IsCancellationRequested) return Standstill.StopRequested;
        if (place is not null && place.IsReached(guest)) return place.StandsThere;
        if (isOver?.Invoke() is { } over) return over;
        if (guest.Definition.Limits.Instructions is { } most && guest.Cpu.InstructionCount + guest.Machine.BareTraps >= most) return Standstill.InstructionLimit;
        if (deadline == long.MaxValue && pulse is null) return null;

        long now = Stopwatch.GetTimestamp();
        if (now >= nextPulse)
        {
            nextPulse = now + PulsePeriod;
            pulse!();
        }
        return now >= deadline ? Standstill.TimeLimit : null;
    }

    /// <summary>Whether a trap has to wait until <see cref="StopsBeforeTrap"/> was asked.</summary>
    public bool WantsTraps => step is { WantsTraps: true };

    /// <summary>Likewise an interrupt.</summary>
    public bool WantsInterrupts => step is { WantsInterrupts: true };

    /// <summary>Addresses at which the vCPU must come out, or null.</summary>
    public IReadOnlyList<WatchRange>? RunTo => step?.RunTo;

    /// <summary>Whether to stand still before the next call of what is pending.</summary>
    public bool StopsBeforeCall(Guest guest) => step is not null && step.StopsBeforeCall(guest);

    public bool StopsBeforeTransfer() => step is not null && step.StopsBeforeTransfer();

    public bool StopsBeforeTrap(PendingTrap trap) => step is not null && step.StopsBeforeTrap(trap);

    public bool StopsBeforeInterrupt(int irq) => step is not null && step.StopsBeforeInterrupt(irq);

    public bool StopsBeforeInstruction(Guest guest) => step is not null && step.StopsBeforeInstruction(guest);

    /// <summary>Whether to go on from a breakpoint that stops the guest: not the last that was asked for.</summary>
    public bool PassesBreakpoint() => step is not null && step.PassesBreakpoint();

    /// <summary>Told that the vCPU came out before the instruction that was let through.</summary>
    public void RanNothing() => step?.RanNothing();

    /// <summary>How far the vCPU may run before the host must look again.</summary>
    public CpuBudget Budget(Guest guest)
    {
        if (step is { IsSingle: true }) return new CpuBudget(1);
        (long instructions, long until) = guest.Clock.Budget(guest.Machine.Interrupts.AnyWaiting);
        if (place is not null)
        {
            instructions = UpTo(place.Position.Instructions, guest, instructions);
            instructions = UpTo(guest.Clock.InstructionsAt(place.Position.Nanoseconds) ?? 0, guest, instructions);
        }
        if (recording is not null) instructions = UpTo(recording.NextStop ?? 0, guest, instructions);
        if (guest.Definition.Limits.Instructions is { } most) instructions = Math.Min(instructions, most - guest.Cpu.InstructionCount - guest.Machine.BareTraps);
        return new CpuBudget(instructions, Math.Min(until, Math.Min(deadline, nextPulse)));
    }

    private bool IsInPast => recording is { IsInPast: true };

    /// <summary>No more instructions than lead to a place, if that lies ahead.</summary>
    private static long UpTo(long place, Guest guest, long instructions)
    {
        long left = place - guest.Cpu.InstructionCount;
        return left > 0 ? Math.Min(instructions, left) : instructions;
    }

    /// <summary>Where a run is to end, and what it then stands at.</summary>
    private sealed record Place(RunPosition Position, Standstill StandsThere)
    {
        public bool IsReached(Guest guest) => !GuestPosition.Of(guest).IsBefore(Position);
    }
}
