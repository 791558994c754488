using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>Has replicas look at all parts of a run at once, and gives what they find in the order of the run.</summary>
/// <remarks>
/// A run is cut where it has checkpoints. Where it has none, a replica that nobody looks at runs ahead and makes some, while others look at what
/// it has passed. How much is found ahead of what is taken is bounded, so any run can be asked in constant memory.
/// </remarks>
internal sealed class Survey<T>
{
    /// <summary>A run is cut in about so many stretches where nothing else decides it.</summary>
    private const int UsualStretches = 64;

    /// <summary>So many of them wait to be looked at, and no more.</summary>
    private const int MostWaiting = 32;

    /// <summary>So many that follow each other are looked at by the same replica, which need not go anywhere in between.</summary>
    private const int MostInARow = 16;

    private readonly GuestHistory history;
    private readonly RunPosition from, to;
    private readonly HistoryQuery query;
    private readonly Func<IAnalyst<T>> makeAnalyst;
    private readonly CancellationTokenSource stopping;

    private readonly object gate = new();
    private readonly Queue<Stretch<T>> planned = new(), toTake = new();
    private Exception? plannerProblem;
    private bool isPlanned;

    /// <param name="history">The run.</param>
    /// <param name="query">Which part of it, and how.</param>
    /// <param name="makeAnalyst">Makes who looks at a replica, for each thread one.</param>
    /// <param name="stop">Whoever asked does not want to know any more.</param>
    public Survey(GuestHistory history, HistoryQuery query, Func<IAnalyst<T>> makeAnalyst, CancellationToken stop)
    {
        this.history = history;
        this.query = query;
        this.makeAnalyst = makeAnalyst;
        from = query.First(history, stop);
        to = query.Last(history, stop) is var last && history.End.IsBefore(last) ? history.End : last;
        stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
    }

    private long Spacing => query.Spacing ?? Math.Max(CheckpointShelf.Spacing, (history.End.Instructions - history.Start.Instructions) / UsualStretches);

    /// <summary>The stretches in the order of the run. Each must be taken wholly before the next; leaving early ends everything.</summary>
    /// <exception cref="LguestException">As for making a replica; ReplayDiverged.</exception>
    /// <exception cref="OperationCanceledException">When whoever asked does not want to know any more.</exception>
    public IEnumerable<Stretch<T>> Stretches()
    {
        if (!from.IsBefore(to)) yield break;
        List<Thread> threads = [];
        try
        {
            bool scouts = Plan(out RunPosition known, out Checkpoint last) && query.Threads > 1;
            if (scouts) threads.Add(Start(() => Scout(known, last)));
            else Publish(known, last, to, isLast: true);
            for (int i = scouts ? 1 : 0; i < query.Threads; i++) threads.Add(Start(Work));
            while (Next() is { } stretch) yield return stretch;
        }
        finally
        {
            stopping.Cancel();
            lock (gate) Monitor.PulseAll(gate);
            foreach (Thread thread in threads) thread.Join();
            stopping.Dispose();
        }
    }

    /// <summary>Looks at a stretch once more, on this thread.</summary>
    public IReadOnlyList<T> Again(Stretch<T> stretch, IAnalyst<T> analyst)
    {
        using Replica replica = history.ReplicaAt(stretch.From, stopping.Token);
        List<T> findings = [];
        analyst.Begin(replica, findings.Add);
        replica.RunTo(stretch.To, stopping.Token);
        analyst.End();
        return findings;
    }

    /// <summary>For who waits: the part of the run that lies before a stretch.</summary>
    public Action? PulseAt(Stretch<T> stretch)
    {
        if (query.Pulse is not { } pulse) return null;
        RunPosition start = history.Start;
        double done = (stretch.From.Instructions - start.Instructions) / Math.Max(1.0, history.End.Instructions - start.Instructions);
        return () => pulse(done);
    }

    /// <summary>Cuts what has checkpoints.</summary>
    /// <param name="known">The beginning of what is left.</param>
    /// <param name="checkpoint">The checkpoint there or before.</param>
    /// <returns>Whether that is long.</returns>
    private bool Plan(out RunPosition known, out Checkpoint checkpoint)
    {
        (RunPosition at, checkpoint) = history.CheckpointBefore(from);
        planFrom = known = from;
        planAt = at;
        foreach ((RunPosition next, Checkpoint kept) in history.Checkpoints)
        {
            if (next == from || next.IsBefore(from) || !next.IsBefore(to)) continue;
            Publish(next, kept, next, isLast: false, before: checkpoint);
            (known, checkpoint) = (next, kept);
        }
        long end = Math.Min(to.Instructions > 0 ? to.Instructions : long.MaxValue, history.End.Instructions > 0 ? history.End.Instructions : long.MaxValue);
        return end - Math.Max(known.Instructions, planAt.Instructions) > 2 * Spacing;
    }

    // Where the stretch that is planned next begins, and the place of its checkpoint.
    private RunPosition planFrom, planAt;

    private void Publish(RunPosition known, Checkpoint checkpoint, RunPosition end, bool isLast, Checkpoint? before = null)
    {
        Stretch<T> stretch = new(planAt, before ?? checkpoint, planFrom, end, stopping.Token);
        lock (gate)
        {
            planned.Enqueue(stretch);
            toTake.Enqueue(stretch);
            isPlanned = isLast;
            Monitor.PulseAll(gate);
        }
        planFrom = planAt = known;
    }

    /// <summary>Runs ahead and cuts.</summary>
    private void Scout(RunPosition known, Checkpoint checkpoint)
    {
        try
        {
            using Replica replica = history.ReplicaAt(known, stopping.Token);
            while (true)
            {
                lock (gate)
                    while (planned.Count >= MostWaiting && !stopping.IsCancellationRequested) Monitor.Wait(gate, SurveyPeriods.Look);
                RunPosition before = replica.Position;
                replica.RunTo(new RunPosition(0, before.Instructions + Spacing, 0, 0), stopping.Token);
                RunPosition here = replica.Position;
                if (replica.IsAtEnd || IsStuck(before, here) || !here.IsBefore(to)) break;
                Checkpoint next = replica.Keep();
                Publish(here, next, here, isLast: false, before: checkpoint);
                checkpoint = next;
            }
            Publish(to, checkpoint, to, isLast: true);
            Work(replica: null);
        }
        catch (OperationCanceledException)
        {
            // Whoever asked has gone.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            lock (gate)
            {
                plannerProblem = e;
                isPlanned = true;
                Monitor.PulseAll(gate);
            }
        }
    }

    private void Work() => Work(replica: null);

    private void Work(Replica? replica)
    {
        IAnalyst<T> analyst = makeAnalyst();
        try
        {
            while (Claim() is { Count: > 0 } claimed)
                foreach (Stretch<T> stretch in claimed) Look(stretch, analyst, ref replica);
        }
        finally
        {
            replica?.Dispose();
        }
    }

    private void Look(Stretch<T> stretch, IAnalyst<T> analyst, ref Replica? replica)
    {
        try
        {
            stopping.Token.ThrowIfCancellationRequested();
            if (replica is null) replica = history.ReplicaAt(stretch.At, stretch.Checkpoint!);
            else replica.MoveTo(stretch.At, stretch.Checkpoint!);
            replica.RunTo(stretch.From, stopping.Token);
            stretch.Begin(analyst.Begin(replica, stretch.Add));
            RunTo(replica, stretch.To);
            analyst.End();
            stretch.Finish(problem: null);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            stretch.Finish(e);
            if (replica is not null) replica.IsBroken = true;
            replica?.Dispose();
            replica = null;
        }
    }

    /// <summary>Runs to the end of a stretch; in a long one, whoever asks next finds checkpoints.</summary>
    private void RunTo(Replica replica, RunPosition end)
    {
        while (replica.Position.Instructions + 2 * Spacing < end.Instructions)
        {
            RunPosition before = replica.Position;
            replica.RunTo(new RunPosition(0, before.Instructions + Spacing, 0L, 0), stopping.Token);
            if (replica.IsAtEnd || IsStuck(before, replica.Position)) return;
            replica.Keep();
        }
        replica.RunTo(end, stopping.Token);
    }

    /// <summary>Whether a guest waits for what never comes: a recording that was made up may end where its guest never gets to.</summary>
    private static bool IsStuck(RunPosition before, RunPosition here) => here == before;

    /// <summary>The next stretches to look at; none once there will be no more.</summary>
    private List<Stretch<T>> Claim()
    {
        lock (gate)
        {
            while (planned.Count == 0 && !isPlanned && !stopping.IsCancellationRequested) Monitor.Wait(gate, SurveyPeriods.Look);
            List<Stretch<T>> claimed = [];
            if (stopping.IsCancellationRequested) return claimed;
            int most = Math.Clamp(planned.Count / (4 * query.Threads), 1, MostInARow);
            while (claimed.Count < most && planned.TryDequeue(out Stretch<T>? next)) claimed.Add(next);
            Monitor.PulseAll(gate);
            return claimed;
        }
    }

    private Stretch<T>? Next()
    {
        lock (gate)
        {
            while (toTake.Count == 0)
            {
                if (isPlanned) return plannerProblem is null ? null : throw plannerProblem;
                stopping.Token.ThrowIfCancellationRequested();
                if (!Monitor.Wait(gate, SurveyPeriods.Pulse)) query.Pulse?.Invoke(0);
            }
            return toTake.Dequeue();
        }
    }

    private static Thread Start(ThreadStart work)
    {
        Thread thread = new(work) { IsBackground = true, Name = "lguest question" };
        thread.Start();
        return thread;
    }
}
