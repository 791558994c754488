using System.Diagnostics.CodeAnalysis;
using LguestPS.Networks;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>A card in a network that guests share, each of them at a slot of its own.</summary>
internal sealed class SharedWire : NetFunction
{
    private readonly SharedNetwork? network;

    /// <param name="index">Which of the guest's cards it is, from 0.</param>
    /// <param name="network">The guest's place in it; null for a guest that does again what was recorded and brings its slot along.</param>
    public SharedWire(int index, SharedNetwork? network)
        : base(index)
    {
        this.network = network;
        Slot = network?.Slot ?? 0;
        network?.OnNews = () => WakeGuest?.Invoke();
    }

    public SharedNetwork? Network => network;

    /// <summary>The guest's slot, from 0.</summary>
    public int Slot { get; private set; }

    /// <summary>Its slot's: no two guests in a network have the same.</summary>
    public override MacAddress GuestMac => MacAddress.OfSlot(Slot);

    protected override GuestNetwork Connection => new(Name, Slot, IsConnected, network?.Dropped ?? 0) { Kind = NetworkKind.Shared };

    public override bool ExpectsInput => IsConnected;

    /// <summary>True while there are neighbours: they live in the host's time, and would never be quick enough for a guest that skips its own.</summary>
    public override bool AwaitsAnswer => network is { Present: not 0 };

    public override string CheckpointObstacle => "shares its network with other guests, who would not go back with this one";

    public override string? RecordingObstacle => null;

    public override string RebootObstacle => "has left the network that it shared with other guests, and cannot join it again";

    [MemberNotNullWhen(true, nameof(network), nameof(Network))]
    public bool IsConnected => network is { IsConnected: true };

    public override void Save(StateWriter state) => state.Write(Slot);

    public override void Load(StateReader state) => Slot = state.ReadInt32(0, SharedNetFile.Slots - 1, "the slot in a network");

    public override void Unplug() => network?.Dispose();

    public override void Dispose() => network?.Dispose();
}
