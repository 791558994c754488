using System.Globalization;

namespace LguestPS.Tests.Soak;

/// <summary>Samples of one process over its life, and whether it grows.</summary>
internal sealed class Growth
{
    private const int Fewest = 24;
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(4);

    private readonly List<(TimeSpan At, ProcessSample Sample)> samples = [];

    public void Add(TimeSpan at, ProcessSample sample) => samples.Add((at, sample));

    /// <summary>Whether it has lived long enough to be judged: at first every process grows.</summary>
    public bool IsEnough => samples.Count >= Fewest && samples[^1].At - samples[0].At >= Shortest;

    /// <summary>The third third of the samples beside the second; the first is warming up.</summary>
    /// <param name="mostMemoryKib">What memory may differ by.</param>
    /// <param name="mostDescriptors">What the most descriptors may.</param>
    /// <param name="mostThreads">What the most threads may.</param>
    /// <returns>A sentence with the figures, and whether all stayed flat.</returns>
    public (string Text, bool IsFlat) Judge(long mostMemoryKib, int mostDescriptors = 4, int mostThreads = 4)
    {
        int third = samples.Count / 3;
        (TimeSpan At, ProcessSample Sample)[] before = [.. samples[third..(2 * third)]], after = [.. samples[(2 * third)..]];
        long memory = Median(after, sample => sample.MemoryKib) - Median(before, sample => sample.MemoryKib);
        long descriptors = after.Max(entry => entry.Sample.Descriptors) - before.Max(entry => entry.Sample.Descriptors);
        long threads = after.Max(entry => entry.Sample.Threads) - before.Max(entry => entry.Sample.Threads);
        double hours = (after[after.Length / 2].At - before[before.Length / 2].At).TotalHours;
        bool flat = memory <= mostMemoryKib && descriptors <= mostDescriptors && threads <= mostThreads;
        ProcessSample last = after[^1].Sample;
        return (string.Create(CultureInfo.InvariantCulture,
            $"{samples.Count} samples in {(samples[^1].At - samples[0].At).TotalMinutes:F1} min, {(flat ? "flat" : "GROWS")}: memory {Median(before, s => s.MemoryKib) >> 10} then {Median(after, s => s.MemoryKib) >> 10} MiB "
            + $"(slope {Slope():F2} MiB/h after warming up), descriptors {descriptors:+0;-0;0} (at most {after.Max(e => e.Sample.Descriptors)}), threads {threads:+0;-0;0} (at most {after.Max(e => e.Sample.Threads)}), at its end {last.MemoryKib >> 10} MiB, {last.Descriptors}, {last.Threads}"), flat);

        // Of a line through the samples after the first third.
        double Slope()
        {
            (TimeSpan At, ProcessSample Sample)[] warm = [.. samples[third..]];
            double time = warm.Average(entry => entry.At.TotalHours), mean = warm.Average(entry => entry.Sample.MemoryKib / 1024.0);
            double over = warm.Sum(entry => (entry.At.TotalHours - time) * (entry.At.TotalHours - time));
            return over == 0 ? 0 : warm.Sum(entry => (entry.At.TotalHours - time) * (entry.Sample.MemoryKib / 1024.0 - mean)) / over;
        }
    }

    private static long Median((TimeSpan At, ProcessSample Sample)[] entries, Func<ProcessSample, long> what) =>
        entries.Select(entry => what(entry.Sample)).Order().ElementAt(entries.Length / 2);
}
