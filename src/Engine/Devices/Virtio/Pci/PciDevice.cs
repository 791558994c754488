using LguestPS.Abi;
using LguestPS.Errors;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>A virtio device on the PCI bus (virtio 1.0, 4.1): its configuration space, and the memory with its registers to which BAR 0 leads.</summary>
internal sealed class PciDevice : IVirtioSlot, IPciFunction
{
    private const uint NewsInQueue = 1;

    private readonly byte[] config;
    private readonly PciConfigSpace space;
    private readonly CommonConfiguration common;
    private readonly IDeviceHost host;
    private uint isr;

    /// <param name="device">The device.</param>
    /// <param name="number">Its number on the bus, which is also that of its virtual interrupt.</param>
    /// <param name="bar">Where its memory is at first.</param>
    /// <param name="rules">Of the guest's era.</param>
    /// <param name="host">The guest.</param>
    public PciDevice(VirtioDevice device, int number, uint bar, PciRules rules, IDeviceHost host)
    {
        Device = device;
        Number = number;
        this.host = host;
        config = new byte[rules.ConfigLengths[device.Type]];
        device.Config.CopyTo(config, 0);
        space = VirtioConfigSpace.Make(device.Type, number, config.Length);
        space.Set32(PciConfigSpace.Bar0, bar);
        space.Seal();
        Func<uint> accepted = () => (uint)common!.Accepted;
        Action setNews = () => isr = NewsInQueue;
        device.Attach(
            host,
            [.. Enumerable.Range(0, device.QueueCount).Select(index => new DeviceQueue(Name, index, number, bar + PciRegister.Notify, accepted) { Host = host, BeforeInterrupt = setNews })],
            accepted);
        common = new CommonConfiguration(device, host.Memory, rules);
    }

    public VirtioDevice Device { get; }

    public string Name => Device.Function.Name;

    /// <summary>Its number on the bus.</summary>
    public int Number { get; }

    /// <summary>Guest-physical address of its memory, as the guest has it now.</summary>
    public uint Bar => space.Get32(PciConfigSpace.Bar0);

    /// <summary>Bytes of its memory that mean something.</summary>
    public uint MemoryLength => PciRegister.DeviceConfig + (uint)config.Length;

    public string? WhyIdle =>
        (common.Status & DeviceStatus.Failed) != 0 ? "which its driver has given up"
        : (common.Status & DeviceStatus.DriverOk) == 0 ? "whose driver is not ready"
        : null;

    /// <summary>Where in its memory a guest-physical address is, or null.</summary>
    public uint? OffsetOf(uint physical) => physical - Bar is var offset && offset < MemoryLength ? offset : null;

    /// <exception cref="GuestKilledException">It breaks a rule.</exception>
    public uint ReadMemory(uint offset, int width)
    {
        if (offset >= PciRegister.DeviceConfig) return ReadConfiguration(offset - PciRegister.DeviceConfig, width);
        if (WholeRegister(offset, width, "read") is not { } register) return AllOnes(width);
        if (register.Offset != PciRegister.Isr) return common.Read(register);
        uint news = isr;
        isr = 0;
        return news;
    }

    /// <exception cref="GuestKilledException">It breaks a rule.</exception>
    public void WriteMemory(uint offset, int width, uint value)
    {
        value &= AllOnes(width);
        if (offset >= PciRegister.DeviceConfig)
        {
            uint at = offset - PciRegister.DeviceConfig;
            if (!Device.TryWriteConfig(at, value, Bar + offset)) throw Bad($"byte {at} of its configuration cannot be written");
            return;
        }
        if (WholeRegister(offset, width, "write") is not { } register) return;
        switch (register.Offset)
        {
            case PciRegister.Notify:
                Notify(value);
                break;
            case PciRegister.DeviceStatus:
                common.Write(register, value);
                if (common.Status == 0) isr = 0;
                host.Events.Kicked(new PendingKick(KickPurpose.Status, Bar + offset, Name, Queue: null), status: common.Status);
                break;
            default:
                common.Write(register, value);
                break;
        }
    }

    /// <summary>The name of the register at an offset in its memory.</summary>
    public static string? NameOf(uint offset) => offset < PciRegister.DeviceConfig ? PciRegister.At(offset)?.Name : $"config+{offset - PciRegister.DeviceConfig}";

    public uint ReadConfig(uint register, int lane, int width)
    {
        if (register >= PciConfigSpace.Size) return uint.MaxValue;
        if (register != VirtioConfigSpace.Window) return space.Get32(register);
        return VirtioConfigSpace.WindowOf(space, MemoryLength) is var (offset, length) && lane == 0 && width >= length ? ReadMemory(offset, length) : uint.MaxValue;
    }

    public void WriteConfig(uint register, int lane, int width, uint value)
    {
        if (register >= PciConfigSpace.Size) return;
        if (register == VirtioConfigSpace.Window)
        {
            if (VirtioConfigSpace.WindowOf(space, MemoryLength) is var (offset, length) && lane == 0 && width >= length) WriteMemory(offset, length, value);
            return;
        }
        space.Write(register, lane, width, value);
        if (register == PciConfigSpace.Bar0) FollowBar();
    }

    /// <summary>As it was when the guest began.</summary>
    public void Reset()
    {
        space.Reset();
        FollowBar();
        isr = 0;
        common.Reset();
    }

    public void Save(StateWriter state)
    {
        state.Part(Name);
        space.Save(state);
        state.Write(isr);
        common.Save(state);
    }

    /// <exception cref="InvalidStateException">No device can be in this state.</exception>
    public void Load(StateReader state)
    {
        state.Part(Name);
        space.Load(state);
        FollowBar();
        isr = (uint)state.ReadInt32(0, (int)NewsInQueue, $"isr of {Name}");
        common.Load(state);
    }

    private static uint AllOnes(int width) => uint.MaxValue >> (32 - width * 8);

    private void FollowBar()
    {
        foreach (DeviceQueue queue in Device.Queues) queue.IsKickedAt(Bar + PciRegister.Notify);
    }

    private void Notify(uint number)
    {
        DeviceQueue queue = common.Notified(number);
        host.MakePending(queue.Kick);
    }

    private uint ReadConfiguration(uint offset, int width)
    {
        if (offset + width > config.Length) return AllOnes(width);
        common.RequireDriverForConfig();
        uint value = 0;
        for (int i = 0; i < width; i++) value |= (uint)config[offset + i] << (i * 8);
        return value;
    }

    /// <summary>The register that an access is for, or null between registers.</summary>
    /// <exception cref="GuestKilledException">It is for a part of one, or for more.</exception>
    private PciRegister? WholeRegister(uint offset, int width, string access)
    {
        PciRegister? register = PciRegister.At(offset);
        if (register is not null && (register.Offset != offset || register.Width != width))
            throw Bad($"a {access} of {width} bytes at offset {offset} of its memory; {register.Name} is at {register.Offset} and has {register.Width}");
        return register;
    }

    private GuestKilledException Bad(string how) => new($"{Name}: {how}");
}
