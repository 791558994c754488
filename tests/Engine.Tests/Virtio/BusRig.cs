using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Devices.Virtio.LguestBus;
using LguestPS.Errors;

namespace LguestPS.Tests.Virtio;

/// <summary>Devices on an lguest bus, whose guest makes NOTIFYs.</summary>
internal sealed class BusRig(LguestBusRules rules, params DeviceFunction[] functions) : VirtioRig(devices => new LguestBusTransport(devices, rules), functions)
{
    private readonly Dictionary<(int, int), RingDriver> rings = [];

    public LguestBusRules Rules { get; } = rules;

    public LguestBusTransport Bus => (LguestBusTransport)Transport;

    /// <summary>The guest's side of a virtqueue.</summary>
    public RingDriver Ring(int device, int queue)
    {
        if (!rings.TryGetValue((device, queue), out RingDriver? ring)) rings.Add((device, queue), ring = new RingDriver(this, Bus.Devices[device].Device.Queues[queue].Ring.Place));
        return ring;
    }

    /// <summary>The address that a NOTIFY names for a virtqueue.</summary>
    public uint KeyOf(int device, int queue) => Bus.Devices[device].Device.Queues[queue].Ring.Place.Descriptors;

    /// <summary>The guest makes a NOTIFY, and the launcher does it.</summary>
    public void Notify(uint address)
    {
        Bus.Notify(address);
        ServePending();
    }

    /// <summary>Why the guest ends of a NOTIFY.</summary>
    public string Kills(uint address) => Xunit.Assert.Throws<GuestKilledException>(() => Notify(address)).Message;
}
