using LguestPS.Checkpoints;
using LguestPS.Events;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Recordings;

/// <summary>A run that can be gone back in: where it began, what came into it from outside and where, and checkpoints on the way.</summary>
/// <remarks>
/// With a simulated clock nothing else decides what a guest does, so the run can be done again from any of its checkpoints.
/// While the guest is in the past of its recording, the recorded input comes in again. New input there begins another future,
/// and what was recorded of the old one is forgotten.
/// </remarks>
internal sealed class Recording : ITape
{
    /// <summary>The most guest memory that the checkpoints of a recording hold.</summary>
    private const long MostBytes = 512L << 20;

    private readonly Guest guest;
    private readonly List<RecordedInput> inputs = [];
    private readonly List<RecordedIntervention> interventions = [];
    private readonly Checkpoint start;
    private readonly RunPosition startPosition;
    private readonly bool keepsCheckpoints;
    private EventLog? log;
    private int nextInput, nextIntervention;
    private IReadOnlyList<Devices.RecordedDisk> disks = [];     // that came with a file
    private RunPosition farthest;
    private bool isIntervening;
    private bool endsByRestart;     // instead of the reboot that the guest asked for
    private byte[][]? held;     // of each device, while the guest is in the past: what waited for it at the end

    private Recording(Guest guest, Checkpoint start, RunPosition startPosition, bool keepsCheckpoints = true)
    {
        this.guest = guest;
        this.start = start;
        this.keepsCheckpoints = keepsCheckpoints;
        this.startPosition = End = farthest = startPosition;
        Shelf.Add(startPosition, start);
    }

    public CheckpointShelf Shelf { get; } = new(MostBytes);

    /// <summary>As far as it goes; the run of a guest that goes on can be ahead of this.</summary>
    public RunPosition End { get; private set; }

    /// <summary>Whether it came from a file, so that a run stops where it ends.</summary>
    public bool IsReplay { get; private set; }

    /// <summary>The guest as it stood at the end, while it is in the past; null if it came there in another way than by being taken back.</summary>
    public Present? Present { get; set; }

    /// <summary>Whether the guest is just being taken somewhere else in its run: what is typed meanwhile waits.</summary>
    public bool IsMoving { get; set; }

    /// <summary>Whether it can be saved to a file.</summary>
    public bool KeepsEvents => log is not null;

    /// <summary>For a guest that does a part of a run again: what its events are held against from here on; null to make none.</summary>
    public void HoldAgainst(EventLog? recorded) => log = recorded;

    /// <summary>While the guest is in the past and asks to be started again: whether it was rebooted then, or ended. Null if that is new.</summary>
    public bool? RebootsAgain => IsInPast ? !(endsByRestart && guest.Events.Happened + 1 >= End.Events) : null;

    /// <summary>Inputs that have come in up to where the guest is.</summary>
    public int InputCount => nextInput;

    /// <summary>Whether the guest is not at its end.</summary>
    public bool IsInPast => GuestPosition.Of(guest).IsBefore(End);

    public long EventCount => guest.Events.Happened - startPosition.Events;

    /// <param name="guest">A guest that stands still and has not ended.</param>
    /// <param name="keepEvents">To save it to a file.</param>
    /// <exception cref="LguestException">CheckpointRefused: the run would not be repeatable; says why.</exception>
    public static Recording Begin(Guest guest, bool keepEvents)
    {
        SavedState.CheckCanGoBack(guest, guest.Devices.RecordingObstacle, "be recorded");
        if (guest.Definition.Clock == ClockKind.Host)
            throw new LguestException(LguestError.CheckpointRefused, $"Guest '{guest.Name}' cannot be recorded: its clock is 'host', and real time cannot be repeated. Use clock 'virtual'.");
        if (guest.Definition.Clock == ClockKind.Virtual && !guest.Cpu.CountsInstructions)
            throw new LguestException(LguestError.CheckpointRefused, $"Guest '{guest.Name}' cannot be recorded: the '{guest.CpuName}' CPU does not count instructions. Use clock 'events'.");
        foreach (Devices.DiskFunction disk in guest.Devices.Disks) disk.BeginRecording();
        return new Recording(guest, guest.MakeCheckpoint(label: null), GuestPosition.Of(guest) with { Inputs = 0 }) { log = keepEvents ? new EventLog() : null };
    }

    /// <summary>Where the guest was changed the next time, in instructions, so that the vCPU can come out there; null if it was not.</summary>
    public long? NextStop => nextIntervention < interventions.Count ? interventions[nextIntervention].At.Instructions : null;

    /// <summary>While the guest is in the past: when something came in or was changed the next time, or else where the recording ends; guest time in nanoseconds. Null if that does not lie ahead.</summary>
    /// <remarks>A halted guest skips to there: how long it was idle in real time decided when that was.</remarks>
    public long? NextDue
    {
        get
        {
            long due = End.Nanoseconds;
            if (nextInput < inputs.Count) due = Math.Min(due, inputs[nextInput].At.Nanoseconds);
            if (nextIntervention < interventions.Count) due = Math.Min(due, interventions[nextIntervention].At.Nanoseconds);
            return due > guest.Clock.Now ? due : null;
        }
    }

    /// <summary>Where somebody changed the guest and that made an event; null if it was not made by that.</summary>
    public RunPosition? InterventionBefore(long sequence) => interventions.Find(intervention => intervention.At.Events == sequence - 1)?.At;

    /// <summary>Called at every turn of the run loop: keeps a checkpoint now and then, and does again what somebody did to the guest here.</summary>
    /// <returns>True if the guest is another one now.</returns>
    public bool AtTurn()
    {
        RunPosition here = GuestPosition.Of(guest);
        if (nextIntervention < interventions.Count && !here.IsBefore(interventions[nextIntervention].At))
        {
            WithoutWaitingInput(() => interventions[nextIntervention++].DoAgain(guest));
            return true;
        }
        if (keepsCheckpoints && Shelf.IsDue(here)) Shelf.Add(here, guest.MakeCheckpoint(label: null));
        return false;
    }

    /// <summary>Somebody changes the standing guest: what it is afterwards is recorded, whatever the change is.</summary>
    public void Intervene(Action change)
    {
        if (IsInPast) BeginNewFuture();
        if (guest.Executor.Next is { } call) NoteCall(call.Number);
        RunPosition here = GuestPosition.Of(guest);
        MemoryImage before = guest.MakeCheckpoint(label: null).Memory;
        isIntervening = true;
        try
        {
            change();
        }
        finally
        {
            isIntervening = false;
        }
        Checkpoint after = guest.MakeCheckpoint(label: null);
        interventions.Add(new RecordedIntervention(here, [.. after.Memory.PagesNotIn(before)], after.State, [.. after.SharedParts.Skip(1)]));
        nextIntervention = interventions.Count;
        Reach();
    }

    /// <summary>Where a device may hand over input: what it handed over here when this was recorded, or null.</summary>
    /// <param name="device">Its place in the order of the slots.</param>
    /// <param name="isTyped">Whether it has some now that is meant for the guest where it is.</param>
    /// <exception cref="LguestException">ReplayDiverged: the run has gone past a place where input came in.</exception>
    public byte[]? InputAgain(int device, bool isTyped)
    {
        if (isTyped && held is not null && IsInPast && !IsMoving) BeginNewFuture();     // what was there before is held back, so it is new
        if (nextInput == inputs.Count) return null;
        RunPosition here = GuestPosition.Of(guest);
        RecordedInput next = inputs[nextInput];
        if (next.At.Events < here.Events || next.At.Nanoseconds < here.Nanoseconds) throw Diverged($"at event {next.At.Events} input came in, and now the guest took none");
        if (!next.At.IsAt(here) || next.Device != device) return null;
        nextInput++;
        return next.Bytes;
    }

    /// <summary>A hypercall is about to be made, or could be; where that was is remembered, so that it is found again.</summary>
    public void NoteCall(uint number)
    {
        if (!GuestPosition.Of(guest).IsBefore(farthest)) Shelf.NoteCall(number);
    }

    /// <summary>A device is about to hand over this here. What comes in while somebody changes the guest is recorded with the change.</summary>
    public void NoteInput(int device, byte[] bytes)
    {
        if (isIntervening) return;
        inputs.Add(new RecordedInput(GuestPosition.Of(guest), device, bytes));
        nextInput = inputs.Count;
    }

    /// <summary>Something happened: it is kept, or held against what happened here when this was recorded.</summary>
    /// <exception cref="LguestException">ReplayDiverged.</exception>
    public void NoteEvent(LguestEvent happened)
    {
        if (log is null || happened is GuestEndedEvent { Ending: EndingKind.Stopped }) return;
        long index = happened.Sequence - startPosition.Events - 1;
        byte[] essence = log.EssenceOf(happened);
        if (index >= log.Count)
        {
            log.Append(essence);
            return;
        }
        byte[] recorded = log[index];
        if (recorded.AsSpan().SequenceEqual(essence)) return;
        throw Diverged($"event {happened.Sequence} was {Describe(recorded)} and is now {Describe(happened)}");
    }

    /// <summary>The error of a run that is another one than the recorded one.</summary>
    public LguestException Diverged(string how) =>
        new(LguestError.ReplayDiverged, $"The run of guest '{guest.Name}' has diverged from its recording: {how}.");

    /// <summary>The guest stands still: the recording goes at least to here.</summary>
    public void Reach()
    {
        RunPosition here = GuestPosition.Of(guest);
        if (!End.IsBefore(here)) return;
        End = here;
        Present = null;
        endsByRestart = guest.Ending?.Kind == EndingKind.Restart;
    }

    /// <summary>Puts the guest where one of the checkpoints was taken. Input that waits now is held back until the guest is at the recording's end again; what is typed after that waits.</summary>
    public void Load(Checkpoint checkpoint, RunPosition at)
    {
        held ??= TakeWaitingInput();
        RunPosition before = GuestPosition.Of(guest);
        if (farthest.IsBefore(before)) farthest = before;
        WithoutWaitingInput(() => guest.Load(checkpoint));
        Find(at);
    }

    /// <summary>Puts the guest back where it stood before it was taken back, with what waited there.</summary>
    /// <param name="present">What was kept of it.</param>
    public void Return(Checkpoint present)
    {
        byte[][] typed = TakeWaitingInput();
        guest.Load(present);
        byte[][] waiting = TakeWaitingInput();
        PutBackWaitingInput(typed);
        PutBackWaitingInput(waiting);       // it was there first
        nextInput = inputs.Count;
        nextIntervention = interventions.Count;
        held = null;
    }

    /// <summary>Called where input may enter: at the recording's end, what was held back waits again.</summary>
    public void AtInput()
    {
        if (held is null || IsInPast) return;
        PutBackWaitingInput(held);
        held = null;
    }

    /// <summary>From here on the run is another one.</summary>
    public void BeginNewFuture()
    {
        guest.DeviceHost.Warn($"from here on it does something else than before, and what was recorded of it after {GuestPosition.Of(guest)} is forgotten");
        Present = null;
        End = farthest = GuestPosition.Of(guest);
        inputs.RemoveRange(nextInput, inputs.Count - nextInput);
        interventions.RemoveRange(nextIntervention, interventions.Count - nextIntervention);
        log?.Truncate(EventCount);
        Shelf.ForgetBehind(End);
        held = null;
        IsReplay = endsByRestart = false;
        guest.Devices.BeginNewFuture(guest.DeviceHost);
        guest.Transport.BeginNewFuture();
    }

    /// <summary>Writes all of it up to here to a file, with what was read of the guest's disks.</summary>
    /// <exception cref="LguestException">FileUnavailable: the file, or the image of a disk.</exception>
    public void Save(string path)
    {
        Reach();
        RecordedRun whole = new(start, startPosition, End, inputs, interventions, log!) { Disks = [.. guest.Devices.Disks.Select(disk => disk.Recorded)] };
        StateFile.Write(path, StateFile.RecordingKind, file => RecordingFile.Write(file, whole));
    }

    /// <summary>For a guest that stands where the recording began.</summary>
    /// <exception cref="InvalidStateException">It stands elsewhere.</exception>
    public static Recording Replay(Guest guest, RecordedRun run)
    {
        if (!GuestPosition.Of(guest).IsAt(run.StartPosition)) throw new InvalidStateException("it does not begin where its checkpoint was taken");
        // A checkpoint of this guest's own, so that the next ones can share with it.
        Recording recording = new(guest, guest.MakeCheckpoint(label: null), run.StartPosition) { log = run.Log };
        recording.Take(run);
        return recording;
    }

    /// <summary>For a guest that does a part of a run again for somebody who looks on: it keeps no checkpoints.</summary>
    /// <param name="guest">It stands at <paramref name="at"/>.</param>
    /// <param name="run">The whole run.</param>
    /// <param name="at">A place of that run.</param>
    /// <param name="log">What its events are held against; null to make none.</param>
    /// <exception cref="InvalidStateException">The guest stands elsewhere.</exception>
    public static Recording Repeat(Guest guest, RecordedRun run, RunPosition at, EventLog? log)
    {
        if (!GuestPosition.Of(guest).IsAt(at)) throw new InvalidStateException("one of its checkpoints was taken elsewhere");
        Recording recording = new(guest, run.Start, run.StartPosition, keepsCheckpoints: false) { log = log };
        recording.Take(run);
        recording.Find(at);
        return recording;
    }

    /// <summary>What was recorded up to now, for others: it never changes.</summary>
    public RecordedRun Copy() => new(start, startPosition, End, [.. inputs], [.. interventions], log?.Copy() ?? new EventLog()) { EndsByRestart = endsByRestart, Disks = disks };

    private void Take(RecordedRun run)
    {
        IsReplay = true;
        End = run.End;
        disks = run.Disks;
        inputs.AddRange(run.Inputs);
        interventions.AddRange(run.Interventions);
        endsByRestart = run.EndsByRestart || (run.Log.Count > 0 && ReadRecorded(run.Log[run.Log.Count - 1]) is GuestEndedEvent { Ending: EndingKind.Restart });
        TakeWaitingInput();
        held = [.. guest.Devices.All.Select(_ => Array.Empty<byte>())];
    }

    /// <summary>The guest stands at a place of the run: what comes in next is what came in there.</summary>
    private void Find(RunPosition at)
    {
        nextInput = at.Inputs;
        nextIntervention = interventions.Count(intervention => intervention.At.IsBefore(at));
    }

    /// <summary>Makes the guest another one. What waits for it now waits for that one; what waited for that one was recorded where it came in.</summary>
    private void WithoutWaitingInput(Action change)
    {
        byte[][] waiting = TakeWaitingInput();
        change();
        TakeWaitingInput();
        PutBackWaitingInput(waiting);
    }

    private void PutBackWaitingInput(byte[][] waiting)
    {
        for (int i = 0; i < waiting.Length; i++) guest.Devices.All[i].PutBackWaiting(waiting[i]);
    }

    private byte[][] TakeWaitingInput() => [.. guest.Devices.All.Select(device => device.TakeWaiting())];

    private string Describe(byte[] recorded)
    {
        try
        {
            return Describe(ReadRecorded(recorded));
        }
        catch (InvalidStateException)
        {
            return "none that can be read";
        }
    }

    private LguestEvent ReadRecorded(byte[] recorded) => EventCodec.Read(new StateReader(recorded, []), EventOrigin.Of(guest.Machine), whole: false);

    private static string Describe(LguestEvent happened) => $"'{happened.Kind} {happened.Summary}' at {happened.GuestTime.TotalSeconds:F6} s";
}
