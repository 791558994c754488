namespace LguestPS.Networks;

/// <summary>A 48-bit Ethernet address.</summary>
internal readonly record struct MacAddress(ulong Bits)
{
    public const int Size = 6;

    public static MacAddress Broadcast { get; } = new(0xFFFF_FFFF_FFFF);

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
