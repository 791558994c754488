using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Devices.Virtio.Pci;
using LguestPS.Errors;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>Devices on a PCI bus, whose guest uses ports and device memory.</summary>
internal sealed class PciRig(PciRules rules, params DeviceFunction[] functions) : VirtioRig(devices => new PciTransport(devices, rules), functions)
{
    public const ushort AddressPort = 0xCF8, DataPort = 0xCFC;

    /// <summary>Where the memory of the first device is.</summary>
    public const uint FirstBar = Ram + (1 << 20);

    public PciRig(params DeviceFunction[] functions)
        : this(PciRules.V40, functions)
    {
    }

    public PciTransport Bus => (PciTransport)Transport;

    public IDeviceRegisters Registers => Bus.Registers;

    /// <summary>Reads configuration space as Linux does: the dword's number to one port, its bytes from the other.</summary>
    public uint ReadConfig(int device, uint register, int width = 4)
    {
        Registers.WritePort(AddressPort, 4, Address(device, register));
        return Registers.ReadPort((ushort)(DataPort + (register & 3)), width);
    }

    public void WriteConfig(int device, uint register, uint value, int width = 4)
    {
        Registers.WritePort(AddressPort, 4, Address(device, register));
        Registers.WritePort((ushort)(DataPort + (register & 3)), width, value);
        ServePending();
    }

    public uint Read(uint physical, int width) => Registers.ReadMemory(physical, width);

    /// <summary>The guest writes to device memory, and the launcher does what comes of it.</summary>
    public void Write(uint physical, int width, uint value)
    {
        Registers.WriteMemory(physical, width, value);
        ServePending();
    }

    /// <summary>A driver that has found the device with this number.</summary>
    public PciDriver Driver(int device) => new(this, device);

    /// <summary>Why the guest ends of something.</summary>
    public static string Kills(Action what) => Xunit.Assert.Throws<GuestKilledException>(what).Message;

    private static uint Address(int device, uint register) => 0x80000000 | (uint)device << 11 | register & 0xFC;
}
