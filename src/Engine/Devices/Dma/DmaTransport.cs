using System.Text;
using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices.Dma;

/// <summary>How guests of the DMA eras reach their devices: BIND_DMA, SEND_DMA, struct lguest_dma, and a page of descriptors (ABI §7, §8).</summary>
internal sealed class DmaTransport : IDeviceTransport, IDeviceOperations
{
    private const int DescriptorSize = 12;

    /// <summary>Devices that guests look for on the page of descriptors (Linux 2.6.23: LGUEST_MAX_DEVICES).</summary>
    private const int Slots = 16;

    private const int MostText = 60;

    private readonly DmaDevice[] devices;
    private readonly DmaSharedNet[] cards;
    private DmaBindings? bindings;
    private IDeviceHost? host;

    /// <exception cref="LguestException">NotSupported: there are more devices than guests of these eras look for.</exception>
    public DmaTransport(DeviceSet devices, DmaLayout layout)
    {
        if (devices.All.Count > Slots)
            throw new LguestException(LguestError.NotSupported, $"{devices.All.Count} devices are too many for ABI profile '{layout.Profile}', whose guests look for {Slots}. Take some away");
        Layout = layout;
        this.devices = [.. devices.All.Select(Reach)];
        cards = [.. this.devices.OfType<DmaSharedNet>()];
        Pages = 1;
        foreach (DmaDevice device in this.devices) Pages += device.Pages;
    }

    public IDeviceOperations Operations => this;

    /// <summary>The descriptor page and the devices' own.</summary>
    public int Pages { get; }

    /// <summary>Where things are in struct lguest_dma.</summary>
    public DmaLayout Layout { get; }

    public IDeviceHost Host => host ?? throw NotAttached();

    /// <summary>What the guest has bound.</summary>
    public DmaBindings Bindings => bindings ?? throw NotAttached();

    /// <summary>The devices as the guest finds them, in the order of their slots.</summary>
    public IReadOnlyList<DmaDevice> Devices => devices;

    public void Attach(IDeviceHost host)
    {
        this.host = host;
        bindings = new DmaBindings(host.Memory);
    }

    /// <summary>Gives each device its pages and writes the descriptor page, which lies just above RAM (ABI §8).</summary>
    public void Describe(GuestMemory memory)
    {
        uint descriptor = memory.RamSize;
        uint page = descriptor + GuestMemory.PageSize;
        foreach (DmaDevice device in devices)
        {
            device.Attach(memory, page);
            page += (uint)device.Pages * GuestMemory.PageSize;

            memory.Write16(descriptor, device.Type);
            memory.Write16(descriptor + 2, device.Features);
            memory.Write16(descriptor + 4, 0);
            memory.Write16(descriptor + 6, (ushort)device.Pages);
            memory.Write32(descriptor + 8, device.PageAddress >> GuestMemory.PageShift);
            descriptor += DescriptorSize;
        }
    }

    public uint BindDma(uint key, uint array, ushort count, byte irq)
    {
        if (!Bindings.Bind(key, array, count, irq)) return 0;
        foreach (DmaDevice device in devices) device.BindingsChanged(this);
        return 1;
    }

    public void SendDma(uint key, uint list)
    {
        DmaBindings.CheckKey(Host.Memory, key, "bad sending DMA key");
        if (FindShared(key) is { } card) card.Send(this, key, list);
        else Host.MakePending(Pending(key, list));
    }

    /// <summary>The device that fills buffers bound to this key.</summary>
    public string? NameOfReceiver(uint key) => devices.FirstOrDefault(device => device.InputKey == key)?.Function.Name;

    /// <summary>The card in whose page, shared between guests, this key lies.</summary>
    public DmaSharedNet? FindShared(uint key)
    {
        foreach (DmaSharedNet card in cards)
            if (card.HasKey(key)) return card;
        return null;
    }

    public DmaDevice? FindByKey(uint key)
    {
        foreach (DmaDevice device in devices)
            if (device.Key == key) return device;
        return null;
    }

    public void Serve(PendingTransfer pending)
    {
        PendingDma transfer = (PendingDma)pending;
        DmaDevice? device = FindByKey(transfer.Key);
        DmaList sent = DmaList.Read(Host.Memory, Layout, transfer.Address);
        DmaSection[]? sections = Host.Events.WantsDma(device?.Function.Name) ? sent.Sections(uint.MaxValue) : null;
        if (device?.Serve(this, sent) is not { } outcome)
        {
            Host.Events.Served(DmaDirection.Send, transfer.Key, transfer.Address, device: null, sections, usedLength: null);
            return;
        }
        sent.UsedLength = outcome.UsedLength;
        Host.Events.Served(DmaDirection.Send, transfer.Key, transfer.Address, device.Function.Name, sections, outcome.UsedLength);
        if (outcome.Reply is { } reply) Received(device.InputKey, device.Function.Name, reply, outcome.ReplyLength);
    }

    public string Preview(PendingTransfer pending)
    {
        PendingDma transfer = (PendingDma)pending;
        string what = $"serve the DMA at 0x{transfer.Address:x8} to {transfer.Device ?? $"no device (key 0x{transfer.Key:x8})"}";
        try
        {
            DmaList sent = DmaList.Read(Host.Memory, Layout, transfer.Address);
            string text = transfer.Device == "console" ? $": {QuotedText.Of(Encoding.UTF8.GetString(sent.ReadAll()), MostText)}" : "";
            return $"{what}, {sent.Length} bytes{text}";
        }
        catch (GuestKilledException wouldKill)
        {
            return $"{what}, which ends the guest: {wouldKill.Message}";
        }
    }

    public void SavePending(StateWriter state, PendingTransfer pending)
    {
        PendingDma transfer = (PendingDma)pending;
        state.Write(transfer.Key);
        state.Write(transfer.Address);
    }

    public PendingTransfer LoadPending(StateReader state) => Pending(state.ReadUInt32(), state.ReadUInt32());

    /// <summary>Makes an event of bytes that a device has put into a buffer which the guest bound to a key.</summary>
    /// <param name="key">It.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="buffer">The buffer.</param>
    /// <param name="length">How many bytes are new in it.</param>
    public void Received(uint key, string device, DmaList buffer, uint length) =>
        Host.Events.Served(DmaDirection.Receive, key, buffer.Address, device, Host.Events.WantsDma(device) ? buffer.Sections(length) : null, buffer.UsedLength);

    public void DeliverInput()
    {
        Host.Tape?.AtInput();
        foreach (DmaDevice device in devices) device.DeliverInput(this);
    }

    public void Reset()
    {
        Bindings.Reset();
        foreach (DmaDevice device in devices) device.Reset(this);
    }

    public void BeginNewFuture()
    {
        foreach (DmaDevice device in devices) device.BeginNewFuture(this);
    }

    public void Save(StateWriter state) => Bindings.Save(state);

    public void Load(StateReader state) => Bindings.Load(state);

    private PendingDma Pending(uint key, uint list) => new(key, list, FindByKey(key)?.Function.Name);

    private static DmaDevice Reach(DeviceFunction device) => device switch
    {
        ConsoleFunction console => new DmaConsole(console),
        DiskFunction disk => new DmaDisk(disk),
        HostWire wire => new DmaHostNet(wire),
        SharedWire wire => new DmaSharedNet(wire),
        _ => throw new LguestException(LguestError.NotSupported, $"guests of the DMA eras have no driver for {device.Name}"),
    };

    private static InvalidOperationException NotAttached() => new("no guest has been attached to these devices yet");
}
