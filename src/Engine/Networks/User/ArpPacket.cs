using System.Buffers.Binary;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

internal enum ArpOperation : ushort
{
    Request = 1,
    Reply = 2,
}

/// <summary>A question or answer about which Ethernet address has an IPv4 address (RFC 826).</summary>
internal readonly record struct ArpPacket(ArpOperation Operation, MacAddress SenderMac, Ipv4Address Sender, MacAddress TargetMac, Ipv4Address Target)
{
    public const int Size = 28;

    private const ushort Ethernet = 1;

    public static bool TryParse(ReadOnlySpan<byte> bytes, out ArpPacket packet)
    {
        packet = default;
        if (bytes.Length < Size) return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(bytes) != Ethernet || BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) != (ushort)EtherType.Ipv4) return false;
        if (bytes[4] != MacAddress.Size || bytes[5] != Ipv4Address.Size) return false;
        packet = new ArpPacket(
            (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]),
            MacAddress.Read(bytes[8..]), Ipv4Address.Read(bytes[14..]), MacAddress.Read(bytes[18..]), Ipv4Address.Read(bytes[24..]));
        return true;
    }

    /// <summary>The frame that carries it.</summary>
    public byte[] ToFrame(MacAddress destination)
    {
        byte[] frame = EthernetFrame.Create(SenderMac, destination, EtherType.Arp, Size);
        Span<byte> bytes = frame.AsSpan(EthernetFrame.HeaderSize);
        BinaryPrimitives.WriteUInt16BigEndian(bytes, Ethernet);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)EtherType.Ipv4);
        bytes[4] = MacAddress.Size;
        bytes[5] = Ipv4Address.Size;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)Operation);
        SenderMac.Write(bytes[8..]);
        Sender.Write(bytes[14..]);
        TargetMac.Write(bytes[18..]);
        Target.Write(bytes[24..]);
        return frame;
    }
}
