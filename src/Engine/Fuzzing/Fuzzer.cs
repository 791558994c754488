using System.Diagnostics;
using System.Runtime.ExceptionServices;
using LguestPS.Fuzzing;

namespace LguestPS;

/// <summary>Runs a guest from a checkpoint again and again, each time a little different, and keeps what is new.</summary>
/// <remarks>The runs are done by private guests on the emulated CPU: the guest of the checkpoint is not touched, and nothing that they write or send goes anywhere.</remarks>
public sealed class Fuzzer
{
    private static readonly TimeSpan pulsePeriod = TimeSpan.FromMilliseconds(250);

    private const int MostUntaken = 256;

    private readonly FuzzOptions options;
    private readonly object gate = new();
    private readonly Queue<FuzzFind> untaken = new();
    private readonly EdgeRecord edges = new();
    private readonly Stopwatch clock = new();
    private FuzzSchedule? schedule;
    private FuzzCorpus? corpus;
    private IReadOnlyList<FuzzTarget> targets = [];
    private FuzzInput original = new([]);
    private ExceptionDispatchInfo? problem;
    private TimeSpan lastPulse;
    private int working;

    /// <param name="options">What is done.</param>
    /// <exception cref="LguestException">InvalidDefinition: nothing is changed, or something in it cannot be.</exception>
    public Fuzzer(FuzzOptions options)
    {
        if (options.Targets.Count == 0 && options.Mutate is null)
            throw new LguestException(LguestError.InvalidDefinition, "nothing is changed before a run, so every run would be the same; name what is to be changed, or give a script that does it");
        if (options.Threads > 1 && (options.Mutate is not null || options.UntilCondition is not null))
            throw new LguestException(LguestError.InvalidDefinition, "scripts are run on one thread; use one thread, or what is built in");
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InstructionLimit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        if (options.Inputs.FirstOrDefault(input => input.Count != options.Targets.Count) is { } odd)
            throw new LguestException(LguestError.InvalidDefinition, $"an input has {odd.Count} parts, and there are {options.Targets.Count} targets");
        this.options = options;
    }

    /// <summary>How far it has come; from any thread.</summary>
    public FuzzProgress Progress
    {
        get
        {
            lock (gate)
            {
                double seconds = Math.Max(clock.Elapsed.TotalSeconds, 1e-9);
                return new FuzzProgress(schedule?.Runs ?? 0, (schedule?.Runs ?? 0) / seconds, schedule?.Finds ?? 0, edges.Count, schedule?.Inputs ?? 0, schedule?.Instructions ?? 0, clock.Elapsed);
            }
        }
    }

    /// <summary>Does the runs and gives the finds as they come. It can be called once; whoever takes no more ends it.</summary>
    /// <exception cref="LguestException">CheckpointRefused: the checkpoint's guest has the clock 'host'; FileUnavailable; the guest does not have a target; or as for making a guest from the checkpoint.</exception>
    /// <exception cref="OperationCanceledException">On <paramref name="stop"/>; what was found is kept.</exception>
    public IEnumerable<FuzzFind> Run(CancellationToken stop = default)
    {
        if (schedule is not null) throw new InvalidOperationException("a fuzzer runs once");
        using CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        FuzzRig rig = Prepare(stopping.Token);
        List<Thread> threads = [];
        try
        {
            clock.Start();
            InputShrinker shrinker = new(rig, targets, original, stop);
            if (options.Threads > 1)
            {
                working = options.Threads;
                for (int i = 0; i < options.Threads; i++) threads.Add(StartWorker(stopping.Token));
            }
            while (Next(rig, stop) is { } find)
            {
                FuzzFind kept = options.Minimize ? Minimized(find, shrinker) : find;
                Keep(kept);
                yield return kept;
            }
        }
        finally
        {
            stopping.Cancel();
            lock (gate) Monitor.PulseAll(gate);
            foreach (Thread thread in threads) thread.Join();
            clock.Stop();
            rig.Dispose();
            KeepInputs();
            corpus?.Save(schedule!.Session);
        }
    }

    private FuzzRig Prepare(CancellationToken stop)
    {
        using (FuzzRig scout = new(options, [], stop)) targets = [.. options.Targets.Select(target => target.In(scout.Guest))];
        FuzzRig rig = new(options, targets, stop);
        try
        {
            original = rig.Original();
            corpus = options.CorpusPath is { } folder ? new FuzzCorpus(folder, targets) : null;
            List<FuzzInput> seeds = [original, .. corpus?.Read(original) ?? []];
            foreach (IReadOnlyList<byte[]> input in options.Inputs)
                seeds.Add(new FuzzInput([.. input.Select((bytes, i) => new FuzzPart(targets[i].Name, targets[i].Fit(bytes)) { IsText = targets[i].IsText })]));
            int console = targets.ToList().FindIndex(target => target.IsText);
            if (console < 0 && options.Texts.Count > 0) throw new LguestException(LguestError.InvalidDefinition, "there are texts to type, and the console is not among the targets");
            foreach (byte[] typed in options.Texts) seeds.Add(original.With(console, targets[console].Fit(typed)));
            schedule = new FuzzSchedule(options, targets, seeds, corpus?.Known ?? new FuzzCorpus.Session(), edges);
            return rig;
        }
        catch
        {
            rig.Dispose();
            throw;
        }
    }

    /// <summary>The next find; null once there will be none.</summary>
    private FuzzFind? Next(FuzzRig rig, CancellationToken stop)
    {
        while (true)
        {
            if (untaken.Count == 0 && options.Threads == 1)
            {
                if (IsTimeOver || schedule!.IsOver) return null;
                stop.ThrowIfCancellationRequested();
                DoOne(rig);
                Pulse();
                continue;
            }
            lock (gate)
            {
                if (untaken.TryDequeue(out FuzzFind? find))
                {
                    Monitor.PulseAll(gate);
                    return find;
                }
                problem?.Throw();
                if (working == 0) return null;
                stop.ThrowIfCancellationRequested();
                Monitor.Wait(gate, pulsePeriod);
            }
            Pulse();
        }
    }

    private bool IsTimeOver => options.TimeLimit is { } limit && clock.Elapsed >= limit;

    private void DoOne(FuzzRig rig)
    {
        (long run, FuzzInput input) = schedule!.Begin();
        FuzzOutcome outcome = rig.Run(ref input, options.Mutate is null ? null : schedule.ScriptRandomOf(run), edges);
        schedule.Finish(run, input, outcome, untaken.Enqueue);
    }

    private Thread StartWorker(CancellationToken stop)
    {
        Thread thread = new(() => Work(stop)) { IsBackground = true, Name = "lguest fuzzer" };
        thread.Start();
        return thread;
    }

    private void Work(CancellationToken stop)
    {
        try
        {
            using FuzzRig rig = new(options, targets, stop);
            while (true)
            {
                long run;
                FuzzInput input;
                lock (gate)
                {
                    while (!stop.IsCancellationRequested && !schedule!.IsOver && (!schedule.CanBegin || untaken.Count >= MostUntaken)) Monitor.Wait(gate);
                    if (stop.IsCancellationRequested || schedule!.IsOver || IsTimeOver || problem is not null) break;
                    (run, input) = schedule.Begin();
                }
                FuzzOutcome outcome = rig.Run(ref input, random: null, edges);
                lock (gate)
                {
                    schedule.Finish(run, input, outcome, untaken.Enqueue);
                    Monitor.PulseAll(gate);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody wants more.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            lock (gate) problem ??= ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            lock (gate)
            {
                working--;
                Monitor.PulseAll(gate);
            }
        }
    }

    private FuzzFind Minimized(FuzzFind find, InputShrinker shrinker)
    {
        if (find.Kind == FuzzFindKind.Edges) return find;
        FuzzOutcome was = find.Outcome;
        (FuzzInput input, FuzzOutcome outcome) = shrinker.Shrink(find.Input, was, now =>
            now.EndingSignature == was.EndingSignature && now.Fault == was.Fault && (find.Kind != FuzzFindKind.Slow || now.Instructions > find.MuchWas));
        return new FuzzFind(options, targets, find.Kind, find.Run, input, outcome) { NewEdges = find.NewEdges, LengthBefore = find.Input.Length };
    }

    private void Keep(FuzzFind find)
    {
        KeepInputs();
        if (corpus is null || find.Kind == FuzzFindKind.Edges) return;
        FuzzCorpus.Session session;
        lock (gate) session = schedule!.Session;
        corpus.Keep(find, session);
    }

    private void KeepInputs()
    {
        if (corpus is null) return;
        FuzzInput[] unsaved;
        lock (gate)
        {
            unsaved = [.. schedule!.Unsaved];
            schedule.Unsaved.Clear();
        }
        foreach (FuzzInput input in unsaved) corpus.Keep(input);
    }

    private void Pulse()
    {
        if (clock.Elapsed - lastPulse < pulsePeriod) return;
        lastPulse = clock.Elapsed;
        KeepInputs();
        options.Pulse?.Invoke(Progress);
    }
}
