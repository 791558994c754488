namespace LguestPS;

/// <summary>Which events of a recorded run are asked for.</summary>
public sealed record EventQuery : HistoryQuery
{
    /// <summary>Kinds, hypercalls, devices and queues.</summary>
    public EventFilter Filter { get; init; } = EventFilter.Everything;

    /// <summary>Of hypercalls, only those with these arguments.</summary>
    public IReadOnlyList<ArgumentMatch> Arguments { get; init; } = [];

    /// <summary>True to have what a recording does not keep, the bytes that went to and from devices: then the run is done again for it.</summary>
    public bool WithData { get; init; }
}
