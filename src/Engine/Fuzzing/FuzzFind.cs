using LguestPS.Fuzzing;

namespace LguestPS;

/// <summary>What is new about a run.</summary>
public enum FuzzFindKind
{
    /// <summary>It took a way through the code that none had taken before.</summary>
    Edges,

    /// <summary>It took more than twice the instructions of any before, and more than 10,000.</summary>
    Slow,

    /// <summary>The kernel wrote of a fault.</summary>
    Fault,

    /// <summary>The guest ended in a way in which none had ended before.</summary>
    Ending,
}

/// <summary>A run of a fuzzer that is worth keeping.</summary>
public sealed class FuzzFind
{
    private readonly FuzzOptions options;
    private readonly IReadOnlyList<FuzzTarget> targets;
    private readonly FuzzOutcome outcome;

    internal FuzzFind(FuzzOptions options, IReadOnlyList<FuzzTarget> targets, FuzzFindKind kind, long run, FuzzInput input, FuzzOutcome outcome)
    {
        this.options = options;
        this.targets = targets;
        this.outcome = outcome;
        (Kind, Run, Input) = (kind, run, input);
    }

    public FuzzFindKind Kind { get; }

    /// <summary>Name of the guest in the checkpoint.</summary>
    public string Guest => options.Checkpoint.Guest;

    /// <summary>Which run it was, from 1; with the seed this repeats it.</summary>
    public long Run { get; }

    /// <summary>The seed of the fuzzer.</summary>
    public int Seed => options.Seed;

    /// <summary>All that was different about the run.</summary>
    public FuzzInput Input { get; }

    /// <summary>What tells it from other finds of its kind: the ending or the kernel's text without addresses, or a number.</summary>
    public string What => Kind switch
    {
        FuzzFindKind.Ending => outcome.EndingSignature + (outcome.Fault is { } fault ? $" ({fault})" : ""),
        FuzzFindKind.Fault => outcome.Fault!,
        FuzzFindKind.Slow => FormattableString.Invariant($"{Instructions:N0} instructions"),
        _ => $"{NewEdges} new {(NewEdges == 1 ? "edge" : "edges")}",
    };

    /// <summary>Edges that the run was the first to take.</summary>
    public int NewEdges { get; internal init; }

    /// <summary>How the guest ended; null if it was stopped.</summary>
    public GuestEnding? Ending => outcome.Ending;

    /// <summary>Where the guest stood at the end of the run.</summary>
    public Standstill Standstill => outcome.Standstill;

    /// <summary>Instructions of the run.</summary>
    public long Instructions => outcome.Instructions;

    /// <summary>Where the run ended.</summary>
    public RunPosition Position => outcome.End;

    /// <summary>What the guest wrote to its console in the run.</summary>
    public string ConsoleText => System.Text.Encoding.UTF8.GetString(outcome.Console);

    /// <summary>How many bytes the input had before it was made smaller; null if it was not.</summary>
    public int? LengthBefore { get; internal init; }

    /// <summary>The file of its recording, or null.</summary>
    public string? RecordingPath { get; internal set; }

    internal FuzzOutcome Outcome => outcome;

    /// <summary>A run that took more instructions than this was a slow one then.</summary>
    internal long MuchWas { get; init; }

    /// <summary>Does the run once more and keeps it: a recorded guest that stands where the run ended and can be taken back in it. Its networks lead nowhere.</summary>
    /// <param name="name">Its name, or null for the one in the checkpoint.</param>
    /// <exception cref="LguestException">As for making a guest from the checkpoint.</exception>
    public LguestPS.Guest CreateGuest(string? name = null) => FuzzRig.Record(options, targets, Input, Position, name);

    /// <summary>Writes the run to a file that can be replayed.</summary>
    /// <exception cref="LguestException">FileUnavailable; or as for making a guest from the checkpoint.</exception>
    public void SaveRecording(string path)
    {
        using LguestPS.Guest guest = CreateGuest();
        guest.SaveRecording(path);
        RecordingPath = path;
    }

    public override string ToString() => $"{Kind}: {What} ({Input})";
}
