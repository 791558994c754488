using LguestPS.Boot;
using LguestPS.Checkpoints;
using LguestPS.Recordings;
using LguestPS.State;

namespace LguestPS;

/// <summary>Keeping a guest as it is and going back to that; recording a run, going back in it, and replaying it.</summary>
public sealed partial class Guest
{
    /// <summary>The last checkpoint that was taken of this guest on request; null if there was none.</summary>
    public Checkpoint? LastCheckpoint { get; private set; }

    /// <summary>Keeps the guest as it is now. Whoever drives it may do this between two events, others only while it is not being driven.</summary>
    /// <param name="label">A name to know it by, or null.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; CheckpointRefused: something that belongs to the guest lies outside of it and would not go back.</exception>
    public Checkpoint TakeCheckpoint(string? label = null)
    {
        lock (Seat.Gate)
        {
            Seat.CheckHasNotEnded("No checkpoint can be taken of a guest that has ended.");
            Seat.CheckIsAtHand();
            SavedState.CheckCanGoBack(this, Devices.CheckpointObstacle, "have checkpoints");
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
            SavedState.CheckCanGoBack(this, Devices.RestoreObstacle, "go back");
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
    /// <exception cref="LguestException">As for making one from a definition; InvalidCheckpoint: no guest can be in this state; CheckpointRefused: its disk images, or the frames it replays, have changed.</exception>
    public static Guest CreateFrom(Checkpoint checkpoint, string? name = null, CpuChoice? cpu = null, string? symbols = null) =>
        Revival.Of(checkpoint, name, cpu, symbols);

    internal Checkpoint MakeCheckpoint(string? label) => new SavedState(this, runner, Loop).Keep(label);

    /// <exception cref="InvalidStateException">No guest can be in this state; this one is then no longer of use.</exception>
    internal void Load(Checkpoint checkpoint) => new SavedState(this, runner, Loop).Load(checkpoint);

    /// <summary>Takes everything but memory.</summary>
    /// <exception cref="InvalidStateException">No guest can be in this state.</exception>
    internal void Load(StateReader state) => new SavedState(this, runner, Loop).Load(state);
    internal void Save(StateWriter state) => new SavedState(this, runner, Loop).Save(state);

    /// <summary>Whether the guest's run is recorded, so that it can be taken back.</summary>
    public bool IsRecorded => Recording is not null;

    /// <summary>Whether the guest was taken back, or is a replay, and what it does next is known already.</summary>
    public bool IsInPast => Recording?.IsInPast ?? false;

    /// <summary>Begins to record the guest's run here, so that it can be taken back; does nothing if that is done already.</summary>
    /// <param name="keepEvents">Also for <see cref="SaveRecording"/>: keeps the essence of every event.</param>
    /// <exception cref="LguestException">GuestBusy or GuestEnded; CheckpointRefused: the run would not be repeatable, says why.</exception>
    public void Record(bool keepEvents = false)
    {
        lock (Seat.Gate)
        {
            if (Recording is not null && (Recording.KeepsEvents || !keepEvents)) return;
            Seat.CheckIsFree();
            RecordOn(Recording.Begin(this, keepEvents));
        }
    }

    /// <summary>Takes a recorded guest back in its run, even if it has ended since. Run forward again it does the same again, until something new comes in.</summary>
    /// <returns>False if the recording does not go back that far: the guest then stands where it begins.</returns>
    /// <exception cref="LguestException">NotRecorded; GuestBusy; GuestEnded if it was removed; NotSupported: by instructions, addresses or calls, and its CPU does not count instructions.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>; the guest then stands somewhere in its past.</exception>
    public bool StepBack(StepBackOptions options, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1);
        return Timeline.StepBack(options, stop);
    }

    /// <summary>Writes what was recorded up to here to a file: where it began, what came in, and every event's essence.</summary>
    /// <exception cref="LguestException">FileUnavailable; NotRecorded if it was not recorded with its events.</exception>
    public void SaveRecording(string path)
    {
        lock (Seat.Gate)
        {
            if (Recording is not { KeepsEvents: true } recording)
                throw new LguestException(LguestError.NotRecorded, $"Guest '{Name}' was not recorded with its events, as a file needs them. Record it with them before it runs.");
            Seat.CheckIsAtHand();
            recording.Save(path);
        }
    }

    /// <summary>Makes a guest that does again what was recorded; each event is held against the recorded one.</summary>
    /// <param name="run">The recording. It can be replayed once: its guest goes on with it.</param>
    /// <param name="name">Its name, or null for the one it had.</param>
    /// <param name="symbols">An absolute path of its kernel's symbols, or null for what its definition says.</param>
    /// <param name="compile">Whether hot code is compiled, or null for what its definition says; its events are the same either way.</param>
    /// <exception cref="LguestException">As for <see cref="CreateFrom"/>; and InvalidCheckpoint if something in the recording cannot have happened.</exception>
    public static Guest Replay(RecordedRun run, string? name = null, string? symbols = null, CompileChoice? compile = null) =>
        Revival.Of(run, name, symbols, compile);

    internal void RecordOn(Recording recording) => Events.Tape = Recording = recording;
}
