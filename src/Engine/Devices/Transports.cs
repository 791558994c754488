using LguestPS.Devices.Dma;
using LguestPS.Devices.Virtio.LguestBus;
using LguestPS.Devices.Virtio.Pci;

namespace LguestPS.Devices;

/// <summary>Makes the transport that a profile names.</summary>
internal static class Transports
{
    /// <param name="abi">The guest's era.</param>
    /// <param name="devices">The devices it leads to, in the order of their slots.</param>
    public static IDeviceTransport Make(AbiProfile abi, DeviceSet devices) => abi switch
    {
        { Pci: { } rules } => new PciTransport(devices, rules),
        { Bus: { } rules } => new LguestBusTransport(devices, rules),
        _ => new DmaTransport(devices, abi.Dma!),
    };
}
