using LguestPS.Devices.Dma;
using LguestPS.Devices.Virtio.LguestBus;

namespace LguestPS.Devices;

/// <summary>Makes the transport that a profile names.</summary>
internal static class Transports
{
    public static bool Has(AbiProfile abi) => abi.Dma is not null || abi.Bus is not null;

    /// <param name="abi">The guest's era, one of those that <see cref="Has"/>.</param>
    /// <param name="devices">The devices it leads to, in the order of their slots.</param>
    public static IDeviceTransport Make(AbiProfile abi, DeviceSet devices) => abi.Devices switch
    {
        DeviceInterface.Dma => new DmaTransport(devices, abi.Dma!),
        DeviceInterface.Virtio => new LguestBusTransport(devices, abi.Bus!),
        _ => throw new ArgumentException($"nothing leads to the devices of '{abi.Name}'", nameof(abi)),
    };
}
