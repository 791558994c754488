namespace LguestPS;

/// <summary>What is known of a recorded run without running any of it.</summary>
public sealed record GuestRecording
{
    /// <summary>Name of the guest.</summary>
    public required string Guest { get; init; }

    /// <summary>The file it is in; null if it is a guest's here.</summary>
    public string? Path { get; init; }

    /// <summary>Bytes of the file; null if there is none.</summary>
    public long? FileBytes { get; init; }

    /// <summary>What the place where it begins was called, or empty.</summary>
    public required string Label { get; init; }

    /// <summary>When the recording began, host time (UTC).</summary>
    public required DateTime Taken { get; init; }

    /// <summary>Where it begins.</summary>
    public required RunPosition Start { get; init; }

    /// <summary>Where it ends.</summary>
    public required RunPosition End { get; init; }

    /// <summary>Guest time from its beginning to its end.</summary>
    public TimeSpan Length => End.Time - Start.Time;

    /// <summary>Instructions from its beginning to its end; 0 if the vCPU could not count them.</summary>
    public long Instructions => End.Instructions - Start.Instructions;

    /// <summary>Events from its beginning to its end.</summary>
    public long Events => End.Events - Start.Events;

    /// <summary>How often something came in from outside: typed text, frames, random numbers, answers of neighbours.</summary>
    public required int Inputs { get; init; }

    /// <summary>How often somebody changed the guest.</summary>
    public required int Interventions { get; init; }

    /// <summary>Places from which the run can be done again without what came before.</summary>
    public required IReadOnlyList<RunPosition> Checkpoints { get; init; }

    /// <summary>Names of the guest's devices, in the order of their slots.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>Files without which it cannot be repeated on another machine: images of disks of which it does not have what was read.</summary>
    public required IReadOnlyList<string> NeededFiles { get; init; }

    /// <summary>The guest's definition.</summary>
    public required GuestDefinition Definition { get; init; }

    /// <summary>How many names of the kernel's code and data it brings along; 0 for none.</summary>
    public required int SymbolCount { get; init; }

    /// <summary>Where the file comes from; null if it does not say it, or there is none.</summary>
    public FileOrigin? Origin { get; init; }

    internal static GuestRecording Of(RecordedRun run, IReadOnlyList<RunPosition> checkpoints, int symbols)
    {
        Checkpoint start = run.Start;
        BlockDefinition[] disks = [.. start.Definition.Devices.OfType<BlockDefinition>()];
        return new GuestRecording
        {
            Guest = run.Guest, Path = start.Path, FileBytes = start.Path is { } path && new FileInfo(path) is { Exists: true } file ? file.Length : null,
            Label = start.Label, Taken = start.Taken, Start = run.StartPosition, End = run.End, Inputs = run.Inputs.Count, Interventions = run.Interventions.Count,
            Checkpoints = checkpoints, Definition = start.Definition, SymbolCount = symbols, Origin = start.Origin, Devices = NamesOf(start.Definition),
            NeededFiles = [.. disks.Where((_, index) => run.Disks.ElementAtOrDefault(index) is not { Runs: not null }).Select(disk => disk.Path)],
        };
    }

    /// <summary>As the devices of a guest are named: console, block0, block1, net0.</summary>
    private static string[] NamesOf(GuestDefinition definition)
    {
        int disks = 0, nets = 0;
        return
        [
            .. definition.Devices.Select(device => device switch
            {
                BlockDefinition => $"block{disks++}",
                NetDefinition => $"net{nets++}",
                EntropyDefinition => "rng",
                _ => "console",
            }),
        ];
    }
}
