namespace LguestPS.Histories;

/// <summary>A place from which one of the functions was called.</summary>
/// <param name="ReturnAddress">The instruction after the call.</param>
/// <param name="Calls">Where the call instruction may begin, if that can call other functions, too.</param>
internal sealed record CallSite(uint ReturnAddress, IReadOnlyList<uint> Calls);

/// <summary>The places from which the functions of a question were called, as they are found out, by whichever replica comes by first.</summary>
internal sealed class CallSites
{
    private readonly Lock gate = new();
    private readonly List<CallSite> all = [];
    private readonly Dictionary<uint, int> numbers = [];

    /// <summary>Those that are known by now.</summary>
    public IReadOnlyList<CallSite> Known
    {
        get
        {
            lock (gate) return [.. all];
        }
    }

    /// <summary>The place of a call among those that are known, from 0.</summary>
    public int NumberOf(uint returnAddress)
    {
        lock (gate) return numbers[returnAddress];
    }

    public void Add(CallSite site)
    {
        lock (gate)
        {
            if (!numbers.TryAdd(site.ReturnAddress, all.Count)) return;
            all.Add(site);
        }
    }
}
