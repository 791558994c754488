using System.Buffers.Binary;
using LguestPS.State;

namespace LguestPS.Devices.Virtio.Pci;

/// <summary>The configuration space of a function on the PCI bus: bytes, of which the guest may change some bits.</summary>
internal sealed class PciConfigSpace
{
    /// <summary>Its size; nothing answers beyond it.</summary>
    public const uint Size = 0x98;

    // Registers of every function (PCI Local Bus 3.0, 6.1).
    public const uint VendorAndDevice = 0x00;
    public const uint Command = 0x04;
    public const uint Status = 0x06;
    public const uint Revision = 0x08;
    public const uint Class = 0x0A;
    public const uint CacheLineAndLatency = 0x0C;
    public const uint Bar0 = 0x10;
    public const uint Subsystem = 0x2C;
    public const uint FirstCapability = 0x34;
    public const uint InterruptLine = 0x3C;

    private readonly byte[] bytes = new byte[Size];
    private readonly byte[] writable = new byte[Size];
    private readonly byte[] atReset = new byte[Size];

    public void Set8(uint register, byte value) => bytes[register] = value;

    public void Set16(uint register, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((int)register), value);

    public void Set32(uint register, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)register), value);

    /// <summary>Lets the guest change bits of a register of 32 bits.</summary>
    public void Allow(uint register, uint bits) => BinaryPrimitives.WriteUInt32LittleEndian(writable.AsSpan((int)register), bits);

    public byte Get8(uint register) => bytes[register];

    public uint Get32(uint register) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan((int)register));

    /// <summary>What the guest writes to a part of a register of 32 bits, as far as that may be changed.</summary>
    public void Write(uint register, int lane, int width, uint value)
    {
        for (int i = 0; i < width && lane + i < sizeof(uint); i++, value >>= 8) Change(register + (uint)(lane + i), (byte)value);
    }

    /// <summary>What it holds now is what it holds after a reset.</summary>
    public void Seal() => bytes.CopyTo(atReset, 0);

    public void Reset() => atReset.CopyTo(bytes, 0);

    public void Save(StateWriter state) => state.WriteRaw<byte>(bytes);

    /// <summary>Takes no more of what was saved than a guest could have changed.</summary>
    /// <exception cref="InvalidStateException">It ends too early.</exception>
    public void Load(StateReader state)
    {
        byte[] saved = new byte[Size];
        state.ReadRaw<byte>(saved);
        for (uint at = 0; at < Size; at++) Change(at, saved[at]);
    }

    private void Change(uint at, byte value) => bytes[at] = (byte)(bytes[at] & ~writable[at] | value & writable[at]);
}
