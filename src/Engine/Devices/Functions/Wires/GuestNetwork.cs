namespace LguestPS;

/// <summary>A network card of a guest, as it is at this moment.</summary>
/// <param name="Name">Its name in events: net0, net1, …</param>
/// <param name="Slot">The guest's slot in the network, from 0 (ABI §8).</param>
/// <param name="IsLive">Whether somebody else may send it a frame.</param>
/// <param name="DroppedCount">Frames for the guest that it never got: too many waited already or, between guests, nothing was bound (any longer) to where they were sent.</param>
public sealed record GuestNetwork(string Name, int Slot, bool IsLive, long DroppedCount)
{
    /// <summary>The ports of the host that lead to the guest, with the one that was chosen where the definition says 0.</summary>
    public IReadOnlyList<PortForward> Forwards { get; init; } = Array.Empty<PortForward>();
}
