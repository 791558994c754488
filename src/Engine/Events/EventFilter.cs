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

    /// <summary>Whether one that has happened is wanted.</summary>
    public bool Wants(LguestEvent happened) => happened switch
    {
        HypercallEvent call => WantsHypercall(call.Number),
        DmaEvent dma => Wants(EventKinds.Dma) && WantsDevice(dma.Device),
        KickEvent kick => WantsQueue(EventKinds.Kick, kick.Device, kick.Queue),
        VirtqueueEvent buffer => WantsQueue(EventKinds.Virtqueue, buffer.Device, buffer.Queue),
        TrapEvent trap => WantsTrap(trap.Device),
        _ => Wants(happened.Kind),
    };

    internal bool Wants(EventKinds kind) => (Kinds & kind) != 0;

    internal bool WantsHypercall(uint number) => Wants(EventKinds.Hypercall) && (Hypercalls is not { } numbers || numbers.Contains(number));

    internal bool WantsDevice(string? device) => Devices is not { } names || (device is not null && names.Contains(device, StringComparer.OrdinalIgnoreCase));

    internal bool WantsQueue(EventKinds kind, string? device, int? queue) =>
        Wants(kind) && WantsDevice(device) && (Queues is not { } queues || (queue is { } wanted && queues.Contains(wanted)));

    /// <param name="device">The device whose memory was accessed; null for any other trap.</param>
    internal bool WantsTrap(string? device) => Wants(EventKinds.Trap) && (device is null || WantsDevice(device));
}
