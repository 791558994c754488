using LguestPS.Abi;
using LguestPS.Networks;

namespace LguestPS.Devices.Virtio;

/// <summary>A card whose wire ends at the host.</summary>
internal sealed class VirtioHostNet(HostWire wire, VirtioRules rules) : VirtioNet(wire, rules)
{
    public override void DeliverInput() => wire.DeliverInput(Host, Input);

    protected override int LongestUncut => wire.LongestSent;

    protected override void Send(Span<byte> frame) => wire.Send(Host, frame);
}
