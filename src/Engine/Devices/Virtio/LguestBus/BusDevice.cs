using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.LguestBus;

/// <summary>A device on the lguest bus: its descriptor, through which the guest learns of it and changes its status.</summary>
/// <remarks>The guest may write anything into the descriptor page. Nothing that stands there is read again but the status and the accepted features.</remarks>
internal sealed class BusDevice : IVirtioSlot
{
    private const byte HasFailed = 0x80;

    private readonly LguestBusRules rules;
    private readonly BusDescriptor descriptor;
    private GuestMemory? memory;
    private byte status;

    /// <param name="device">The device.</param>
    /// <param name="rules">Of the guest's era.</param>
    /// <param name="descriptor">What the guest reads of it.</param>
    public BusDevice(VirtioDevice device, LguestBusRules rules, BusDescriptor descriptor)
    {
        Device = device;
        this.rules = rules;
        this.descriptor = descriptor;
    }

    public VirtioDevice Device { get; }

    public string Name => Device.Function.Name;

    /// <summary>Guest-physical address of the descriptor.</summary>
    public uint Address => descriptor.Address;

    /// <summary>The first virtqueue's irq and page.</summary>
    public int FirstIrq => descriptor.FirstIrq;

    /// <summary>What the guest has accepted of the features that are offered, as it says now.</summary>
    public uint Accepted => descriptor.AcceptedAddress is { } address ? memory!.Read32(address) & Device.Features : 0;

    public string? WhyIdle => (status & HasFailed) != 0 ? "which its driver has given up" : null;

    /// <summary>Makes its virtqueues.</summary>
    public void Attach(IDeviceHost host)
    {
        memory = host.Memory;
        Func<uint> accepted = () => Accepted;
        DeviceQueue[] queues = [.. descriptor.Places.Select((place, index) => new DeviceQueue(Name, index, FirstIrq + index, place.Descriptors, accepted) { Host = host })];
        foreach (DeviceQueue queue in queues) queue.Use(new Virtqueue(memory, descriptor.Places[queue.Index], queue.Name));
        Device.Attach(host, queues, accepted);
    }

    /// <summary>Puts the descriptor where the guest looks for it.</summary>
    public void Describe(GuestMemory memory)
    {
        descriptor.Write(memory);
        foreach (VirtqueuePlace place in Unserved) Virtqueue.SuppressKicks(memory, place);
    }

    /// <summary>The virtqueue that a guest-physical address is in the first page of, or null.</summary>
    public DeviceQueue? FindQueue(uint address)
    {
        foreach (DeviceQueue queue in Device.Queues)
            if (queue.Ring.Place.Descriptors == (address & ~(GuestMemory.PageSize - 1u))) return queue;
        return null;
    }

    /// <summary>The guest has changed the status, or asks for a reset.</summary>
    /// <returns>The status now.</returns>
    public byte StatusChanged()
    {
        byte now = memory!.Read8(descriptor.StatusAddress);
        if (now == 0 || (rules.KickResets && !IsStep(status, now))) Reset();
        else status = now;
        return status;
    }

    public void Save(StateWriter state)
    {
        state.Part(Name);
        state.Write(status);
        foreach (DeviceQueue queue in Device.Queues) queue.Save(state);
    }

    /// <exception cref="InvalidStateException">No device can be in this state.</exception>
    public void Load(StateReader state)
    {
        state.Part(Name);
        status = state.ReadByte();
        foreach (DeviceQueue queue in Device.Queues) queue.Load(state);
    }

    private IEnumerable<VirtqueuePlace> Unserved => descriptor.Places.Where((_, index) => !Device.IsServed(index));

    /// <summary>Whether a status is another one with one bit more.</summary>
    private static bool IsStep(byte from, byte to) => (from & ~to) == 0 && System.Numerics.BitOperations.IsPow2(from ^ to);

    /// <summary>Makes the device what it was before its driver came: its status, what was accepted, and its virtqueues.</summary>
    public void Reset()
    {
        status = 0;
        memory!.Write8(descriptor.StatusAddress, 0);
        if (descriptor.AcceptedAddress is { } accepted) memory.Write32(accepted, 0);
        foreach (DeviceQueue queue in Device.Queues) queue.Reset();
        foreach (VirtqueuePlace place in Unserved) Virtqueue.SuppressKicks(memory, place);
        Device.Reset();
    }
}
