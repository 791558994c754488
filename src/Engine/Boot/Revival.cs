using LguestPS.Devices;
using LguestPS.Events;
using LguestPS.Memory;
using LguestPS.Recordings;
using LguestPS.State;

namespace LguestPS.Boot;

/// <summary>Makes guests that go on where a checkpoint was taken or a recording begins.</summary>
internal static class Revival
{
    /// <exception cref="LguestException">See <see cref="Guest.CreateFrom"/>.</exception>
    public static Guest Of(Checkpoint checkpoint, string? name, CpuChoice? cpu, string? symbols)
    {
        GuestDefinition was = checkpoint.Definition;
        return Of(checkpoint, was with { Name = name ?? checkpoint.Guest, Cpu = cpu ?? was.Cpu, Symbols = symbols ?? was.Symbols }, isAlone: false);
    }

    /// <exception cref="LguestException">See <see cref="Guest.Replay"/>.</exception>
    public static Guest Of(RecordedRun run, string? name, string? symbols, CompileChoice? compile)
    {
        // Whatever it was recorded on, the emulated CPU can do it again; and what its networks sent is in the recording.
        GuestDefinition was = run.Start.Definition;
        GuestDefinition definition = was with
        {
            Name = name ?? run.Guest, Symbols = symbols ?? was.Symbols, Cpu = CpuChoice.Emulated, Compile = compile ?? was.Compile, Record = false,
        };
        return Of(
            run.Start, definition, isAlone: true, disks: run.Disks,
            prepare: guest => Check(guest, run),
            finish: guest => guest.RecordOn(Recording.Replay(guest, run)));
    }

    /// <summary>Makes a guest that does a part of a run again.</summary>
    /// <param name="run">The whole run.</param>
    /// <param name="checkpoint">A checkpoint of it.</param>
    /// <param name="at">Where that was taken.</param>
    /// <param name="check">Whether to find out first that what was done to the guest can have been done; of its events that is found out where they are read.</param>
    /// <exception cref="LguestException">As for <see cref="Guest.Replay"/>.</exception>
    public static Guest OfReplica(RecordedRun run, Checkpoint checkpoint, RunPosition at, bool check)
    {
        GuestDefinition definition = checkpoint.Definition with { Cpu = CpuChoice.Emulated, Record = false, SampleEvery = null };
        return Of(
            checkpoint, definition, isAlone: true, disks: run.Disks,
            prepare: check ? guest => TryInterventions(guest, run) : null,
            finish: guest => guest.RecordOn(Recording.Repeat(guest, run, at, log: null)));
    }

    /// <summary>Makes one of several guests that go on from a place of a run.</summary>
    /// <exception cref="LguestException">As for <see cref="Guest.CreateFrom"/>.</exception>
    public static Guest OfFork(Checkpoint checkpoint, GuestDefinition definition, IReadOnlyList<RecordedDisk?> disks, SharedMemory basis) =>
        Of(checkpoint, definition, isAlone: false, disks, basis);

    /// <summary>Makes a guest of its own that goes on from a checkpoint as nobody else's does: its networks lead nowhere.</summary>
    /// <param name="checkpoint">Where it goes on.</param>
    /// <param name="name">Its name, or null for the one it had.</param>
    /// <exception cref="LguestException">See <see cref="Guest.CreateFrom"/>.</exception>
    public static Guest Alone(Checkpoint checkpoint, string? name = null)
    {
        GuestDefinition definition = checkpoint.Definition with { Name = name ?? checkpoint.Guest, Cpu = CpuChoice.Emulated, Record = false, SampleEvery = null };
        return Of(checkpoint, definition, isAlone: true);
    }

    /// <summary>What would be found out in the middle of the run is found out here.</summary>
    private static void Check(Guest guest, RecordedRun run)
    {
        TryInterventions(guest, run);
        run.Log.Check(EventOrigin.Of(guest.Machine));
    }

    private static void TryInterventions(Guest guest, RecordedRun run)
    {
        foreach (RecordedIntervention intervention in run.Interventions) intervention.TryOn(guest);
    }

    /// <param name="checkpoint">Where it goes on.</param>
    /// <param name="definition">What it is now.</param>
    /// <param name="isAlone">Whether its networks lead nowhere.</param>
    /// <param name="disks">What was read of its disks' images, for where these are not here; null for nothing.</param>
    /// <param name="basis">Memory that it shares with others until it writes there; null for its own.</param>
    /// <param name="prepare">Done with the guest before it is what the checkpoint says.</param>
    /// <param name="finish">Done with it in the end.</param>
    private static Guest Of(Checkpoint checkpoint, GuestDefinition definition, bool isAlone, IReadOnlyList<RecordedDisk?>? disks = null, SharedMemory? basis = null, Action<Guest>? prepare = null, Action<Guest>? finish = null)
    {
        Guest guest = GuestBuilder.BuildEmpty(definition, checkpoint, isAlone, disks, basis);
        try
        {
            checkpoint.Boot.Check(guest.Machine);
            guest.Machine.Boot = checkpoint.Boot;
            prepare?.Invoke(guest);
            guest.Load(checkpoint);
            guest.Devices.Resume(guest.DeviceHost);
            if (definition.Record) guest.Record();
            finish?.Invoke(guest);
            return guest;
        }
        catch (LguestException)
        {
            guest.Dispose();
            throw;
        }
        catch (InvalidStateException e)
        {
            guest.Dispose();
            throw new LguestException(LguestError.InvalidCheckpoint, $"{(checkpoint.Path is { } path ? $"'{path}'" : $"the checkpoint {checkpoint}")} is not valid: {e.Message}", e) { Path = checkpoint.Path };
        }
    }
}
