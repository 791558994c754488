using LguestPS.Boot;
using LguestPS.Checkpoints;
using LguestPS.State;

namespace LguestPS;

/// <summary>Taking checkpoints and going back to them.</summary>
public sealed partial class Guest
{
    /// <summary>The last checkpoint that was taken of this guest on request; null if there was none.</summary>
    public Checkpoint? LastCheckpoint { get; private set; }

    /// <summary>Keeps the guest as it is now. Whoever drives it may do this between two events, others only while nobody does.</summary>
    /// <param name="label">A name to know it by, or null.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; CheckpointRefused: something that belongs to the guest lies outside of it and would not go back.</exception>
    public Checkpoint TakeCheckpoint(string? label = null)
    {
        lock (Seat.Gate)
        {
            Seat.CheckHasNotEnded("A guest that has ended has no next moment to keep.");
            Seat.CheckIsAtHand();
            CheckCanGoBack(Devices.CheckpointObstacle, "have checkpoints");
            return LastCheckpoint = MakeCheckpoint(label);
        }
    }

    /// <summary>Makes the guest what it was, even if it has ended since. What was typed into it and not yet read then waits again.</summary>
    /// <exception cref="LguestException">GuestBusy; GuestEnded if it was removed; CheckpointRefused if the checkpoint is not one of this guest, or one of its disk images was changed since; FileUnavailable: such an image cannot be read.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        lock (Seat.Gate)
        {
            if (checkpoint.Source != this)
                throw new LguestException(LguestError.CheckpointRefused, $"{checkpoint} is not a checkpoint of the guest '{Name}' that is here now. Save it and make a new guest of the file.");
            Seat.CheckIsIdle();
            CheckCanGoBack(Devices.RestoreObstacle, "go back");
            Load(checkpoint);
            Devices.Resume(DeviceHost);
            if (Recording is { } recording) RecordOn(Recordings.Recording.Begin(this, recording.KeepsEvents));
        }
    }

    /// <summary>Makes a guest from a checkpoint, on whatever CPU its definition can have here. Needs its disk images, but not its kernel.</summary>
    /// <param name="checkpoint">Where it goes on.</param>
    /// <param name="name">Its name, or null for the one it had.</param>
    /// <param name="cpu">The CPU, or null for what its definition says.</param>
    /// <param name="symbols">An absolute path of its kernel's symbols, or null for what its definition says.</param>
    /// <exception cref="LguestException">As for making one from a definition; InvalidCheckpoint: the state is none a guest can be in; CheckpointRefused: its disk images, or the frames it replays, are others than they were.</exception>
    public static Guest CreateFrom(Checkpoint checkpoint, string? name = null, CpuChoice? cpu = null, string? symbols = null)
    {
        GuestDefinition definition = checkpoint.Definition with { Name = name ?? checkpoint.Guest, Cpu = cpu ?? checkpoint.Definition.Cpu, Symbols = symbols ?? checkpoint.Definition.Symbols };
        return Revive(checkpoint, definition, isAlone: false);
    }

    /// <param name="checkpoint">Where it goes on.</param>
    /// <param name="definition">What it is now.</param>
    /// <param name="isAlone">Whether its networks lead nowhere.</param>
    /// <param name="prepare">Done with the guest before it is what the checkpoint says.</param>
    /// <param name="finish">Done with it in the end.</param>
    private static Guest Revive(Checkpoint checkpoint, GuestDefinition definition, bool isAlone, Action<Guest>? prepare = null, Action<Guest>? finish = null)
    {
        Guest guest = GuestBuilder.BuildEmpty(definition, checkpoint, isAlone);
        try
        {
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
            throw new LguestException(LguestError.InvalidCheckpoint, $"{(checkpoint.Path is { } path ? $"'{path}'" : $"the checkpoint {checkpoint}")} makes no sense: {e.Message}", e) { Path = checkpoint.Path };
        }
    }

    /// <param name="obstacle">What one of its devices has against it, or null.</param>
    /// <param name="what">What the guest then cannot.</param>
    /// <exception cref="LguestException">CheckpointRefused.</exception>
    internal void CheckCanGoBack(string? obstacle, string what)
    {
        if (!Cpu.CanBeSaved) obstacle = $"the '{CpuName}' CPU cannot tell all of its state";
        if (obstacle is not null) throw new LguestException(LguestError.CheckpointRefused, $"Guest '{Name}' cannot {what}: {obstacle}.");
    }

    internal Checkpoint MakeCheckpoint(string? label) => new SavedState(this, runner, loop).Keep(label);

    /// <exception cref="InvalidStateException">No guest can be in this state; this one is then of no use any more.</exception>
    internal void Load(Checkpoint checkpoint) => new SavedState(this, runner, loop).Load(checkpoint);

    /// <summary>Takes everything but memory.</summary>
    /// <exception cref="InvalidStateException">No guest can be in this state.</exception>
    internal void Load(StateReader state) => new SavedState(this, runner, loop).Load(state);
}
