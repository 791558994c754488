using System.Diagnostics;

namespace LguestPS.Tests.Fuzz;

/// <summary>Tries case after case of a target, some of them twice, and makes what breaks it small.</summary>
/// <param name="target">What is fuzzed.</param>
/// <param name="hangs">Called on another thread with a seed if its case takes longer than <paramref name="longest"/>; nothing can end it.</param>
/// <param name="longest">How long a case may take.</param>
internal sealed class Fuzzer(FuzzTarget target, Action<int>? hangs = null, TimeSpan? longest = null)
{
    private const int MostKinds = 10;

    /// <summary>One case in so many is run twice.</summary>
    public int RepeatEvery { get; init; } = 500;

    /// <summary>Ends the run after the case at which it is.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Cases tried so far.</summary>
    public long Cases { get; private set; }

    /// <summary>Cases of which a second run was compared with the first.</summary>
    public long Repeated { get; private set; }

    /// <summary>Those that did something else.</summary>
    public long Unequal { get; private set; }

    /// <summary>Tries cases of one seed after another.</summary>
    /// <param name="firstSeed">The first of them.</param>
    /// <param name="cases">How many at most.</param>
    /// <param name="limit">How long at most.</param>
    /// <param name="shrinking">How long each kind of find may be made smaller.</param>
    /// <returns>One find of each kind, smallest form.</returns>
    public IReadOnlyList<Find> Run(int firstSeed, long cases, TimeSpan limit, TimeSpan shrinking)
    {
        Dictionary<string, Find> finds = [];
        Stopwatch clock = Stopwatch.StartNew();
        using Watch watch = new(hangs, longest ?? TimeSpan.FromSeconds(60));
        TapeRandom random = new(firstSeed);
        for (int seed = firstSeed; Cases < cases && clock.Elapsed < limit && finds.Count < MostKinds && !Stop.IsCancellationRequested; seed = unchecked(seed + 1))
        {
            watch.Begin(seed);
            random.Record(seed);
            string? problem = Cases % RepeatEvery == 0 ? TryTwice(random) : Try(target, random);
            watch.End();
            Cases++;
            if (problem is null || finds.ContainsKey(Find.KindOf(problem))) continue;
            Find find = new(target.Name, seed, random.Tape, problem);
            finds[find.Kind] = find;
            finds[find.Kind] = new Shrinker(target, find, shrinking).Smallest();
        }
        return [.. finds.Values];
    }

    /// <summary>Tries one case.</summary>
    /// <returns>The promise broken, or null.</returns>
    public static string? Try(FuzzTarget target, TapeRandom random)
    {
        try
        {
            return target.Try(random);
        }
        catch (LguestException answer)
        {
            target.Observation?.Add(answer.Message);
            return null;
        }
        catch (TapeEndedException)
        {
            return null;        // no case at all
        }
        catch (Exception e)
        {
            return e.ToString();
        }
    }

    /// <summary>Tries one case and then its tape.</summary>
    /// <returns>The promise broken, be it that the case does not do the same again; or null.</returns>
    public static string? TryTwice(FuzzTarget target, TapeRandom random)
    {
        (ulong first, string? problem) = Observed(target, random);
        if (problem is not null) return problem;
        (ulong second, problem) = Observed(target, new TapeRandom(random.Tape));
        return problem ?? (first == second ? null : NotTheSame);
    }

    /// <summary>The problem of a case that shows something else when it is run again.</summary>
    internal const string NotTheSame = "the same case does not do the same again";

    private string? TryTwice(TapeRandom random)
    {
        string? problem = TryTwice(target, random);
        Repeated++;
        if (problem == NotTheSame) Unequal++;
        return problem;
    }

    private static (ulong Hash, string? Problem) Observed(FuzzTarget target, TapeRandom random)
    {
        Observation observation = new();
        target.Observation = observation;
        try
        {
            string? problem = Try(target, random);
            return (observation.Hash, problem);
        }
        finally
        {
            target.Observation = null;
        }
    }

    private sealed class Watch : IDisposable
    {
        /// <summary>How many times as long as it may work a case may take without working.</summary>
        private const int MostWaiting = 20;

        private readonly Timer? timer;
        private readonly long longest;
        private long begun, watched;
        private TimeSpan before, worked;
        private int seed;

        public Watch(Action<int>? hangs, TimeSpan longest)
        {
            this.longest = longest.Ticks;
            if (hangs is null) return;
            timer = new Timer(_ =>
            {
                // By the processor's time, too: on a busy machine a case may wait for minutes and be no hang.
                long since = Interlocked.Read(ref begun);
                TimeSpan now = Environment.CpuUsage.TotalTime;
                worked = since == watched ? worked + (now - before) : TimeSpan.Zero;
                (watched, before) = (since, now);
                if (since != 0 && (worked.Ticks > this.longest || Stopwatch.GetElapsedTime(since).Ticks / MostWaiting > this.longest)) hangs(seed);
            }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }

        public void Begin(int seed)
        {
            this.seed = seed;
            Interlocked.Exchange(ref begun, Stopwatch.GetTimestamp());
        }

        public void End() => Interlocked.Exchange(ref begun, 0);

        public void Dispose() => timer?.Dispose();
    }
}
