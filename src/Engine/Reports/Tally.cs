namespace LguestPS.Reports;

/// <summary>How often something happened, when, and what it cost the host.</summary>
internal sealed class Tally(string name, TimeBins bins)
{
    public string Name => name;

    public TimeBins.Series Series { get; } = bins.Add();

    public long Count { get; private set; }

    /// <summary>Host time in ticks.</summary>
    public long Cost { get; private set; }

    /// <summary>The dearest one's.</summary>
    public long MostCost { get; private set; }

    public void Add(int bin, TimeSpan cost)
    {
        Count++;
        Cost += cost.Ticks;
        MostCost = Math.Max(MostCost, cost.Ticks);
        Series.Add(bin, 1);
    }
}

/// <summary>Tallies by name. A guest chooses some of the names, so there is a largest number of them; what is beyond shares one.</summary>
internal sealed class TallySet(TimeBins bins)
{
    private const int Most = 128;
    private const string Rest = "others";

    private readonly Dictionary<string, Tally> tallies = [];

    public Tally this[string name]
    {
        get
        {
            if (tallies.TryGetValue(name, out Tally? tally)) return tally;
            if (tallies.Count >= Most && name != Rest) return this[Rest];
            return tallies[name] = new Tally(name, bins);
        }
    }

    public bool Any => tallies.Count != 0;

    /// <summary>All, the most frequent first.</summary>
    public IReadOnlyList<Tally> Sorted => [.. tallies.Values.OrderByDescending(tally => tally.Count).ThenBy(tally => tally.Name, StringComparer.Ordinal)];
}
