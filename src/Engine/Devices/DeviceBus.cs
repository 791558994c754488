using LguestPS.Dma;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Devices;

/// <summary>The launcher's side of DMA: the guest's devices, the page that describes them, and who serves which key.</summary>
internal sealed class DeviceBus : IDisposable
{
    private const int DescriptorSize = 12;

    private readonly Device[] devices;
    private readonly SharedNetDevice[] cards;

    public DeviceBus(IReadOnlyList<Device> devices)
    {
        this.devices = [.. devices];
        foreach (Device device in devices) PageCount += device.Pages;
        cards = [.. devices.OfType<SharedNetDevice>()];
        Console = devices.OfType<ConsoleDevice>().FirstOrDefault();
        Disks = [.. devices.OfType<BlockDevice>()];
    }

    /// <summary>In the order of their slots.</summary>
    public IReadOnlyList<Device> All => devices;

    public ConsoleDevice? Console { get; }

    public IReadOnlyList<BlockDevice> Disks { get; }

    public IEnumerable<NetDevice> Networks => devices.OfType<NetDevice>();

    /// <summary>What a device calls, from any thread, when it has something for the guest.</summary>
    public Action WakeGuest
    {
        set
        {
            foreach (Device device in devices) device.WakeGuest = value;
        }
    }

    /// <summary>True while something may still come in from outside.</summary>
    public bool ExpectInput => devices.Any(device => device.ExpectsInput);

    /// <summary>True while an answer from outside is under way.</summary>
    public bool AwaitAnswer => devices.Any(device => device.AwaitsAnswer);

    /// <summary>When the first of them will have something to do by itself: guest time in nanoseconds, or null.</summary>
    public long? NextDue => devices.Min(device => device.NextDue);

    /// <summary>Their names, in the order of their slots.</summary>
    public IReadOnlyList<string> Names => [.. devices.Select(device => device.Name)];

    /// <summary>Pages the devices need above RAM: the descriptor page and their own.</summary>
    public int PageCount { get; } = 1;

    /// <summary>Gives each device its pages and writes the descriptor page, which lies just above RAM (ABI §8).</summary>
    public void Describe(GuestMemory memory)
    {
        uint descriptor = memory.RamSize;
        uint page = descriptor + GuestMemory.PageSize;
        for (int i = 0; i < devices.Length; i++, descriptor += DescriptorSize)
        {
            Device device = devices[i];
            device.Attach(i, device.Pages == 0 ? 0 : page);
            page += (uint)device.Pages * GuestMemory.PageSize;

            memory.Write16(descriptor, device.Type);
            memory.Write16(descriptor + 2, device.Features);
            memory.Write16(descriptor + 4, 0);
            memory.Write16(descriptor + 6, (ushort)device.Pages);
            memory.Write32(descriptor + 8, device.PageAddress >> GuestMemory.PageShift);
            device.PreparePage(memory);
        }
    }

    /// <summary>The card in whose page, shared between guests, this key lies.</summary>
    public SharedNetDevice? FindShared(uint key)
    {
        foreach (SharedNetDevice card in cards)
            if (card.HasKey(key)) return card;
        return null;
    }

    /// <summary>Why this guest cannot be taken back to an earlier moment, or null.</summary>
    public string? CheckpointObstacle => FirstObstacle(device => device.CheckpointObstacle);

    /// <summary>Why it cannot become what one of its checkpoints is any more, or null.</summary>
    public string? RestoreObstacle => FirstObstacle(device => device.RestoreObstacle);

    /// <summary>Why its run cannot be recorded, or null.</summary>
    public string? RecordingObstacle => FirstObstacle(device => device.RecordingObstacle);

    public void Save(StateWriter state)
    {
        foreach (Device device in devices)
        {
            state.Part(device.Name);
            device.Save(state);
        }
    }

    public void Load(StateReader state)
    {
        foreach (Device device in devices)
        {
            state.Part(device.Name);
            device.Load(state);
        }
    }

    public Device? FindByKey(uint key)
    {
        foreach (Device device in devices)
            if (device.Key == key) return device;
        return null;
    }

    /// <summary>The device that fills buffers bound to this key.</summary>
    public Device? FindByInputKey(uint key) => devices.FirstOrDefault(device => device.InputKey == key);

    /// <summary>Serves the DMA that is pending and clears it.</summary>
    public void ServeDma(Guest guest)
    {
        PendingDma pending = guest.PendingDma!;
        guest.Machine.Pending.Transfer = null;
        Device? device = FindByKey(pending.Key);
        DmaList sent = DmaList.Read(guest.Memory, guest.Abi.Dma!, pending.Address);
        DmaSection[]? sections = guest.Events.WantsDma(device?.Name) ? sent.Sections(uint.MaxValue) : null;
        if (device?.Serve(guest, sent) is not { } outcome)
        {
            guest.Events.Served(DmaDirection.Send, pending.Key, pending.Address, device: null, sections, usedLength: null);
            return;
        }
        sent.UsedLength = outcome.UsedLength;
        guest.Events.Served(DmaDirection.Send, pending.Key, pending.Address, device.Name, sections, outcome.UsedLength);
        if (outcome.Reply is { } reply) guest.Events.Received(device.InputKey, device.Name, reply, outcome.ReplyLength);
    }

    /// <summary>Hands what devices have for the guest to the buffers it bound; without a free one, it waits.</summary>
    public void DeliverInput(Guest guest)
    {
        guest.Recording?.AtInput();
        foreach (Device device in devices) device.DeliverInput(guest);
    }

    public void BindingsChanged(Guest guest)
    {
        foreach (Device device in devices) device.BindingsChanged(guest);
    }

    public void BeginNewFuture(Guest guest)
    {
        foreach (Device device in devices) device.BeginNewFuture(guest);
    }

    public void Resume(Guest guest)
    {
        foreach (Device device in devices) device.Resume(guest);
    }

    public void Unplug()
    {
        foreach (Device device in devices) device.Unplug();
    }

    public void Dispose()
    {
        foreach (Device device in devices) device.Dispose();
    }

    private string? FirstObstacle(Func<Device, string?> obstacleOf) =>
        devices.Select(device => obstacleOf(device) is { } obstacle ? $"{device.Name} {obstacle}" : null).FirstOrDefault(obstacle => obstacle is not null);
}
