using System.Text;
using LguestPS.State;

namespace LguestPS.Networks;

/// <summary>A 48-bit Ethernet address.</summary>
internal readonly record struct MacAddress(ulong Bits)
{
    public const int Size = 6;

    public static MacAddress Broadcast { get; } = new(0xFFFF_FFFF_FFFF);

    /// <summary>A local address made from a text.</summary>
    public static MacAddress Of(string text)
    {
        ulong hash = ContentHash.Of(Encoding.UTF8.GetBytes(text));
        return new MacAddress(hash & 0xFC_FFFF_FFFF_FF | 0x02_0000_0000_00);
    }

    /// <summary>The local address of a guest in a slot of a shared network.</summary>
    public static MacAddress OfSlot(int slot) => new(0x02_4C67_7565_00ul | (uint)slot);

    /// <summary>True for an address of several stations, the broadcast among them.</summary>
    public bool IsGroup => (Bits >> 40 & 1) != 0;

    public static MacAddress Read(ReadOnlySpan<byte> bytes)
    {
        ulong bits = 0;
        foreach (byte value in bytes[..Size]) bits = bits << 8 | value;
        return new MacAddress(bits);
    }

    public void Write(Span<byte> bytes)
    {
        for (int i = 0; i < Size; i++) bytes[i] = (byte)(Bits >> 8 * (Size - 1 - i));
    }

    public override string ToString()
    {
        byte[] bytes = new byte[Size];
        Write(bytes);
        return string.Join(':', bytes.Select(value => $"{value:x2}"));
    }
}
