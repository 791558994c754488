using LguestPS.Abi;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>The ports by which a guest reaches configuration space (PCI Local Bus 3.0, 3.2.2.3.2): an address, and the register it names.</summary>
/// <remarks>Only functions 0 of bus 0 exist. What nobody answers reads as all ones, and what is written there is lost.</remarks>
internal sealed class PciPorts
{
    /// <summary>The port of the address.</summary>
    public const ushort Address = 0xCF8;

    /// <summary>The port of the register that the address names.</summary>
    public const ushort Data = 0xCFC;

    // Of the keyboard's controller: "there is something to be read", and nothing ever is, which ends a driver's search for it.
    private const ushort KeyboardStatus = 0x64;
    private const uint OutputFull = 1;

    private const uint Enabled = 1u << 31;
    private const uint RegisterMask = 0xFC;
    private const int DeviceShift = 11;
    private const uint AllButDeviceAndRegister = 0xFFFF0700;

    private readonly IPciFunction[] functions;
    private uint address;

    /// <param name="functions">What is on the bus, by device number.</param>
    public PciPorts(IPciFunction[] functions) => this.functions = functions;

    /// <summary>The address of a register.</summary>
    /// <param name="device">Its device's number.</param>
    /// <param name="register">Offset in configuration space, a multiple of 4.</param>
    public static uint AddressOf(int device, uint register) => Enabled | (uint)device << DeviceShift | register;

    public uint Read(ushort port, int width)
    {
        int lane = port & 3;
        uint value;
        switch (port & ~3)
        {
            case Address:
                value = address;
                break;
            case Data:
                value = Selected?.ReadConfig(address & RegisterMask, lane, width) ?? uint.MaxValue;
                break;
            case KeyboardStatus:
                value = ~0xFFu | OutputFull;
                break;
            default:
                return AbsentPorts.Read(port, width);
        }

        return (uint)((0xFFFFFFFF_00000000 | value) >> (lane * 8)) & uint.MaxValue >> (32 - width * 8);
    }

    public void Write(ushort port, int width, uint value)
    {
        int lane = port & 3;
        switch (port & ~3)
        {
            case Address:
                uint written = uint.MaxValue >> (32 - width * 8) << (lane * 8);
                address = address & ~written | value << (lane * 8) & written;
                break;
            case Data:
                Selected?.WriteConfig(address & RegisterMask, lane, width, value);
                break;
        }
    }

    public void Reset() => address = 0;

    public void Save(StateWriter state) => state.Write(address);

    /// <exception cref="InvalidStateException">It ends too early.</exception>
    public void Load(StateReader state) => address = state.ReadUInt32();

    private IPciFunction? Selected
    {
        get
        {
            uint device = (address & ~AllButDeviceAndRegister) >> DeviceShift;
            return (address & AllButDeviceAndRegister) == Enabled && device < functions.Length ? functions[device] : null;
        }
    }
}
