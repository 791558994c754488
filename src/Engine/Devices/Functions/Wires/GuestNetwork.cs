namespace LguestPS;

/// <summary>What a network card is connected to.</summary>
public enum NetworkKind
{
    /// <summary>Other guests.</summary>
    Shared,

    /// <summary>The host, through a gateway that the engine plays.</summary>
    User,

    /// <summary>A TAP interface of the host.</summary>
    Tap,

    /// <summary>A recording of frames.</summary>
    Replay,
}

/// <summary>A network card of a guest, as it is at this moment.</summary>
/// <param name="Name">Its name in events: net0, net1, …</param>
/// <param name="Slot">The guest's slot in the network, from 0 (ABI §8).</param>
/// <param name="IsLive">Whether somebody else may send it a frame.</param>
/// <param name="DroppedCount">Frames for the guest that it never got: too many waited already or, between guests, nothing was bound (any longer) to where they were sent.</param>
/// <remarks>What is counted was counted since the card was made, and is never taken back: what a guest does again in its past is not sent again.</remarks>
public sealed record GuestNetwork(string Name, int Slot, bool IsLive, long DroppedCount)
{
    /// <summary>What it is connected to.</summary>
    public NetworkKind Kind { get; init; }

    /// <summary>The guest's Ethernet address, as 02:4c:67:75:65:00: the one it last sent from, else the one it is told; null if neither is known.</summary>
    public string? Mac { get; init; }

    /// <summary>Frames that the guest sent. One that was handed over to be cut into segments counts once.</summary>
    public long SentCount { get; init; }

    /// <summary>Their bytes.</summary>
    public long SentBytes { get; init; }

    /// <summary>Frames that the guest got.</summary>
    public long ReceivedCount { get; init; }

    /// <summary>Their bytes.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>The ports of the host that lead to the guest, with the one that was chosen where the definition says 0.</summary>
    public IReadOnlyList<PortForward> Forwards { get; init; } = Array.Empty<PortForward>();
}
