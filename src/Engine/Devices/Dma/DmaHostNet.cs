using LguestPS.Memory;
using LguestPS.Networks;

namespace LguestPS.Devices.Dma;

/// <summary>A card whose wire ends at the host: the host has slot 0 and wants every frame, the guest has slot 1 (ABI §8).</summary>
internal sealed class DmaHostNet(HostWire wire) : DmaNet(wire, Randomness)
{
    private const int HostSlot = 0;

    protected override int Slot => HostWire.GuestSlot;

    public override DmaOutcome Serve(DmaTransport transport, DmaList sent)
    {
        // What is too long to be a frame is not even copied.
        wire.Send(transport.Host, sent.Length > NetworkPort.LongestFrame ? [] : sent.ReadAll());
        return new DmaOutcome(sent.Length);
    }

    protected override void PreparePage(GuestMemory memory)
    {
        Span<byte> mac = memory.Write(MacAddressOf(HostSlot), MacAddress.Size);
        wire.HostMac.Write(mac);
        mac[0] |= Promiscuous;
    }
}
