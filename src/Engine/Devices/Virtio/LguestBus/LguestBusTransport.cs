using System.Text;
using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.LguestBus;

/// <summary>How guests of 2.6.24 to 3.19 reach their devices: a page of descriptors, virtqueues in the pages after it, and NOTIFY.</summary>
internal sealed class LguestBusTransport : VirtioTransport
{
    // What one NOTIFY prints is cut there; guests send 16 characters at most.
    private const uint LongestText = GuestMemory.PageSize;

    private readonly LguestBusRules rules;
    private readonly DeviceSet functions;
    private BusDevice[] devices = [];

    /// <exception cref="LguestException">NotSupported: guests of this era have no driver for one of the devices, or there are not enough interrupts for all.</exception>
    public LguestBusTransport(DeviceSet functions, LguestBusRules rules)
        : base(functions.All, rules)
    {
        this.rules = rules;
        this.functions = functions;
        int queues = Made.Sum(device => device.QueueCount);
        // Irq 0 is the timer's.
        if (queues >= InterruptController.Irqs)
            throw new LguestException(LguestError.NotSupported, $"the devices need {queues} virtual interrupts, one for each virtqueue (two for a console or a network card, else one); a guest has {InterruptController.Irqs - 1}. Take some away");
        Pages = 1 + queues * VirtqueuePlace.PagesOf(rules.QueueSize);
    }

    public override int Pages { get; }

    /// <summary>The devices as the guest finds them, in the order of their slots.</summary>
    public IReadOnlyList<BusDevice> Devices => devices;

    public override void Describe(GuestMemory memory)
    {
        uint address = memory.RamSize, page = memory.RamSize + GuestMemory.PageSize;
        int irq = 1;
        devices = new BusDevice[Made.Count];
        for (int i = 0; i < Made.Count; i++)
        {
            BusDescriptor descriptor = new(Made[i], rules, address, page, irq);
            devices[i] = new BusDevice(Made[i], rules, descriptor);
            devices[i].Describe(memory);
            address += (uint)descriptor.Length;
            page += (uint)(Made[i].QueueCount * VirtqueuePlace.PagesOf(rules.QueueSize) * GuestMemory.PageSize);
            irq += Made[i].QueueCount;
        }
        Place(devices);
    }

    public override void Attach(IDeviceHost host)
    {
        base.Attach(host);
        foreach (BusDevice device in devices) device.Attach(host);
    }

    public override void Notify(uint address)
    {
        if (address != 0) Host.MakePending(KickOf(address));
    }

    public override void Serve(PendingTransfer transfer)
    {
        PendingKick kick = (PendingKick)transfer;
        if (FindDevice(kick.Address) is { } changed) Host.Events.Kicked(kick, status: changed.StatusChanged());
        else if (FindQueue(kick.Address) is var (device, queue)) Serve(kick, device, queue);
        else Print(kick);
    }

    public override string Preview(PendingTransfer transfer)
    {
        PendingKick kick = (PendingKick)transfer;
        if (FindDevice(kick.Address) is { } changed) return $"look at the status of {changed.Name}";
        if (FindQueue(kick.Address) is var (device, queue)) return Preview(device, queue);
        return IsText(kick.Address)
            ? $"print the early console text at 0x{kick.Address:x8}: {QuotedText.Of(Encoding.UTF8.GetString(TextAt(kick.Address)), LongestPreview)}"
            : $"look at 0x{kick.Address:x8}, which ends the guest: {BadNotify(kick.Address).Message}";
    }

    public override void SavePending(StateWriter state, PendingTransfer transfer) => state.Write(((PendingKick)transfer).Address);

    public override PendingTransfer LoadPending(StateReader state) => KickOf(state.ReadUInt32());

    public override void Reset()
    {
        foreach (BusDevice device in devices) device.Reset();
    }

    public override void Save(StateWriter state)
    {
        state.Part("lguest bus");
        foreach (BusDevice device in devices) device.Save(state);
    }

    public override void Load(StateReader state)
    {
        state.Part("lguest bus");
        foreach (BusDevice device in devices) device.Load(state);
    }

    private PendingKick KickOf(uint address)
    {
        if (FindDevice(address) is { } changed) return new PendingKick(KickPurpose.Status, address, changed.Name, Queue: null);
        if (FindQueue(address) is not var (_, queue)) return new PendingKick(KickPurpose.EarlyConsole, address, functions.Console?.Name, Queue: null);
        return queue.Kick.Address == address ? queue.Kick : queue.Kick with { Address = address };
    }

    private BusDevice? FindDevice(uint address)
    {
        if (!rules.HasStatusKicks) return null;
        foreach (BusDevice device in devices)
            if (device.Address == address) return device;
        return null;
    }

    private (BusDevice Device, DeviceQueue Queue)? FindQueue(uint address)
    {
        foreach (BusDevice device in devices)
            if (device.FindQueue(address) is { } queue) return (device, queue);
        return null;
    }

    private void Print(PendingKick kick)
    {
        if (!IsText(kick.Address)) throw BadNotify(kick.Address);
        byte[] text = TextAt(kick.Address);
        Host.Events.Kicked(kick, text: text);
        if (functions.Console is { } console) console.Write(Host, text);
        else Host.Show(text);
    }

    private bool IsText(uint address) => address < Host.Memory.RamSize;

    private byte[] TextAt(uint address)
    {
        ReadOnlySpan<byte> text = Host.Memory.Read(address, Math.Min(LongestText, Host.Memory.RamSize - address));
        int end = text.IndexOf((byte)0);
        return (end < 0 ? text : text[..end]).ToArray();
    }

    private static GuestKilledException BadNotify(uint address) => new($"Bad NOTIFY 0x{address:x8}: no device, virtqueue or text is there");
}
