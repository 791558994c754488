using LguestPS.Checkpoints;
using LguestPS.Devices;
using LguestPS.Recordings;

namespace LguestPS;

/// <summary>The recording of a run, from a file.</summary>
public sealed class RecordedRun
{
    internal RecordedRun(Checkpoint start, RunPosition startPosition, RunPosition end, IReadOnlyList<RecordedInput> inputs, IReadOnlyList<RecordedIntervention> interventions, EventLog log)
    {
        Start = start;
        StartPosition = startPosition;
        End = end;
        Inputs = inputs;
        Interventions = interventions;
        Log = log;
    }

    /// <summary>Name of the guest.</summary>
    public string Guest => Start.Guest;

    /// <summary>The guest where the recording begins.</summary>
    public Checkpoint Start { get; }

    /// <summary>Events in it.</summary>
    public long EventCount => Log.Count;

    /// <summary>Where it ends.</summary>
    public RunPosition End { get; }

    internal RunPosition StartPosition { get; }

    internal IReadOnlyList<RecordedInput> Inputs { get; }

    internal IReadOnlyList<RecordedIntervention> Interventions { get; }

    /// <summary>The essence of its events; none if they were not kept.</summary>
    internal EventLog Log { get; }

    /// <summary>What was read of the guest's disks, in their order; none if that was not kept.</summary>
    internal IReadOnlyList<RecordedDisk> Disks { get; init; } = [];

    /// <summary>Whether the guest is known to have ended where it asked to be started again. If it kept its events, the last of them says so, too.</summary>
    internal bool EndsByRestart { get; init; }

    /// <summary>Reads a file of <see cref="Guest.SaveRecording"/>.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidCheckpoint: it is no recording, is damaged or cut off, or a newer version made it.</exception>
    public static RecordedRun Load(string path)
    {
        RecordedRun run = StateFile.Read(path, StateFile.RecordingKind, RecordingFile.Read);
        run.Start.Path = path;
        return run;
    }
}
