namespace LguestPS.Reports;

/// <summary>Cuts a run whose length is not known yet into at most so many equal stretches of guest time: when they are used up, each two become one.</summary>
/// <param name="most">The most stretches, an even number.</param>
internal sealed class TimeBins(int most)
{
    private const long ShortestWidth = 1_000;        // nanoseconds

    private readonly List<Series> all = [];

    /// <summary>How long a stretch is, in nanoseconds.</summary>
    public long Width { get; private set; } = ShortestWidth;

    /// <summary>Stretches up to the last time that was named.</summary>
    public int Count { get; private set; }

    public Series Add()
    {
        Series series = new(most);
        all.Add(series);
        return series;
    }

    /// <summary>The stretch in which a time lies.</summary>
    /// <param name="time">Guest time in nanoseconds.</param>
    public int At(long time)
    {
        while (time / Width >= most)
        {
            Width *= 2;
            Count = (Count + 1) / 2;
            foreach (Series series in all) series.Halve();
        }
        int index = (int)(Math.Max(time, 0) / Width);
        Count = Math.Max(Count, index + 1);
        return index;
    }

    /// <summary>Adds what lasted from one time to another to the stretches it lay in, as nanoseconds.</summary>
    public void AddSpan(Series series, long from, long to)
    {
        if (to <= from) return;
        int last = At(to);
        for (int i = At(from); i <= last; i++)
            series.Add(i, Math.Min(to, (i + 1) * Width) - Math.Max(from, i * Width));
    }

    /// <summary>A number for each stretch.</summary>
    internal sealed class Series(int most)
    {
        private readonly long[] values = new long[most];

        public long Total { get; private set; }

        public void Add(int index, long more)
        {
            values[index] += more;
            Total += more;
        }

        public ReadOnlySpan<long> Values(int count) => values.AsSpan(0, count);

        public void Halve()
        {
            for (int i = 0; i < most / 2; i++) values[i] = values[2 * i] + values[2 * i + 1];
            values.AsSpan(most / 2).Clear();
        }
    }
}
