using System.Text;
using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio;

/// <summary>What all ways to virtio devices have in common: which devices there are, and how a virtqueue is served.</summary>
internal abstract class VirtioTransport : IDeviceTransport, IDeviceOperations
{
    protected const int LongestPreview = 60;

    private IDeviceHost? host;
    private IVirtioSlot[] slots = [];

    /// <param name="devices">The devices, in the order in which the guest finds them.</param>
    /// <param name="rules">Of the guest's era.</param>
    /// <exception cref="LguestException">NotSupported: guests of this era have no driver for one of them.</exception>
    protected VirtioTransport(IEnumerable<DeviceFunction> devices, VirtioRules rules) => Made = [.. devices.Select(device => Make(device, rules))];

    public abstract int Pages { get; }

    public virtual uint DeviceBytes => 0;

    public virtual IDeviceRegisters? Registers => null;

    public IDeviceOperations Operations => this;

    /// <summary>The devices in their places, in the order in which the guest finds them.</summary>
    public IReadOnlyList<IVirtioSlot> Slots => slots;

    /// <summary>The devices without their places, in that order.</summary>
    protected IReadOnlyList<VirtioDevice> Made { get; }

    protected IDeviceHost Host => host ?? throw new InvalidOperationException("no guest has been attached to these devices yet");

    public abstract void Describe(GuestMemory memory);

    public virtual void Attach(IDeviceHost host) => this.host = host;

    public virtual void Notify(uint address) => throw new InvalidOperationException("the profile of the guest's era has no such hypercall");

    public abstract void Serve(PendingTransfer transfer);

    public abstract string Preview(PendingTransfer transfer);

    public abstract void SavePending(StateWriter state, PendingTransfer transfer);

    public abstract PendingTransfer LoadPending(StateReader state);

    public void DeliverInput()
    {
        Host.Tape?.AtInput();
        foreach (IVirtioSlot slot in slots)
            if (slot.WhyIdle is null) slot.Device.DeliverInput();
    }

    public abstract void Reset();

    public void BeginNewFuture()
    {
        foreach (VirtioDevice device in Made) device.BeginNewFuture();
    }

    public abstract void Save(StateWriter state);

    public abstract void Load(StateReader state);

    /// <summary>The devices have got their places.</summary>
    protected void Place(IVirtioSlot[] placed) => slots = placed;

    /// <summary>Serves a virtqueue that was kicked, unless its device is idle.</summary>
    protected void Serve(PendingKick kick, IVirtioSlot slot, DeviceQueue queue)
    {
        if (!queue.IsPartlyServed) Host.Events.Kicked(kick);
        if (slot.WhyIdle is not null || !slot.Device.IsServed(queue.Index)) return;
        queue.BeginTurn();
        slot.Device.Serve(queue);
        queue.EndTurn();
        if (queue.IsPartlyServed) Host.MakePending(kick);
    }

    /// <summary>What <see cref="Serve(PendingKick, IVirtioSlot, DeviceQueue)"/> would do, in words.</summary>
    protected static string Preview(IVirtioSlot slot, DeviceQueue queue)
    {
        string what = $"serve virtqueue {queue.Index} of {slot.Device.Function.Name}";
        try
        {
            if (slot.WhyIdle is { } why) return $"{what}, {why}";
            if (queue.Peek() is not { } chain) return $"{what}, which is empty";
            string text = slot.Device is VirtioConsole && chain.ReadableLength > 0 ? $": {QuotedText.Of(Encoding.UTF8.GetString(chain.ReadAll()), LongestPreview)}" : "";
            return $"{what}: descriptor {chain.Head} first, {chain.ReadableLength} bytes to read and {chain.WritableLength} to write{text}";
        }
        catch (GuestKilledException wouldKill)
        {
            return $"{what}, which ends the guest: {wouldKill.Message}";
        }
    }

    private static VirtioDevice Make(DeviceFunction device, VirtioRules rules) => device switch
    {
        ConsoleFunction console => new VirtioConsole(console, rules),
        DiskFunction disk => new VirtioDisk(disk, rules),
        HostWire wire => new VirtioHostNet(wire, rules),
        SharedWire wire => new VirtioSharedNet(wire, rules),
        EntropyFunction entropy when rules.HasEntropy => new VirtioEntropy(entropy),
        _ => throw new LguestException(LguestError.NotSupported, $"guests of this era have no driver for {device.Name}"),
    };
}
