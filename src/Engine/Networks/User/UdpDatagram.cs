using System.Buffers.Binary;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>A UDP datagram (RFC 768).</summary>
internal readonly ref struct UdpDatagram
{
    public const int HeaderSize = 8;

    /// <summary>The most data of a datagram that travels in one frame.</summary>
    public const int LongestPayload = NetworkPort.LongestFrame - EthernetFrame.HeaderSize - Ipv4Packet.HeaderSize - HeaderSize;

    private UdpDatagram(ReadOnlySpan<byte> bytes)
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        Payload = bytes[HeaderSize..];
    }

    public ushort SourcePort { get; }
    public ushort DestinationPort { get; }
    public ReadOnlySpan<byte> Payload { get; }

    public static bool TryParse(Ipv4Packet packet, out UdpDatagram datagram)
    {
        datagram = default;
        ReadOnlySpan<byte> bytes = packet.Payload;
        if (bytes.Length < HeaderSize) return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (length < HeaderSize || length > bytes.Length) return false;
        bytes = bytes[..length];
        bool isChecked = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) != 0;
        if (isChecked && InternetChecksum.Of(bytes, InternetChecksum.PseudoHeader(packet.Source, packet.Destination, IpProtocol.Udp, length)) != 0) return false;
        datagram = new UdpDatagram(bytes);
        return true;
    }

    /// <summary>The bytes of a datagram.</summary>
    public static byte[] Create(Ipv4Address source, ushort sourcePort, Ipv4Address destination, ushort destinationPort, ReadOnlySpan<byte> payload)
    {
        byte[] bytes = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
        payload.CopyTo(bytes.AsSpan(HeaderSize));
        ushort checksum = InternetChecksum.Of(bytes, InternetChecksum.PseudoHeader(source, destination, IpProtocol.Udp, bytes.Length));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), checksum == 0 ? ushort.MaxValue : checksum);     // 0 would say: not checked
        return bytes;
    }
}
