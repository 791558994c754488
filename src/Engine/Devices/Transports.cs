using LguestPS.Devices.Dma;
using LguestPS.Devices.Virtio.LguestBus;
using LguestPS.Devices.Virtio.Pci;

namespace LguestPS.Devices;

/// <summary>Makes the transport that a profile names.</summary>
internal static class Transports
{
    /// <param name="abi">The guest's era, one that can be run.</param>
    /// <param name="devices">The devices it leads to, in the order of their slots.</param>
    public static IDeviceTransport Make(AbiProfile abi, DeviceSet devices) => abi.Devices switch
    {
        DeviceInterface.Dma => new DmaTransport(devices, abi.Dma!),
        DeviceInterface.Virtio => new LguestBusTransport(devices, abi.Bus!),
        DeviceInterface.Pci => new PciTransport(devices, abi.Pci!),
        _ => throw new ArgumentException($"nothing leads to the devices of '{abi.Name}'", nameof(abi)),
    };
}
