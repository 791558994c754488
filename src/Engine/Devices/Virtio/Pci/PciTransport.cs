using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>How guests of 4.0 to 4.13 reach their devices: a PCI bus with a host bridge and virtio 1.0 devices, whose virtqueues are wherever the guest puts them.</summary>
/// <remarks>The first device is the console, if there is one: Linux looks for it there to write before any driver runs.</remarks>
internal sealed class PciTransport : VirtioTransport, IDeviceRegisters
{
    // Beyond memory, so that nothing is taken for a part of it; then a page for each device, and room to move.
    private const uint Gap = 1 << 20;
    private const uint Room = 1 << 20;

    private readonly PciRules rules;
    private PciDevice[] devices = [];
    private PciPorts ports = new([]);

    /// <exception cref="LguestException">NotSupported: guests of this era have no driver for one of the devices, or there are too many.</exception>
    public PciTransport(DeviceSet functions, PciRules rules)
        : base(functions.All.OrderBy(function => function is not ConsoleFunction), rules)
    {
        this.rules = rules;
        // Irq 0 is the timer's, and device 0 the host bridge.
        if (Made.Count >= InterruptController.Irqs)
            throw new LguestException(LguestError.NotSupported, $"there are {Made.Count} devices; a guest has {InterruptController.Irqs - 1} virtual interrupts, one for each. Take some away");
    }

    public override int Pages => 0;

    public override uint DeviceBytes => Gap + Room;

    public override IDeviceRegisters Registers => this;

    /// <summary>The devices as the guest finds them, from number 1 on.</summary>
    public IReadOnlyList<PciDevice> Devices => devices;

    public override void Describe(GuestMemory memory)
    {
    }

    public override void Attach(IDeviceHost host)
    {
        base.Attach(host);
        uint first = host.Memory.Size + Gap;
        devices = [.. Made.Select((device, index) => new PciDevice(device, index + 1, first + (uint)index * GuestMemory.PageSize, rules, host))];
        ports = new PciPorts([new HostBridge(), .. devices]);
        Place(devices);
    }

    public uint ReadPort(ushort port, int width) => ports.Read(port, width);

    public void WritePort(ushort port, int width, uint value) => ports.Write(port, width, value);

    public uint ReadMemory(uint physical, int width) =>
        Find(physical) is var (device, offset) ? device.ReadMemory(offset, width) : uint.MaxValue >> (32 - width * 8);

    public void WriteMemory(uint physical, int width, uint value)
    {
        if (Find(physical) is var (device, offset)) device.WriteMemory(offset, width, value);
    }

    public (string Device, string Register)? NameOf(uint physical) =>
        Find(physical) is var (device, offset) && PciDevice.NameOf(offset) is { } register ? (device.Name, register) : null;

    public override void Serve(PendingTransfer transfer)
    {
        PendingKick kick = (PendingKick)transfer;
        if (Find(kick) is var (device, queue)) Serve(kick, device, queue);
    }

    public override string Preview(PendingTransfer transfer) => Find((PendingKick)transfer) is var (device, queue) ? Preview(device, queue) : "do nothing";

    public override void SavePending(StateWriter state, PendingTransfer transfer)
    {
        PendingKick kick = (PendingKick)transfer;
        state.Write(kick.Address);
        state.Write(kick.Device!);
        state.Write(kick.Queue!.Value);
    }

    public override PendingTransfer LoadPending(StateReader state)
    {
        PendingKick kick = new(KickPurpose.Queue, state.ReadUInt32(), state.ReadString(), state.ReadInt32());
        return Find(kick) is null ? throw new InvalidStateException($"{kick.Words} is pending, and there is no such virtqueue") : kick;
    }

    public override void Reset()
    {
        ports.Reset();
        foreach (PciDevice device in devices) device.Reset();
    }

    public override void Save(StateWriter state)
    {
        state.Part("PCI bus");
        ports.Save(state);
        foreach (PciDevice device in devices) device.Save(state);
    }

    public override void Load(StateReader state)
    {
        state.Part("PCI bus");
        ports.Load(state);
        foreach (PciDevice device in devices) device.Load(state);
    }

    private (PciDevice Device, uint Offset)? Find(uint physical)
    {
        foreach (PciDevice device in devices)
            if (device.OffsetOf(physical) is { } offset) return (device, offset);
        return null;
    }

    private (PciDevice Device, DeviceQueue Queue)? Find(PendingKick kick)
    {
        foreach (PciDevice device in devices)
            if (device.Name == kick.Device && kick.Queue is { } queue && (uint)queue < device.Device.Queues.Count) return (device, device.Device.Queues[queue]);
        return null;
    }
}
