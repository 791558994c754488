using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Inspection;
using LguestPS.Recordings;
using LguestPS.Run;

namespace LguestPS.Fuzzing;

/// <summary>A private guest that is put back to a checkpoint before each run. It is used by one thread at a time.</summary>
internal sealed class FuzzRig : IDisposable
{
    /// <summary>A guest that wants to be woken so much later, in nanoseconds, waits for something else.</summary>
    private const long LongWait = 20_000_000;

    private readonly FuzzOptions options;
    private readonly IReadOnlyList<FuzzTarget> targets;
    private readonly CoverageMap? coverage;
    private readonly Guest guest;
    private readonly byte[]? text;
    private readonly long startWritten, longestTime;
    private readonly bool beginsAtUntil;
    private readonly RunGoal goal;
    private readonly CancellationTokenRegistration wake;
    private long mostInstructions;
    private bool hasText;

    /// <param name="options">What is done.</param>
    /// <param name="targets">Its targets, found.</param>
    /// <param name="stop">Ends a run at once.</param>
    /// <exception cref="LguestException">As for making a guest from a checkpoint.</exception>
    public FuzzRig(FuzzOptions options, IReadOnlyList<FuzzTarget> targets, CancellationToken stop)
    {
        this.options = options;
        this.targets = targets;
        text = options.UntilText is { Length: > 0 } until ? System.Text.Encoding.UTF8.GetBytes(until) : null;
        guest = Make(options.Checkpoint, name: null);
        try
        {
            if (options.Coverage) guest.Cpu.Coverage = coverage = new CoverageMap();
            BreakpointTarget[] ends = [.. options.Until, .. options.UntilAddresses.Select(AddressOf)];
            foreach (BreakpointTarget target in ends) guest.AddBreakpoint(target);
            beginsAtUntil = ends.SelectMany(target => target.Ranges).Any(range => range.Access == MemoryAccess.Execute && range.First == guest.Cpu.Registers.Eip);
            startWritten = guest.Devices.Console?.Output.Written ?? 0;
            if (text is not null) guest.DeviceHost.ConsoleOutput = _ => hasText = hasText || HasText();
            longestTime = options.GuestTimeLimit is { } limit ? guest.Clock.Now + (long)limit.TotalNanoseconds : long.MaxValue;
            mostInstructions = Instructions + options.InstructionLimit;
            goal = RunGoal.ToTry(IsOver, new RunPosition(0, mostInstructions, 0L, 0), guest, stop);
            wake = stop.Register(guest.Wake);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The guest, which stands at the checkpoint until the first run.</summary>
    public Guest Guest => guest;

    /// <summary>What the targets have at the checkpoint.</summary>
    public FuzzInput Original()
    {
        Restore();
        return new FuzzInput([.. targets.Select(target => new FuzzPart(target.Name, target.Original(guest)) { IsText = target.IsText })]);
    }

    /// <summary>Makes the guest what the checkpoint says.</summary>
    public void Restore()
    {
        guest.Load(options.Checkpoint);
        hasText = false;
    }

    /// <summary>Does a run.</summary>
    /// <param name="input">What is different about it; with a script's change this is what comes out of it.</param>
    /// <param name="random">For the script, if it is to be called; else null.</param>
    /// <param name="known">The edges that are known, or null.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public FuzzOutcome Run(ref FuzzInput input, Random? random, EdgeRecord? known)
    {
        Restore();
        Apply(guest, targets, input);
        if (random is not null && options.Mutate is { } mutate)
        {
            mutate(guest, random);
            input = new FuzzInput(input.Parts) { Change = RecordedIntervention.Of(guest, options.Checkpoint) };
        }
        guest.Events.Filter = EventFilter.Nothing;      // what a script has done waits for nobody
        coverage?.Clear();
        if (beginsAtUntil) guest.Cpu.PassWatched();
        long before = guest.Cpu.InstructionCount;
        Standstill stood = Drive();
        return Outcome(stood, before, known);
    }

    /// <summary>Does a run once more in a guest that is recorded and stays, and stands where the run ended.</summary>
    /// <param name="options">What is done.</param>
    /// <param name="targets">Its targets, found.</param>
    /// <param name="input">What was different about it.</param>
    /// <param name="end">Where it ended.</param>
    /// <param name="name">The name of the guest, or null for that in the checkpoint.</param>
    public static Guest Record(FuzzOptions options, IReadOnlyList<FuzzTarget> targets, FuzzInput input, RunPosition end, string? name)
    {
        Guest guest = Make(options.Checkpoint, name);
        try
        {
            Recording recording = Recording.Begin(guest, keepEvents: true);
            guest.RecordOn(recording);
            recording.Intervene(() => ApplyState(guest, targets, input));
            foreach (LguestEvent done in guest.Events.Untaken.Where(done => done.Sequence > options.Checkpoint.EventCount)) recording.NoteEvent(done);
            guest.Events.Filter = EventFilter.Nothing;
            ApplyInput(guest, targets, input);
            RunGoal goal = RunGoal.ToReach(end, guest, pulse: null, CancellationToken.None);
            while (guest.Loop.Run(goal) is Standstill.Breakpoint) guest.Interceptor.Ignore();
            if (guest.Ending is { } ending) guest.Events.AnnounceEnd(ending);
            recording.Reach();
            guest.StandsElsewhere();
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        wake.Dispose();
        guest.Dispose();
        coverage?.Dispose();
    }

    private long Instructions => guest.Cpu.InstructionCount + guest.Machine.BareTraps;

    private AddressTarget AddressOf(string written)
    {
        uint address = AddressExpression.Evaluate(guest, written, physical: false);
        return new AddressTarget(address, guest.Symbols?.Find(address)?.ToString());
    }

    private static Guest Make(Checkpoint checkpoint, string? name)
    {
        if (checkpoint.Definition.Clock == ClockKind.Host)
            throw new LguestException(LguestError.CheckpointRefused, $"{checkpoint} cannot be fuzzed: its guest's clock is 'host', and in real time no run is like another. Use clock 'virtual'.");
        Guest guest = Revival.Alone(checkpoint, name);
        guest.Events.Filter = EventFilter.Nothing;
        guest.Rebooter.IsUnwanted = true;
        return guest;
    }

    private static void Apply(Guest guest, IReadOnlyList<FuzzTarget> targets, FuzzInput input)
    {
        ApplyState(guest, targets, input);
        ApplyInput(guest, targets, input);
    }

    /// <summary>What a script changed has the targets' part of the change in it.</summary>
    private static void ApplyState(Guest guest, IReadOnlyList<FuzzTarget> targets, FuzzInput input)
    {
        input.Change?.DoAgain(guest);
        if (input.Change is not null) return;
        for (int i = 0; i < targets.Count; i++)
            if (!targets[i].IsInput) targets[i].Apply(guest, input.Parts[i].Bytes);
    }

    private static void ApplyInput(Guest guest, IReadOnlyList<FuzzTarget> targets, FuzzInput input)
    {
        for (int i = 0; i < targets.Count; i++)
            if (targets[i].IsInput && (input.Change is null || targets[i] is not { IsText: true })) targets[i].Apply(guest, input.Parts[i].Bytes);
    }

    private Standstill Drive()
    {
        while (true)
        {
            Standstill stood = guest.Loop.Run(goal);
            if (stood == Standstill.StopRequested) throw new OperationCanceledException();
            if (stood == Standstill.Breakpoint && !guest.Interceptor.Decide()) continue;
            if (stood != Standstill.Event) return stood;
            guest.Events.Filter = EventFilter.Nothing;
        }
    }

    /// <summary>Asked at each turn of the run loop.</summary>
    private Standstill? IsOver()
    {
        if (Instructions >= mostInstructions) return Standstill.InstructionLimit;
        if (hasText) return Standstill.Dma;
        if (guest.Clock.Now >= longestTime) return Standstill.TimeLimit;
        // It really waits only once input and interrupts were offered to it.
        bool waits = guest.IsHalted && guest.Loop.HasOffered;
        if (options.UntilCondition is { } condition && (waits || guest.Machine.Pending.Call is not null || guest.Machine.Pending.Transfer is not null) && condition(guest)) return Standstill.Instruction;
        if (options.UntilIdle && waits && !guest.Devices.All.Any(device => device.HasInput) && !(guest.Clock.Deadline - guest.Clock.Now < LongWait)) return Standstill.WaitingForInput;
        return null;
    }

    private bool HasText()
    {
        long position = startWritten;
        return guest.Devices.Console!.Output.ReadFrom(ref position, out _).AsSpan().IndexOf(text) >= 0;
    }

    private FuzzOutcome Outcome(Standstill stood, long before, EdgeRecord? known)
    {
        byte[] written = [];
        if (guest.Devices.Console is { } console && console.Output.Written > startWritten)
        {
            long position = startWritten;
            written = console.Output.ReadFrom(ref position, out _);
        }
        string? fault = FaultText.Signature(written);
        return new FuzzOutcome
        {
            Standstill = stood, Ending = guest.Ending, Fault = fault, Console = written, Instructions = guest.Cpu.InstructionCount - before,
            EndingSignature = guest.Ending is { } ending ? SignatureOf(ending) : null,
            End = GuestPosition.Of(guest), Edges = coverage is not null && known is not null ? known.NewIn(coverage) : [],
        };
    }

    /// <summary>The reason without numbers; for a guest that the host ended, also the function where it was.</summary>
    private string SignatureOf(GuestEnding ending)
    {
        string reason = FaultText.Normalise(ending.Reason);
        return ending.Kind == EndingKind.Killed && guest.Symbols?.Find(guest.Cpu.Registers.Eip) is { } place ? $"{reason} in {place.Name}" : reason;
    }
}
