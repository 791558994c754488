using System.Buffers.Binary;
using System.Text;

namespace LguestPS.Inspection;

/// <summary>Reads memory as numbers and texts.</summary>
internal static class MemoryTypes
{
    public const int LongestText = 4096;

    /// <summary>Bytes of a number; null for a text, whose end has to be looked for, and for structures.</summary>
    public static int? SizeOf(MemoryType type) => type switch
    {
        MemoryType.Byte or MemoryType.SByte => 1,
        MemoryType.UInt16 or MemoryType.Int16 => 2,
        MemoryType.UInt32 or MemoryType.Int32 => 4,
        MemoryType.UInt64 or MemoryType.Int64 => 8,
        _ => null,
    };

    /// <exception cref="LguestException">AddressNotMapped.</exception>
    public static MemoryValue Read(Guest guest, MemoryReader memory, uint address, MemoryType type)
    {
        (object value, int size) = SizeOf(type) is { } bytes ? (Number(type, memory.Read(address, bytes)), bytes) : Text(memory, address);
        uint? pointer = value switch { uint unsigned => unsigned, int signed => (uint)signed, _ => null };
        return new MemoryValue
        {
            Guest = guest.Name, Address = address, Physical = memory.IsPhysical, Symbol = memory.Describe(address),
            Type = type, Value = value, Size = size, PointsTo = pointer is { } target ? guest.Machine.Symbols?.Describe(target) : null,
        };
    }

    /// <summary>The bytes of a number as the guest stores it.</summary>
    /// <returns>Null if it does not fit, or the type is not a numeric type.</returns>
    public static byte[]? Bytes(MemoryType type, long value)
    {
        if (SizeOf(type) is not { } size) return null;
        // -1 and 0xFFFFFFFF are the same bytes, and users write either.
        bool fits = size == 8 || (value >= -(1L << 8 * size - 1) && value < 1L << 8 * size);
        return fits ? BitConverter.GetBytes(value)[..size] : null;
    }

    private static object Number(MemoryType type, ReadOnlySpan<byte> bytes) => type switch
    {
        MemoryType.Byte => bytes[0],
        MemoryType.SByte => (sbyte)bytes[0],
        MemoryType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        MemoryType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        MemoryType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        MemoryType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        MemoryType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };

    private static (string Text, int Size) Text(MemoryReader memory, uint address)
    {
        byte[] bytes = memory.ReadAvailable(address, LongestText);
        if (bytes.Length == 0) bytes = memory.Read(address, 1);     // says what is wrong there
        int end = bytes.AsSpan().IndexOf((byte)0);
        return (Encoding.UTF8.GetString(end < 0 ? bytes : bytes.AsSpan(0, end)), end < 0 ? bytes.Length : end + 1);
    }
}
