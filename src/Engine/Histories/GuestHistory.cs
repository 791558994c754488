using LguestPS.Boot;
using LguestPS.Events;
using LguestPS.Histories;
using LguestPS.Recordings;

namespace LguestPS;

/// <summary>A recorded run of which questions can be asked, again and again and from several threads at once.</summary>
/// <remarks>
/// The answers come from replicas: private guests that do parts of the run again, from checkpoints on the way. The guest whose history this
/// is stays where it is, and nothing outside of it is touched: not its disks, networks, console or files. What the guest does later is in
/// no history that was made before.
/// </remarks>
public sealed class GuestHistory : IDisposable
{
    /// <summary>The most guest memory that its checkpoints hold.</summary>
    private const long MostBytes = 512L << 20;

    private readonly Lock gate = new();
    private readonly CheckpointShelf shelf = new(MostBytes);
    private readonly Stack<Replica> idle = [];
    private SymbolTable? symbols;
    private bool isDisposed;
    private bool isChecked;

    private GuestHistory(RecordedRun run, IEnumerable<(RunPosition, Checkpoint)> checkpoints, bool isChecked)
    {
        Run = run;
        foreach ((RunPosition at, Checkpoint checkpoint) in checkpoints) shelf.Add(at, checkpoint);
        this.isChecked = isChecked;
    }

    /// <summary>Name of the guest.</summary>
    public string Guest => Run.Guest;

    /// <summary>The file it is in; null if it is a guest's here.</summary>
    public string? Path => Run.Start.Path;

    /// <summary>The guest's definition.</summary>
    public GuestDefinition Definition => Run.Start.Definition;

    /// <summary>Events from its beginning to its end.</summary>
    public long EventCount => End.Events - Start.Events;

    /// <summary>Where it begins.</summary>
    public RunPosition Start => Run.StartPosition;

    /// <summary>Where it ends.</summary>
    public RunPosition End => Run.End;

    internal RecordedRun Run { get; }

    /// <summary>What is known of the run without running any of it.</summary>
    public GuestRecording Describe() => GuestRecording.Of(Run, [.. Checkpoints.Select(kept => kept.At)], (Run.Start.Symbols ?? Run.Start.Source?.Machine.Symbols?.Linked)?.Count ?? 0);

    /// <summary>The places from which replicas can begin, in the order of the run: at least its beginning.</summary>
    internal IReadOnlyList<(RunPosition At, Checkpoint Checkpoint)> Checkpoints
    {
        get
        {
            lock (gate) return shelf.All;
        }
    }

    /// <summary>What was recorded of a guest up to now, also of what it did after a place to which it was taken back.</summary>
    /// <param name="guest">A recorded guest that stands still; also one that has ended.</param>
    /// <exception cref="LguestException">NotRecorded; GuestBusy; or GuestEnded if it was removed.</exception>
    public static GuestHistory Of(Guest guest)
    {
        lock (guest.Seat.Gate)
        {
            guest.Seat.CheckIsAtHand();
            if (guest.Recording is not { } recording)
                throw new LguestException(LguestError.NotRecorded, $"Guest '{guest.Name}' was not recorded, so nothing is known of its past. Record it before it runs: 'record: true' in its definition does that.");
            recording.Reach();
            // A vCPU that does not count instructions cannot say where in the run its checkpoints are.
            IReadOnlyList<(RunPosition At, Checkpoint Checkpoint)> kept = recording.Shelf.All;
            return new GuestHistory(recording.Copy(), guest.Cpu.CountsInstructions ? kept : [kept[0]], isChecked: true) { symbols = guest.Symbols };
        }
    }

    /// <summary>The run in a file of <see cref="LguestPS.Guest.SaveRecording"/>.</summary>
    /// <exception cref="LguestException">FileUnavailable; or InvalidCheckpoint: it is no recording, is damaged or cut off, or a newer version made it.</exception>
    public static GuestHistory Open(string path) => Of(RecordedRun.Load(path));

    /// <summary>A run that was read from a file.</summary>
    public static GuestHistory Of(RecordedRun run) => new(run, [(run.StartPosition, run.Start)], isChecked: false);

    /// <summary>The names of the kernel's code and data, where they are once it has begun; null if there are none.</summary>
    /// <exception cref="LguestException">FileUnavailable or InvalidImage: the definition's file of symbols cannot be used; or as for making a guest.</exception>
    public SymbolTable? Symbols
    {
        get
        {
            // A kernel that unpacks itself to a random address has its symbols there once it has told its lguest_data, which is its first call.
            return symbols ??= Look(static guest => guest.Symbols);
        }
    }

    /// <summary>The calls of functions: those that returned, in the order in which they did; then those that did not, in the order in which they began.</summary>
    /// <returns>They are found as they are taken; whoever takes no more ends the search.</returns>
    /// <exception cref="LguestException">InvalidAddress: a function is not known. While they are taken: InvalidCheckpoint if something in the recording cannot have happened; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">While they are taken, on <paramref name="stop"/>.</exception>
    public IEnumerable<GuestCall> FindCalls(CallQuery query, CancellationToken stop = default) => new CallQuestion(this, query).Ask(stop);

    /// <summary>The accesses to a range of memory, in the order of the run.</summary>
    /// <remarks>The guest's own are seen by the linear address that it uses, in whatever process; what the host writes (devices, hypercalls, frames of traps) only in the kernel's mapping of all memory.</remarks>
    /// <inheritdoc cref="FindCalls" path="/returns"/>
    /// <exception cref="LguestException">InvalidAddress: the range is empty, too long or wraps. While they are taken: InvalidCheckpoint if something in the recording cannot have happened; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">While they are taken, on <paramref name="stop"/>.</exception>
    public IEnumerable<GuestMemoryAccess> FindAccesses(MemoryAccessQuery query, CancellationToken stop = default) => new AccessQuestion(this, query).Ask(stop);

    /// <summary>Events, in the order of the run.</summary>
    /// <inheritdoc cref="FindCalls" path="/returns"/>
    /// <exception cref="LguestException">While they are taken: InvalidCheckpoint if something in the recording cannot have happened; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">While they are taken, on <paramref name="stop"/>.</exception>
    public IEnumerable<LguestEvent> FindEvents(EventQuery query, CancellationToken stop = default) => new EventQuestion(this, query).Ask(stop);

    /// <summary>Follows a value back to where it came from: at <see cref="HistoryQuery.To"/> it is in the place that is named. The first step tells what put it there.</summary>
    /// <inheritdoc cref="FindCalls" path="/returns"/>
    /// <exception cref="LguestException">InvalidAddress: there is no such place. While they are taken: InvalidCheckpoint if something in the recording cannot have happened; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">While they are taken, on <paramref name="stop"/>.</exception>
    public IEnumerable<ValueStep> TraceValue(ValueQuery query, CancellationToken stop = default) => new ValueTrace(this, query, stop).Steps();

    /// <summary>The first place where this run and another differ.</summary>
    /// <param name="other">The other run.</param>
    /// <param name="pulse">Called now and then with the part that is done, 0 to 1.</param>
    /// <param name="stop">Ends the search.</param>
    /// <returns>Null if they are the same to the end.</returns>
    /// <exception cref="LguestException">InvalidCheckpoint if something in a recording cannot have happened; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public RunDifference? Compare(GuestHistory other, Action<double>? pulse = null, CancellationToken stop = default) => new RunComparison(this, other, pulse, stop).Find();

    /// <summary>Does the run again and holds it against the recording.</summary>
    /// <param name="pulse">Called now and then with the part that is done, 0 to 1.</param>
    /// <param name="threads">How many parts of the run are done at once.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="LguestException">As for making a guest.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public RecordingCheck Test(Action<double>? pulse = null, int? threads = null, CancellationToken stop = default) =>
        new RecordingTest(this, RecordingTest.Everything(pulse, threads ?? Environment.ProcessorCount), stop).Run();

    /// <summary>Whether the recording has its events itself, so that they can be told without doing the run again.</summary>
    public bool KeepsEvents => Run.Log.Count > 0 || EventCount == 0;

    /// <summary>What events are read with.</summary>
    internal EventOrigin Origin => Look(static guest => EventOrigin.Of(guest.Machine));

    /// <summary>A place of the run from which new guests go on, each its own way.</summary>
    /// <param name="place">Where.</param>
    /// <param name="stop">Ends the way there.</param>
    /// <param name="pulse">Called about four times a second on the way there, or null.</param>
    /// <exception cref="LguestException">PositionUnreachable: the run does not have it; CheckpointRefused: two guests cannot have what belongs to this one; and as for making a guest.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    public GuestFork ForkAt(PositionExpression place, CancellationToken stop = default, Action? pulse = null)
    {
        RunPosition at = place.In(Start, End);
        if (at.IsBeforeEvent ? at.Events >= End.Events : End.IsBefore(at))
            throw new LguestException(LguestError.PositionUnreachable, $"The run of guest '{Guest}' is recorded up to {End}, and what was asked for lies after that: {place}.");
        using Replica replica = ReplicaAt(Start, stop, pulse);
        new Mover(replica.Guest, replica.Guest.Loop, replica.Guest.Recording!, pulse, stop) { Before = CheckpointBefore }.GoTo(at);
        if (replica.Position != Start) replica.Guest.StandsElsewhere();
        if (replica.Guest.HasEnded) throw new LguestException(LguestError.GuestEnded, $"Guest '{Guest}' has ended at {place}. Fork it at an earlier place of its run.");
        return new GuestFork(replica.Guest.MakeCheckpoint(label: null), Definition, Run.Disks);
    }

    /// <summary>Looks at a guest like the recorded one, that has told its host where its data is, if it did.</summary>
    internal T Look<T>(Func<Guest, T> look)
    {
        using Replica replica = ReplicaAt(Start);
        if (!replica.Guest.Data.IsInitialised) replica.RunTo(new RunPosition(Start.Events + 1, 0, TimeSpan.Zero));
        return look(replica.Guest);
    }

    /// <summary>Looks at the guest as it was at a place.</summary>
    internal T LookAt<T>(PositionExpression place, Func<Guest, T> look, CancellationToken stop = default)
    {
        using Replica replica = ReplicaAt(Find(place, stop), stop);
        return look(replica.Guest);
    }

    /// <summary>Where in this run a place is. That of an event is the last before it, which the run tells.</summary>
    internal RunPosition Find(PositionExpression place, CancellationToken stop)
    {
        RunPosition position = place.In(Start, End);
        if (!position.IsBeforeEvent) return position;
        if (position.Events >= End.Events) return End;
        using Replica replica = ReplicaAt(new RunPosition(position.Events + 1, 0, TimeSpan.Zero), stop);
        return new RunPosition(position.Events, replica.Position.Instructions, replica.Position.Nanoseconds, 0);
    }

    /// <summary>A guest of its own that stands where the run was at a place, and can do it again from there. It has to be disposed.</summary>
    /// <param name="place">A place of the run, or the least that all of its counts must have reached; before the start or after the end counts as that.</param>
    /// <param name="stop">Ends the way there.</param>
    /// <param name="pulse">Called about four times a second on the way there, or null.</param>
    /// <exception cref="LguestException">As for making a guest; InvalidCheckpoint if something in the recording cannot have happened; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>.</exception>
    internal Replica ReplicaAt(RunPosition place, CancellationToken stop = default, Action? pulse = null)
    {
        (RunPosition at, Checkpoint checkpoint) = CheckpointBefore(place);
        Replica replica = ReplicaAt(at, checkpoint);
        try
        {
            replica.RunTo(place, stop, pulse);
            return replica;
        }
        catch
        {
            replica.IsBroken = true;
            replica.Dispose();
            throw;
        }
    }

    /// <summary>A guest of its own that stands where a checkpoint of this history was taken.</summary>
    /// <inheritdoc cref="ReplicaAt(RunPosition, CancellationToken, Action)" path="/exception"/>
    internal Replica ReplicaAt(RunPosition at, Checkpoint checkpoint)
    {
        Replica? replica;
        lock (gate) _ = idle.TryPop(out replica);
        if (replica is null) return new Replica(this, Make(at, checkpoint));
        replica.MoveTo(at, checkpoint);
        return replica;
    }

    /// <summary>Keeps a replica that nobody uses for whoever asks next: what it has made of the guest's code is worth keeping.</summary>
    /// <returns>False if there are enough.</returns>
    internal bool TryKeep(Replica replica)
    {
        lock (gate)
        {
            if (isDisposed || idle.Count >= Environment.ProcessorCount) return false;
            idle.Push(replica);
            return true;
        }
    }

    /// <summary>Frees the replicas that wait to be asked again.</summary>
    public void Dispose()
    {
        Replica[] left;
        lock (gate)
        {
            isDisposed = true;
            left = [.. idle];
            idle.Clear();
        }
        foreach (Replica replica in left) replica.Dispose();
    }

    /// <summary>The last checkpoint that is not after a place.</summary>
    internal (RunPosition At, Checkpoint Checkpoint) CheckpointBefore(RunPosition place)
    {
        IReadOnlyList<(RunPosition At, Checkpoint Checkpoint)> kept = Checkpoints;
        int index = kept.Count - 1;
        while (index > 0 && kept[index].At != place && !kept[index].At.IsBefore(place)) index--;
        return kept[index];
    }

    /// <summary>Keeps a checkpoint that one of the replicas has made, for those that come later.</summary>
    internal void Keep(RunPosition at, Checkpoint checkpoint)
    {
        lock (gate)
            if (shelf.All.All(kept => kept.At != at)) shelf.Add(at, checkpoint);
    }

    private Guest Make(RunPosition at, Checkpoint checkpoint)
    {
        bool check;
        lock (gate)
        {
            check = !isChecked;
            isChecked = true;
        }
        try
        {
            return Revival.OfReplica(Run, checkpoint, at, check);
        }
        catch when (check)
        {
            lock (gate) isChecked = false;
            throw;
        }
    }
}
