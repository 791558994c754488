using System.Buffers.Binary;
using System.Net;

namespace LguestPS.Definition;

/// <summary>An IPv4 address; 10.0.2.2 is 0x0A000202.</summary>
internal readonly record struct Ipv4Address(uint Bits)
{
    public const int Size = 4;

    public static Ipv4Address Any { get; } = new(0);

    public static Ipv4Address Broadcast { get; } = new(uint.MaxValue);

    /// <summary>True for what may be the address of one machine: neither 0.x, multicast nor broadcast.</summary>
    public bool IsUnicast => Bits >> 24 is not 0 and < 224;

    public static Ipv4Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    /// <param name="address">An IPv4 address.</param>
    public static Ipv4Address From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[Size];
        return address.TryWriteBytes(bytes, out int written) && written == Size ? Read(bytes) : throw new ArgumentException($"{address} is not an IPv4 address", nameof(address));
    }

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt32BigEndian(bytes, Bits);

    public override string ToString() => $"{Bits >> 24}.{(byte)(Bits >> 16)}.{(byte)(Bits >> 8)}.{(byte)Bits}";
}
