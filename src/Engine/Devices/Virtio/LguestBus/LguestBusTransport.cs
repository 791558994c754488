using System.Text;
using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.LguestBus;

/// <summary>How guests of 2.6.24 to 3.19 reach their devices: a page of descriptors, virtqueues in the pages after it, and NOTIFY.</summary>
internal sealed class LguestBusTransport : IDeviceTransport, IDeviceOperations
{
    // What one NOTIFY prints is cut there; guests send 16 characters at most.
    private const uint LongestText = GuestMemory.PageSize;
    private const int LongestPreview = 60;

    private readonly LguestBusRules rules;
    private readonly DeviceSet functions;
    private readonly VirtioDevice[] made;
    private BusDevice[] devices = [];
    private IDeviceHost? host;

    /// <exception cref="LguestException">NotSupported: guests of this era have no driver for one of the devices, or there are not enough interrupts for all.</exception>
    public LguestBusTransport(DeviceSet functions, LguestBusRules rules)
    {
        this.rules = rules;
        this.functions = functions;
        made = [.. functions.All.Select(Make)];
        int queues = made.Sum(device => device.QueueCount);
        // Irq 0 is the timer's.
        if (queues >= InterruptController.Irqs)
            throw new LguestException(LguestError.NotSupported, $"the devices need {queues} virtual interrupts, one for each virtqueue (two for a console or a network card, else one); a guest has {InterruptController.Irqs - 1}. Take some away");
        Pages = 1 + queues * VirtqueuePlace.PagesOf(rules.QueueSize);
    }

    public int Pages { get; }

    public IDeviceOperations Operations => this;

    /// <summary>The devices as the guest finds them, in the order of their slots.</summary>
    public IReadOnlyList<BusDevice> Devices => devices;

    private IDeviceHost Host => host ?? throw new InvalidOperationException("no guest has been attached to these devices yet");

    public void Describe(GuestMemory memory)
    {
        uint address = memory.RamSize, page = memory.RamSize + GuestMemory.PageSize;
        int irq = 1;
        devices = new BusDevice[made.Length];
        for (int i = 0; i < made.Length; i++)
        {
            BusDescriptor descriptor = new(made[i], rules, address, page, irq);
            devices[i] = new BusDevice(made[i], rules, descriptor);
            devices[i].Describe(memory);
            address += (uint)descriptor.Length;
            page += (uint)(made[i].QueueCount * VirtqueuePlace.PagesOf(rules.QueueSize) * GuestMemory.PageSize);
            irq += made[i].QueueCount;
        }
    }

    public void Attach(IDeviceHost host)
    {
        this.host = host;
        foreach (BusDevice device in devices) device.Attach(host);
    }

    public void Notify(uint address)
    {
        if (address != 0) Host.MakePending(KickOf(address));
    }

    public void Serve(PendingTransfer transfer)
    {
        PendingKick kick = (PendingKick)transfer;
        if (FindDevice(kick.Address) is { } changed) Host.Events.Kicked(kick, status: changed.StatusChanged());
        else if (FindQueue(kick.Address) is var (device, queue)) Serve(kick, device, queue);
        else Print(kick);
    }

    public string Preview(PendingTransfer transfer)
    {
        PendingKick kick = (PendingKick)transfer;
        if (FindDevice(kick.Address) is { } changed) return $"look at the status of {changed.Name}";
        if (FindQueue(kick.Address) is var (device, queue))
        {
            string what = $"serve virtqueue {queue.Index} of {device.Name}";
            try
            {
                if (device.IsDead) return $"{what}, which its driver has given up";
                if (queue.Peek() is not { } chain) return $"{what}, which is empty";
                string text = device.Device is VirtioConsole && chain.ReadableLength > 0 ? $": {QuotedText.Of(Encoding.UTF8.GetString(chain.ReadAll()), LongestPreview)}" : "";
                return $"{what}: descriptor {chain.Head} first, {chain.ReadableLength} bytes to read and {chain.WritableLength} to write{text}";
            }
            catch (GuestKilledException wouldKill)
            {
                return $"{what}, which ends the guest: {wouldKill.Message}";
            }
        }
        return IsText(kick.Address)
            ? $"print the early console text at 0x{kick.Address:x8}: {QuotedText.Of(Encoding.UTF8.GetString(TextAt(kick.Address)), LongestPreview)}"
            : $"look at 0x{kick.Address:x8}, which ends the guest: {BadNotify(kick.Address).Message}";
    }

    public void SavePending(StateWriter state, PendingTransfer transfer) => state.Write(((PendingKick)transfer).Address);

    public PendingTransfer LoadPending(StateReader state) => KickOf(state.ReadUInt32());

    public void DeliverInput()
    {
        Host.Tape?.AtInput();
        foreach (BusDevice device in devices)
            if (!device.IsDead) device.Device.DeliverInput();
    }

    public void BeginNewFuture()
    {
        foreach (BusDevice device in devices) device.Device.BeginNewFuture();
    }

    public void Save(StateWriter state)
    {
        state.Part("lguest bus");
        foreach (BusDevice device in devices) device.Save(state);
    }

    public void Load(StateReader state)
    {
        state.Part("lguest bus");
        foreach (BusDevice device in devices) device.Load(state);
    }

    private VirtioDevice Make(DeviceFunction device) => device switch
    {
        ConsoleFunction console => new VirtioConsole(console),
        DiskFunction disk => new VirtioDisk(disk, rules),
        HostWire wire => new VirtioHostNet(wire, rules),
        SharedWire wire => new VirtioSharedNet(wire, rules),
        EntropyFunction entropy when rules.HasEntropy => new VirtioEntropy(entropy),
        _ => throw new LguestException(LguestError.NotSupported, $"guests of this era have no driver for {device.Name}"),
    };

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

    /// <summary>Serves a virtqueue, if its driver has not given the device up: in every status, for a driver uses its device before it says that it is ready.</summary>
    private void Serve(PendingKick kick, BusDevice device, DeviceQueue queue)
    {
        if (!queue.IsPartlyServed) Host.Events.Kicked(kick);
        if (device.IsDead || !device.Device.IsServed(queue.Index)) return;
        queue.BeginTurn();
        device.Device.Serve(queue);
        queue.EndTurn();
        if (queue.IsPartlyServed) Host.MakePending(kick);
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
