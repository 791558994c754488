namespace LguestPS;

/// <summary>What a fuzzer does with a checkpoint.</summary>
public sealed record FuzzOptions
{
    /// <summary>Where each run begins.</summary>
    public required Checkpoint Checkpoint { get; init; }

    /// <summary>What is changed there by built-in mutators.</summary>
    public IReadOnlyList<FuzzTarget> Targets { get; init; } = [];

    /// <summary>Changes the guest before each run, after the built-in mutators; gets random numbers that depend on the run alone. It is called on the thread that takes the finds. Null for nothing.</summary>
    public Action<Guest, Random>? Mutate { get; init; }

    /// <summary>Inputs to begin with, one for each target; those of the corpus folder come first. None for the guest as it is at the checkpoint.</summary>
    public IReadOnlyList<IReadOnlyList<byte[]>> Inputs { get; init; } = [];

    /// <summary>Likewise what is typed into the console in such an input; what other targets have stays as it is at the checkpoint.</summary>
    public IReadOnlyList<byte[]> Texts { get; init; } = [];

    /// <summary>Pieces that mean something to the guest, to be put anywhere.</summary>
    public IReadOnlyList<byte[]> Dictionary { get; init; } = [];

    /// <summary>Places where a run ends; the guest at the checkpoint may stand at one, which then does not count.</summary>
    public IReadOnlyList<BreakpointTarget> Until { get; init; } = [];

    /// <summary>Instructions before which a run ends, likewise: addresses as people write them, those of the guest at the checkpoint.</summary>
    public IReadOnlyList<string> UntilAddresses { get; init; } = [];

    /// <summary>Ends a run where it says so: asked at each hypercall and DMA and whenever the guest waits, on the thread that takes the finds. Null for nobody.</summary>
    public Func<Guest, bool>? UntilCondition { get; init; }

    /// <summary>Ends a run when the guest has written this to its console; null for nothing.</summary>
    public string? UntilText { get; init; }

    /// <summary>Whether a run ends when the guest waits, has taken all input, and wants to be woken no sooner than in 20 ms of its time.</summary>
    public bool UntilIdle { get; init; }

    /// <summary>The most instructions of a run, at least 1.</summary>
    public long InstructionLimit { get; init; } = 1_000_000;

    /// <summary>The most guest time of a run, or null.</summary>
    public TimeSpan? GuestTimeLimit { get; init; }

    /// <summary>Makes the runs what they are: with the same seed they are the same, however many threads there are.</summary>
    public int Seed { get; init; }

    /// <summary>How many runs; null for no limit.</summary>
    public long? Count { get; init; }

    /// <summary>How long, in host time; null for no limit.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>How many guests run at once, each on a thread; 1 if there is a script.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Whether it is noted which ways through its code the guest takes, so that inputs which find new ones are changed further.</summary>
    public bool Coverage { get; init; } = true;

    /// <summary>Whether finds are made smaller before they are given, those of new edges left out.</summary>
    public bool Minimize { get; init; }

    /// <summary>The folder in which inputs are looked for and kept, so that a later fuzzer goes on where this one ended; null for none.</summary>
    public string? CorpusPath { get; init; }

    /// <summary>Called about four times a second, on the thread that takes the finds; null for nobody.</summary>
    public Action<FuzzProgress>? Pulse { get; init; }
}

/// <summary>How far a fuzzer has come.</summary>
/// <param name="Runs">Runs so far, those of earlier sessions with this corpus left out.</param>
/// <param name="RunsPerSecond">Of this session.</param>
/// <param name="Finds">What was found in this session, new edges left out.</param>
/// <param name="Edges">Ways from one block of code to another that were taken so far, 0 to 65,536.</param>
/// <param name="Inputs">Inputs in the corpus.</param>
/// <param name="Instructions">Instructions of all runs of this session.</param>
/// <param name="Elapsed">Host time of this session.</param>
public sealed record FuzzProgress(long Runs, double RunsPerSecond, int Finds, int Edges, int Inputs, long Instructions, TimeSpan Elapsed)
{
    public override string ToString() => FormattableString.Invariant($"{Runs:N0} runs, {RunsPerSecond:N0} a second, {Finds} finds, {Edges:N0} edges, {Inputs} inputs");
}
