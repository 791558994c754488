using LguestPS.Dma;
using LguestPS.Guests;
using LguestPS.Networks;

namespace LguestPS.Devices;

/// <summary>A card in a network that guests share: what is sent to a key in its page goes to the other guest that has bound it (ABI §7).</summary>
internal sealed class SharedNetDevice : NetDevice
{
    private readonly SharedNetwork network;
    private SharedNetwork.SharedFrame? announced;

    public SharedNetDevice(int index, SharedNetwork network)
        : base(index, network.Slot, NoChecksums)
    {
        this.network = network;
        network.OnNews = () => WakeGuest?.Invoke();
    }

    public SharedNetwork Network => network;

    public override GuestNetwork State => new(Name, Slot, network.IsConnected, network.Dropped);

    public override bool ExpectsInput => network.IsConnected;

    /// <summary>True while there are neighbours: they live in the host's time, and would never be quick enough for a guest that skips its own.</summary>
    public override bool AwaitsAnswer => network.Present != 0;

    public override string CheckpointObstacle => NetworkPort.ConnectedToOthers;

    /// <summary>Does a SEND_DMA, within the hypercall.</summary>
    /// <exception cref="GuestKilledException">The sender's struct or a range in it is bad, and somebody has bound the key.</exception>
    public void Send(Guest guest, uint key, uint address)
    {
        ShowMac(guest);
        if (!network.IsBound(key - PageAddress))
        {
            guest.Events.ServedInside(key, address, Name, [], usedLength: null);
            return;
        }
        DmaList sent = DmaList.ReadBetweenGuests(guest.Memory, guest.Abi.Dma!, address);
        byte[] frame = sent.ReadAll();
        uint? used = frame.Length > 0 && network.Send(key - PageAddress, frame) ? (uint)frame.Length : null;
        if (used is { } length) sent.UsedLength = length;
        guest.Events.ServedInside(key, address, Name, guest.Events.WantsDma(Name) ? sent.Sections(uint.MaxValue) : null, used);
    }

    public override void BindingsChanged(Guest guest)
    {
        ShowMac(guest);
        network.ShowKeys(guest.Bindings.All.Where(binding => HasKey(binding.Key)).Select(binding => binding.Key - PageAddress));
    }

    /// <summary>Moves what came in into the guest's buffers, as far as they go.</summary>
    public override void DeliverInput(Guest guest)
    {
        ShowMac(guest);
        bool news = network.Look();
        if (news) guest.Memory.Write(MacAddressOf(0), WithOwnMac(guest, network.Macs));
        while (network.Next() is { } frame)
        {
            if (guest.Bindings.Find(PageAddress + frame.Key) is not { } binding)
            {
                network.Drop();
                continue;
            }
            if (guest.Bindings.FindNextFree(binding, guest.Abi.Dma!) is not { } buffer)
            {
                // The guest hears of it once, so that it can make room; more often would only keep it from that.
                if (news || announced != frame) guest.Interrupts.Raise(binding.Irq);
                announced = frame;
                return;
            }
            Receive(guest, binding, buffer);
        }
    }

    public override void Unplug() => network.Dispose();

    public override void Dispose() => network.Dispose();

    private void Receive(Guest guest, DmaBinding binding, DmaList buffer)
    {
        uint length = (uint)buffer.WriteAll(network.Take());
        if (length == 0) return;
        buffer.UsedLength = length;
        binding.Next++;
        guest.Interrupts.Raise(binding.Irq);
        guest.Events.Served(
            DmaDirection.Receive, binding.Key, buffer.Address, Name, guest.Events.WantsDma(Name) ? buffer.Sections(length) : null, length);
    }

    private void ShowMac(Guest guest) => network.ShowMac(guest.Memory.Read(MacAddressOf(Slot), MacSize));

    private byte[] WithOwnMac(Guest guest, ReadOnlySpan<byte> macs)
    {
        byte[] page = macs.ToArray();
        guest.Memory.Read(MacAddressOf(Slot), MacSize).CopyTo(page.AsSpan(Slot * MacSize));
        return page;
    }
}
