namespace LguestPS.Histories;

/// <summary>Asks all parts of a run for the accesses to a range of memory.</summary>
internal sealed class AccessQuestion
{
    private readonly GuestHistory history;
    private readonly MemoryAccessQuery query;
    private readonly SymbolTable? symbols;

    /// <exception cref="LguestException">InvalidAddress: the range cannot be asked for.</exception>
    public AccessQuestion(GuestHistory history, MemoryAccessQuery query)
    {
        if (query.Length is 0 or > MemoryAccessQuery.LongestRange || query.Address + (query.Length - 1) < query.Address)
            throw new LguestException(LguestError.InvalidAddress, $"{query.Length} bytes at 0x{query.Address:x8} cannot be asked for; a range has 1 to {MemoryAccessQuery.LongestRange:N0} bytes and ends at 0xffffffff at the latest");
        if ((query.Access & (MemoryAccess.Read | MemoryAccess.Write | MemoryAccess.Execute)) == MemoryAccess.None)
            throw new LguestException(LguestError.InvalidValue, "no kind of access is asked for; name Read, Write or Execute");
        (this.history, this.query) = (history, query);
        symbols = history.Symbols;
    }

    public IEnumerable<GuestMemoryAccess> Ask(CancellationToken stop)
    {
        EventLogReader? log = null;
        Survey<GuestMemoryAccess> survey = new(history, query, () => new AccessAnalyst(history, query, symbols), stop);
        foreach (Stretch<GuestMemoryAccess> stretch in survey.Stretches())
            foreach (GuestMemoryAccess found in stretch.Findings(survey.PulseAt(stretch)))
                yield return found.Event is { } number ? found with { EventSummary = Summary(log ??= new EventLogReader(history), number) } : found;
    }

    private string? Summary(EventLogReader log, long sequence)
    {
        if (sequence > history.Run.Log.Count + history.Start.Events) return null;
        LguestEvent happened = log.Read(sequence);
        return $"{happened.Kind} {happened.Summary}";
    }
}
