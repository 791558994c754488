using LguestPS.Checkpoints;
using LguestPS.Devices;
using LguestPS.State;

namespace LguestPS.Recordings;

/// <summary>The inside of a recording's file: the guest where it began, what came in and was changed and where, its events, and what it read of its disks.</summary>
internal static class RecordingFile
{
    private const int LastVersionWithoutDisks = 4;

    public static void Write(BinaryWriter file, RecordedRun run)
    {
        CheckpointFile.Write(file, run.Start);
        Write(file, run.StartPosition);
        Write(file, run.End);
        file.Write(run.Inputs.Count);
        foreach (RecordedInput input in run.Inputs)
        {
            Write(file, input.At);
            file.Write(input.Device);
            file.Write(input.Bytes.Length);
            file.Write(input.Bytes);
        }
        file.Write(run.Interventions.Count);
        foreach (RecordedIntervention intervention in run.Interventions)
        {
            Write(file, intervention.At);
            intervention.WriteTo(file);
        }
        run.Log.WriteTo(file);
        foreach (RecordedDisk disk in run.Disks) disk.WriteTo(file);
    }

    /// <summary>Reads the parts of a recording; <see cref="Recording.Replay"/> makes one of them once there is a guest.</summary>
    /// <exception cref="InvalidStateException">It makes no sense.</exception>
    /// <exception cref="IOException">It is cut off.</exception>
    public static RecordedRun Read(BoundedReader file)
    {
        Checkpoint start = CheckpointFile.Read(file);
        RunPosition startPosition = ReadPosition(file), end = ReadPosition(file);
        if (!startPosition.IsPossible || !end.IsPossible || end.IsBefore(startPosition)) throw new InvalidStateException("it ends before it begins");
        if (startPosition.Events != start.EventCount || startPosition.Inputs != 0) throw new InvalidStateException("it does not begin where its checkpoint was taken");
        RunPosition place = startPosition;
        List<RecordedInput> inputs = [];
        for (int left = file.ReadCount("inputs"); left > 0; left--)
        {
            place = ReadPosition(file, place, end);
            int device = file.ReadInt32();
            if (device < 0 || device >= start.Definition.Devices.Count) throw new InvalidStateException($"an input is of device {device}");
            inputs.Add(new RecordedInput(place, device, file.Read(file.ReadInt32(), RecordedInput.Longest, "an input")));
        }
        if (end.Inputs != inputs.Count) throw new InvalidStateException($"it ends after {end.Inputs} inputs, and has {inputs.Count}");
        place = startPosition;
        List<RecordedIntervention> interventions = [];
        for (int left = file.ReadCount("interventions"); left > 0; left--) interventions.Add(RecordedIntervention.ReadFrom(file, place = ReadPosition(file, place, end)));
        EventLog log = EventLog.ReadFrom(file, startPosition.Events, end.Events);
        RecordedDisk[] disks = new RecordedDisk[file.Version > LastVersionWithoutDisks ? start.Definition.Devices.OfType<BlockDefinition>().Count() : 0];
        for (int i = 0; i < disks.Length; i++) disks[i] = RecordedDisk.ReadFrom(file);
        return new RecordedRun(start, startPosition, end, inputs, interventions, log) { Disks = disks };
    }

    private static void Write(BinaryWriter file, RunPosition position)
    {
        file.Write(position.Events);
        file.Write(position.Instructions);
        file.Write(position.Nanoseconds);
        file.Write(position.Inputs);
    }

    /// <summary>A place that cannot lie before the one that came before it, nor after the end.</summary>
    private static RunPosition ReadPosition(BoundedReader file, RunPosition before, RunPosition end)
    {
        RunPosition place = ReadPosition(file);
        return place.IsPossible && !place.IsBefore(before) && !end.IsBefore(place) ? place : throw new InvalidStateException($"something happened at event {place.Events} and {place.Nanoseconds} ns, which is before what came before it or after the end");
    }

    private static RunPosition ReadPosition(BoundedReader file) => new(file.ReadInt64(), file.ReadInt64(), file.ReadInt64(), file.ReadInt32());
}
