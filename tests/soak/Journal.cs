using System.Diagnostics;
using System.Globalization;

namespace LguestPS.Tests.Soak;

/// <summary>What a soak did and found: a line for each fault as it is inflicted, counts of everything, and every broken promise.</summary>
internal sealed class Journal(TextWriter output)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly List<string> broken = [];
    private readonly List<string> verdicts = [];
    private readonly Stopwatch since = Stopwatch.StartNew();

    public TimeSpan Elapsed => since.Elapsed;

    public int Broken
    {
        get { lock (gate) return broken.Count; }
    }

    public void Note(string lane, string text)
    {
        lock (gate) Write(lane, text);
    }

    /// <summary>Counts something: "faults: kill", "records acknowledged".</summary>
    public void Count(string what, long more = 1)
    {
        lock (gate) counts[what] = counts.GetValueOrDefault(what) + more;
    }

    public void Break(string lane, string promise)
    {
        lock (gate)
        {
            broken.Add($"{lane}: {promise}");
            Write(lane, $"BROKEN: {promise}");
        }
    }

    /// <summary>Growth of a process that has ended, in a sentence.</summary>
    public void Verdict(string lane, string text)
    {
        lock (gate)
        {
            verdicts.Add($"{lane}: {text}");
            Write(lane, text);
        }
    }

    /// <summary>All counts up to now, the verdicts on growth, and what was broken.</summary>
    public void Summarize(string title)
    {
        lock (gate)
        {
            output.WriteLine($"== {title} after {since.Elapsed:hh\\:mm\\:ss}");
            foreach ((string what, long count) in counts) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"   {count,14:N0}  {what}"));
            foreach (string verdict in verdicts.TakeLast(12)) output.WriteLine($"   growth: {verdict}");
            output.WriteLine($"   promises broken: {broken.Count}");
            foreach (string one in broken.Take(50)) output.WriteLine($"   BROKEN {one}");
            output.Flush();
        }
    }

    private void Write(string lane, string text)
    {
        output.WriteLine($"{since.Elapsed:hh\\:mm\\:ss\\.fff} {lane,-11} {text}");
        output.Flush();
    }
}
