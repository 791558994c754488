using LguestPS.Exports;

namespace LguestPS.Reports;

/// <summary>Page faults by where they happened and why.</summary>
internal sealed class PageFaults(TimeBins bins)
{
    private const int Present = 1;
    private const int Write = 2;
    private const int UserRing = 3;
    private const int MostShown = 20;

    private readonly TallySet places = new(bins);

    public long Count { get; private set; }

    public long OfPrograms { get; private set; }

    public long Writes { get; private set; }

    /// <summary>Of pages that are there, but not for this.</summary>
    public long Protected { get; private set; }

    /// <summary>The functions of the kernel in which most happened; all of programs are together.</summary>
    public IReadOnlyList<Tally> Places => [.. places.Sorted.Take(MostShown)];

    public void Add(EventRecord record, int bin)
    {
        long error = record.FindNumber(nameof(TrapEvent.ErrorCode)) ?? 0;
        bool isProgram = record.FindNumber(nameof(TrapEvent.PrivilegeLevel)) == UserRing;
        Count++;
        if (isProgram) OfPrograms++;
        if ((error & Write) != 0) Writes++;
        if ((error & Present) != 0) Protected++;
        string place = isProgram ? "programs" : record.FindText(nameof(TrapEvent.Symbol)) is { } symbol ? symbol.Split('+')[0] : "the kernel";
        places[place].Add(bin, record.HostDuration);
    }
}
