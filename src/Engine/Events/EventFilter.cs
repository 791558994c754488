namespace LguestPS;

/// <summary>Which events a consumer wants. Others are never made.</summary>
public sealed record EventFilter
{
    /// <summary>Every event.</summary>
    public static EventFilter Everything { get; } = new();

    /// <summary>No event at all: the guest just runs.</summary>
    public static EventFilter Nothing { get; } = new() { Kinds = EventKinds.None };

    /// <summary>The kinds wanted.</summary>
    public EventKinds Kinds { get; init; } = EventKinds.All;

    /// <summary>Of hypercalls, only those with these numbers; null for all.</summary>
    public IReadOnlyCollection<uint>? Hypercalls { get; init; }

    /// <summary>Of DMAs, kicks, virtqueues and accesses to device memory, only those of devices with these names; null for all.</summary>
    public IReadOnlyCollection<string>? Devices { get; init; }

    /// <summary>Of kicks and virtqueues, only those with these indices among the virtqueues of their device; null for all.</summary>
    public IReadOnlyCollection<int>? Queues { get; init; }
}
