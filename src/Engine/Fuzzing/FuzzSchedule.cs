namespace LguestPS.Fuzzing;

/// <summary>Which run has which input, and what is new about it: the same for the same seed, however many threads do the runs.</summary>
/// <remarks>
/// Runs are judged in their order. The input of a run is made of those that runs had found which are at least <see cref="Window"/> before it,
/// so it does not depend on which of those in between are done already. Its members are used with one lock held.
/// </remarks>
internal sealed class FuzzSchedule(FuzzOptions options, IReadOnlyList<FuzzTarget> targets, IReadOnlyList<FuzzInput> seeds, FuzzCorpus.Session earlier, EdgeRecord edges)
{
    /// <summary>So many runs can be under way.</summary>
    public const int Window = 64;

    private const int SlowFactor = 2;

    /// <summary>No run of so few instructions is slow.</summary>
    private const long Quick = 10_000;

    private readonly InputMutator mutator = new(targets, options.Dictionary);
    private readonly List<FuzzInput> corpus = [.. seeds];
    private readonly int[] sizes = new int[Window];
    private readonly (FuzzInput Input, FuzzOutcome Outcome)?[] done = new (FuzzInput, FuzzOutcome)?[Window];
    private readonly HashSet<string> found = [.. earlier.Found];
    private long next, judged, longest = earlier.Longest;

    /// <summary>Runs that were judged.</summary>
    public long Runs => judged;

    public int Inputs => corpus.Count;

    public int Finds { get; private set; }

    /// <summary>Of all runs that were judged.</summary>
    public long Instructions { get; private set; }

    /// <summary>Inputs that were added to the corpus, for whoever keeps them.</summary>
    public Queue<FuzzInput> Unsaved { get; } = new();

    /// <summary>What a later session goes on from.</summary>
    public FuzzCorpus.Session Session => new() { Runs = earlier.Runs + judged, Longest = longest, Found = [.. found] };

    /// <summary>Whether there is a run to do that need not wait for others.</summary>
    public bool CanBegin => !IsOver && next < judged + Window;

    /// <summary>Whether every run has begun.</summary>
    public bool IsOver => next >= options.Count;

    /// <summary>Whether every run was judged.</summary>
    public bool IsDone => judged >= options.Count;

    /// <summary>The next run.</summary>
    public (long Run, FuzzInput Input) Begin()
    {
        long run = next++;
        if (run < seeds.Count) return (run, seeds[(int)run]);
        FuzzRandom random = RandomOf(run);
        int visible = run < Window ? seeds.Count : sizes[run % Window];
        // What was found last has been changed the least often.
        int from = random.Chance(50) ? visible - 1 - random.Next(Math.Max(1, visible / 4)) : random.Next(visible);
        return (run, mutator.Change(ref random, corpus[from], corpus[random.Next(visible)]));
    }

    /// <summary>For the script of a run.</summary>
    public Random ScriptRandomOf(long run) => new((int)(RandomOf(run).Next() >> 33));

    /// <summary>A run is done; those that were waited for are judged.</summary>
    /// <param name="run">It.</param>
    /// <param name="input">Its input.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="kept">Told of each find.</param>
    public void Finish(long run, FuzzInput input, FuzzOutcome outcome, Action<FuzzFind> kept)
    {
        done[run % Window] = (input, outcome);
        while (done[judged % Window] is { } ready)
        {
            done[judged % Window] = null;
            Judge(judged, ready.Input, ready.Outcome, kept);
            sizes[judged % Window] = corpus.Count;
            judged++;
        }
    }

    private FuzzRandom RandomOf(long run) => new(options.Seed, earlier.Runs + run);

    private void Judge(long run, FuzzInput input, FuzzOutcome outcome, Action<FuzzFind> kept)
    {
        bool isSeed = run < seeds.Count;
        (int fresh, bool any) = edges.Add(outcome.Edges);
        if (any && !isSeed)
        {
            corpus.Add(input);
            if (options.CorpusPath is not null) Unsaved.Enqueue(input);
        }

        FuzzFindKind? kind = null;
        long much = Math.Max(SlowFactor * longest, Quick);
        bool isSlow = outcome.Instructions > much;
        Instructions += outcome.Instructions;
        longest = Math.Max(longest, outcome.Instructions);
        if (fresh > 0) kind = FuzzFindKind.Edges;
        if (isSlow && !isSeed) kind = FuzzFindKind.Slow;
        if (outcome.Fault is { } fault && found.Add(fault)) kind = FuzzFindKind.Fault;
        if (outcome.EndingSignature is { } ending && found.Add($"{outcome.Ending!.Kind}: {ending}")) kind = FuzzFindKind.Ending;
        if (kind is not { } what) return;
        if (what != FuzzFindKind.Edges) Finds++;
        kept(new FuzzFind(options, targets, what, earlier.Runs + run + 1, input, outcome) { NewEdges = fresh, MuchWas = much });
    }
}
