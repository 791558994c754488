using System.Buffers.Binary;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>What an IPv4 packet carries.</summary>
internal enum IpProtocol : byte
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
}

/// <summary>An IPv4 packet that is whole: not a fragment, all there, its header's checksum right (RFC 791).</summary>
internal readonly ref struct Ipv4Packet
{
    /// <summary>Bytes of a header without options, as we write it.</summary>
    public const int HeaderSize = 20;

    private const byte VersionAndHeaderWords = 0x45;
    private const ushort DoNotFragment = 0x4000;
    private const ushort FragmentMask = 0x3FFF;     // more fragments, or not the first
    private const byte TimeToLive = 64;

    private Ipv4Packet(ReadOnlySpan<byte> bytes, int headerLength)
    {
        Whole = bytes;
        Protocol = (IpProtocol)bytes[9];
        Source = Ipv4Address.Read(bytes[12..]);
        Destination = Ipv4Address.Read(bytes[16..]);
        HeaderLength = headerLength;
    }

    public IpProtocol Protocol { get; }
    public Ipv4Address Source { get; }
    public Ipv4Address Destination { get; }
    public int HeaderLength { get; }

    /// <summary>Header and payload, without what a short frame was padded with.</summary>
    public ReadOnlySpan<byte> Whole { get; }

    public ReadOnlySpan<byte> Payload => Whole[HeaderLength..];

    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv4Packet packet)
    {
        packet = default;
        if (bytes.Length < HeaderSize || bytes[0] >> 4 != 4) return false;
        int header = (bytes[0] & 0xF) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (header < HeaderSize || total < header || total > bytes.Length) return false;
        if ((BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & FragmentMask) != 0) return false;
        if (InternetChecksum.Of(bytes[..header]) != 0) return false;
        packet = new Ipv4Packet(bytes[..total], header);
        return true;
    }

    /// <summary>Writes the header at the start of a whole packet, whose payload lies after it.</summary>
    public static void WriteHeader(Span<byte> bytes, Ipv4Address source, Ipv4Address destination, IpProtocol protocol)
    {
        Span<byte> header = bytes[..HeaderSize];
        header.Clear();
        header[0] = VersionAndHeaderWords;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)bytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], DoNotFragment);
        header[8] = TimeToLive;
        header[9] = (byte)protocol;
        source.Write(header[12..]);
        destination.Write(header[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Of(header));
    }
}
