using System.Buffers.Binary;

namespace LguestPS.Networks.User;

/// <summary>What an Ethernet frame carries.</summary>
internal enum EtherType : ushort
{
    Ipv4 = 0x0800,
    Arp = 0x0806,
}

/// <summary>An Ethernet frame without its checksum: two addresses, a type, a payload.</summary>
internal readonly ref struct EthernetFrame
{
    public const int HeaderSize = 14;

    private const int SourceAt = 6;
    private const int TypeAt = 12;

    private EthernetFrame(ReadOnlySpan<byte> bytes)
    {
        Destination = MacAddress.Read(bytes);
        Source = MacAddress.Read(bytes[SourceAt..]);
        Type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(bytes[TypeAt..]);
        Payload = bytes[HeaderSize..];
    }

    public MacAddress Destination { get; }
    public MacAddress Source { get; }
    public EtherType Type { get; }
    public ReadOnlySpan<byte> Payload { get; }

    public static bool TryParse(ReadOnlySpan<byte> bytes, out EthernetFrame frame)
    {
        bool whole = bytes.Length >= HeaderSize;
        frame = whole ? new EthernetFrame(bytes) : default;
        return whole;
    }

    /// <summary>A frame whose payload is still to be written.</summary>
    public static byte[] Create(MacAddress source, MacAddress destination, EtherType type, int payload)
    {
        byte[] frame = new byte[HeaderSize + payload];
        destination.Write(frame);
        source.Write(frame.AsSpan(SourceAt));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(TypeAt), (ushort)type);
        return frame;
    }
}
