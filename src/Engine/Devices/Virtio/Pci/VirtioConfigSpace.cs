using System.Numerics;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>The configuration space of a virtio device (virtio 1.0, 4.1.2 and 4.1.4): what it is, and capabilities that say where in its memory its registers are.</summary>
internal static class VirtioConfigSpace
{
    /// <summary>The register through which a guest without a mapping reaches the device's memory.</summary>
    public const uint Window = PciConfigurationAt + 16;

    private const ushort Vendor = 0x1AF4;
    private const ushort FirstDevice = 0x1040;
    private const ushort SubsystemDevice = 0x40;
    private const ushort HasCapabilities = 0x10;
    private const byte Modern = 1;

    private const byte VendorCapability = 9;
    private const byte Length = 16;
    private const byte LongLength = 20;
    private const uint CommonAt = 0x40, NotifyAt = 0x50, IsrAt = 0x64, DeviceAt = 0x74, PciConfigurationAt = 0x84;

    // The types of capabilities.
    private const byte Common = 1, Notify = 2, Isr = 3, DeviceConfiguration = 4, PciConfiguration = 5;

    // In a capability.
    private const uint BarByte = 4, OffsetAt = 8, LengthAt = 12;

    /// <summary>Class and subclass by type: none, network card, disk, console, random numbers.</summary>
    private static readonly ushort[] Classes = [0, 0x0200, 0x0180, 0x0700, 0xFF00];

    /// <param name="type">The device's type.</param>
    /// <param name="irq">Its virtual interrupt; the guest reads that here, and there is no pin for it.</param>
    /// <param name="configLength">Bytes of its own configuration.</param>
    public static PciConfigSpace Make(byte type, int irq, int configLength)
    {
        PciConfigSpace space = new();
        space.Set16(PciConfigSpace.VendorAndDevice, Vendor);
        space.Set16(PciConfigSpace.VendorAndDevice + 2, (ushort)(FirstDevice + type));
        space.Set16(PciConfigSpace.Status, HasCapabilities);
        space.Set8(PciConfigSpace.Revision, Modern);
        space.Set16(PciConfigSpace.Class, Classes[type]);
        space.Set16(PciConfigSpace.Subsystem + 2, SubsystemDevice);
        space.Set8(PciConfigSpace.FirstCapability, (byte)CommonAt);
        space.Set8(PciConfigSpace.InterruptLine, (byte)irq);
        space.Allow(PciConfigSpace.Command, 0xFFFF);
        space.Allow(PciConfigSpace.CacheLineAndLatency, 0xFFFF);
        space.Allow(PciConfigSpace.Bar0, ~(SizeOf(configLength) - 1));

        Add(space, CommonAt, NotifyAt, Common, Length, 0, PciRegister.Notify);
        Add(space, NotifyAt, IsrAt, Notify, LongLength, PciRegister.Notify, 2);
        Add(space, IsrAt, PciConfigurationAt, Isr, Length, PciRegister.Isr, 1);
        Add(space, PciConfigurationAt, configLength > 0 ? DeviceAt : 0, PciConfiguration, LongLength, 0, 0);
        if (configLength > 0) Add(space, DeviceAt, 0, DeviceConfiguration, Length, PciRegister.DeviceConfig, (uint)configLength);
        space.Allow(PciConfigurationAt + BarByte, 0xFF);
        space.Allow(PciConfigurationAt + OffsetAt, uint.MaxValue);
        space.Allow(PciConfigurationAt + LengthAt, uint.MaxValue);
        return space;
    }

    /// <summary>What a guest writes to registers to have the window lead to a place in the device's memory.</summary>
    public static (uint Register, uint Value)[] Open(uint offset, uint length) =>
        [(PciConfigurationAt + BarByte, 0), (PciConfigurationAt + OffsetAt, offset), (PciConfigurationAt + LengthAt, length)];

    /// <summary>Bytes that BAR 0 leads to: a power of two.</summary>
    public static uint SizeOf(int configLength) => BitOperations.RoundUpToPowerOf2(PciRegister.DeviceConfig + (uint)configLength);

    /// <summary>Where in the device's memory the window leads; null if the guest has not said something that could be.</summary>
    public static (uint Offset, int Length)? WindowOf(PciConfigSpace space, uint memoryLength)
    {
        uint offset = space.Get32(PciConfigurationAt + OffsetAt), length = space.Get32(PciConfigurationAt + LengthAt);
        bool leads = space.Get8(PciConfigurationAt + BarByte) == 0 && length is 1 or 2 or 4 && offset % length == 0 && offset < memoryLength && length <= memoryLength - offset;
        return leads ? (offset, (int)length) : null;
    }

    private static void Add(PciConfigSpace space, uint at, uint next, byte type, byte size, uint offset, uint length)
    {
        space.Set8(at, VendorCapability);
        space.Set8(at + 1, (byte)next);
        space.Set8(at + 2, size);
        space.Set8(at + 3, type);
        space.Set32(at + OffsetAt, offset);
        space.Set32(at + LengthAt, length);
    }
}
