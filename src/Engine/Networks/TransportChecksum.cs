using System.Buffers.Binary;
using LguestPS.Networks.User;

namespace LguestPS.Networks;

/// <summary>The checksums of TCP and UDP in whole frames: guests that share a network leave them out, and others leave them to their card.</summary>
internal static class TransportChecksum
{
    private const int Vlan = 0x8100;
    private const int VlanTag = 4;
    private const int TypeAt = 12;
    private const ushort Ipv4 = 0x0800;
    private const ushort Ipv6 = 0x86DD;
    private const int Ipv4Header = 20;
    private const int Ipv6Header = 40;
    private const byte Tcp = 6;
    private const byte Udp = 17;

    /// <summary>Writes the checksum of the segment or datagram in a frame, if there is a whole one.</summary>
    /// <param name="frame">An Ethernet frame; anything else is left alone.</param>
    public static void Complete(Span<byte> frame)
    {
        if (!TryFind(frame, out Place place)) return;
        Span<byte> checksum = frame.Slice(place.Checksum, sizeof(ushort));
        if (place.IsUdp && checksum is [0, 0]) return;      // it has none
        checksum.Clear();
        Write(checksum, InternetChecksum.Of(frame[place.Payload], place.PseudoHeader));
    }

    /// <summary>Whether a frame has a whole segment or datagram with its right checksum.</summary>
    public static bool IsRight(ReadOnlySpan<byte> frame) =>
        TryFind(frame, out Place place) && frame.Slice(place.Checksum, sizeof(ushort)) is not [0, 0] && InternetChecksum.Of(frame[place.Payload], place.PseudoHeader) == 0;

    /// <summary>Does what a guest has left to its card: sums up from a byte to the end, which begins with the sum of the pseudo header in place of the checksum.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="start">The first byte of the segment or datagram.</param>
    /// <param name="offset">Where in it the checksum is.</param>
    /// <returns>False if that is not inside the frame.</returns>
    public static bool TryFinish(Span<byte> frame, int start, int offset)
    {
        if (start > frame.Length || offset > frame.Length - start - sizeof(ushort)) return false;
        Write(frame.Slice(start + offset, sizeof(ushort)), InternetChecksum.Of(frame[start..]));
        return true;
    }

    // 0 would mean that there is none; all ones is the same sum.
    private static void Write(Span<byte> checksum, ushort sum) => BinaryPrimitives.WriteUInt16BigEndian(checksum, sum == 0 ? ushort.MaxValue : sum);

    private static bool TryFind(ReadOnlySpan<byte> frame, out Place place)
    {
        place = default;
        int header = NetworkPort.ShortestFrame;
        if (frame.Length < header + VlanTag) return false;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[TypeAt..]);
        if (type == Vlan)
        {
            header += VlanTag;
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[(TypeAt + VlanTag)..]);
        }
        return type switch
        {
            Ipv4 => TryFindInIpv4(frame, header, out place),
            Ipv6 => TryFindInIpv6(frame, header, out place),
            _ => false,
        };
    }

    private static bool TryFindInIpv4(ReadOnlySpan<byte> frame, int at, out Place place)
    {
        place = default;
        ReadOnlySpan<byte> packet = frame[at..];
        if (packet.Length < Ipv4Header || packet[0] >> 4 != 4) return false;
        int header = (packet[0] & 0xF) * 4, length = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        if (isFragment || header < Ipv4Header || length < header || length > packet.Length) return false;
        return TryMake(packet[9], packet[12..20], (at + header)..(at + length), out place);
    }

    private static bool TryFindInIpv6(ReadOnlySpan<byte> frame, int at, out Place place)
    {
        place = default;
        ReadOnlySpan<byte> packet = frame[at..];
        if (packet.Length < Ipv6Header || packet[0] >> 4 != 6) return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (length > packet.Length - Ipv6Header) return false;
        return TryMake(packet[6], packet[8..40], (at + Ipv6Header)..(at + Ipv6Header + length), out place);
    }

    private static bool TryMake(byte protocol, ReadOnlySpan<byte> addresses, Range payload, out Place place)
    {
        place = default;
        int length = payload.End.Value - payload.Start.Value;
        int at = protocol switch
        {
            Tcp => 16,
            Udp => 6,
            _ => int.MaxValue,
        };
        if (at > length - sizeof(ushort)) return false;
        place = new Place(payload, payload.Start.Value + at, (uint)(ushort)~InternetChecksum.Of(addresses) + protocol + (uint)length, protocol == Udp);
        return true;
    }

    private readonly record struct Place(Range Payload, int Checksum, uint PseudoHeader, bool IsUdp);
}
