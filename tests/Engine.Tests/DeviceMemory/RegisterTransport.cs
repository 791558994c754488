using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;

namespace LguestPS.Tests.DeviceMemory;

/// <summary>A way to devices that is nothing but a page of registers above RAM, which keep what is written, and ports, which show what was done with them.</summary>
internal sealed class RegisterTransport : IDeviceTransport, IDeviceOperations, IDeviceRegisters
{
    /// <summary>Guest-physical address of the registers: after a page of devices where nothing answers.</summary>
    public const uint Address = DeviceGuest.Ram + GuestMemory.PageSize;

    /// <summary>Of the registers the one that a guest may not write; and a port.</summary>
    public const uint Forbidden = GuestMemory.PageSize - 4, ForbiddenPort = 0x666;

    private IDeviceHost? host;

    public byte[] Registers { get; } = new byte[GuestMemory.PageSize];

    /// <summary>What was done, in order.</summary>
    public List<string> Done { get; } = [];

    /// <summary>What the next in gives.</summary>
    public uint PortValue { get; set; }

    public int Pages => 0;

    public uint DeviceBytes => 2 * GuestMemory.PageSize;

    public IDeviceOperations Operations => this;

    IDeviceRegisters IDeviceTransport.Registers => this;

    public uint ReadPort(ushort port, int width)
    {
        Done.Add($"in {port:x} {width}");
        return PortValue & Mask(width);
    }

    public void WritePort(ushort port, int width, uint value)
    {
        if (port == ForbiddenPort) throw new GuestKilledException("the port is forbidden");
        Done.Add($"out {port:x} {width} {value & Mask(width):x}");
    }

    public uint ReadMemory(uint physical, int width)
    {
        Done.Add($"read {physical:x} {width}");
        if (physical < Address) return Mask(width);
        uint value = 0;
        for (int i = width - 1; i >= 0; i--) value = value << 8 | Register(physical + (uint)i);
        return value;
    }

    public void WriteMemory(uint physical, int width, uint value)
    {
        if (physical == Address + Forbidden) throw new GuestKilledException("the register is forbidden");
        Done.Add($"write {physical:x} {width} {value & Mask(width):x}");
        for (int i = 0; i < width; i++) Register(physical + (uint)i) = (byte)(value >> 8 * i);
    }

    public (string Device, string Register)? NameOf(uint physical) => physical >= Address ? ("test0", $"register_{physical - Address:x}") : null;

    public void Describe(GuestMemory memory)
    {
    }

    public void Attach(IDeviceHost host) => this.host = host;

    public void Serve(PendingTransfer transfer) => throw new InvalidOperationException("nothing is ever pending");

    public string Preview(PendingTransfer transfer) => throw new InvalidOperationException("nothing is ever pending");

    public void SavePending(StateWriter state, PendingTransfer transfer) => throw new InvalidOperationException("nothing is ever pending");

    public PendingTransfer LoadPending(StateReader state) => throw new InvalidStateException("nothing is ever pending");

    public void DeliverInput() => host!.Tape?.AtInput();

    public void Reset()
    {
    }

    public void BeginNewFuture()
    {
    }

    public void Save(StateWriter state) => state.WriteRaw<byte>(Registers);

    public void Load(StateReader state) => state.ReadRaw<byte>(Registers);

    private ref byte Register(uint physical) => ref Registers[(int)(physical - Address)];

    private static uint Mask(int width) => width == 4 ? uint.MaxValue : (1u << 8 * width) - 1;
}
