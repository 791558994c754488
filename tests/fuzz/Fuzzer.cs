using System.Diagnostics;

namespace LguestPS.Tests.Fuzz;

/// <summary>Tries case after case of a target, and makes what breaks it small.</summary>
/// <param name="target">What is fuzzed.</param>
/// <param name="hangs">Called on another thread with a seed if its case takes longer than <paramref name="longest"/>; nothing can end it.</param>
/// <param name="longest">How long a case may take.</param>
internal sealed class Fuzzer(FuzzTarget target, Action<int>? hangs = null, TimeSpan? longest = null)
{
    private const int MostKinds = 10;

    /// <summary>Cases tried so far.</summary>
    public long Cases { get; private set; }

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
        for (int seed = firstSeed; Cases < cases && clock.Elapsed < limit && finds.Count < MostKinds; seed++)
        {
            watch.Begin(seed);
            TapeRandom random = new(seed);
            string? problem = Try(target, random);
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
        catch (Exception e) when (e is LguestException or TapeEndedException)
        {
            return null;        // an answer of ours; or no case at all
        }
        catch (Exception e)
        {
            return e.ToString();
        }
    }

    private sealed class Watch : IDisposable
    {
        private readonly Timer? timer;
        private readonly long longest;
        private long begun;
        private int seed;

        public Watch(Action<int>? hangs, TimeSpan longest)
        {
            this.longest = longest.Ticks;
            if (hangs is null) return;
            timer = new Timer(_ =>
            {
                long since = Interlocked.Read(ref begun);
                if (since != 0 && Stopwatch.GetElapsedTime(since).Ticks > this.longest) hangs(seed);
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
