using LguestPS.Networks;

namespace LguestPS.Devices.Dma;

/// <summary>A network card (ABI §8): its page holds a MAC address for each slot of the network, and each slot has a key.</summary>
/// <param name="card">The card.</param>
/// <param name="flags"><see cref="NoChecksums"/> and <see cref="Randomness"/>, or neither.</param>
internal abstract class DmaNet(NetFunction card, ushort flags) : DmaDevice(card)
{
    /// <summary>What travels here is never damaged: the guest need not compute checksums.</summary>
    public const ushort NoChecksums = 0x4000;

    /// <summary>Its interrupts are random enough for the guest's entropy pool.</summary>
    public const ushort Randomness = 0x8000;

    /// <summary>In the first byte of a MAC address in the page: this slot wants every frame. (In an address itself it would mean a group.)</summary>
    public const byte Promiscuous = 1;

    private const uint KeySize = 4;

    public sealed override ushort Type => 2;

    public sealed override ushort Features => (ushort)(flags | Slot);

    public sealed override int Pages => 1;

    public override uint InputKey => KeyOf(Slot);

    /// <summary>The guest's slot.</summary>
    protected abstract int Slot { get; }

    /// <summary>The key of a slot: what is sent to it goes to the guest, or the host, that has the slot.</summary>
    protected uint KeyOf(int of) => PageAddress + (uint)of * KeySize;

    /// <summary>Guest-physical address of a slot's MAC address.</summary>
    protected uint MacAddressOf(int of) => PageAddress + (uint)(of * MacAddress.Size);
}
