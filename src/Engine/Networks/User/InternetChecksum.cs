using System.Buffers.Binary;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>The checksum of IPv4, ICMP, UDP and TCP (RFC 1071): the complement of the one's complement sum of 16-bit words.</summary>
internal static class InternetChecksum
{
    /// <param name="bytes">What is summed; a packet with its right checksum in it gives 0.</param>
    /// <param name="initial">The sum so far, such as that of a pseudo header.</param>
    public static ushort Of(ReadOnlySpan<byte> bytes, uint initial = 0)
    {
        ulong sum = initial;
        for (; bytes.Length >= 4; bytes = bytes[4..]) sum += BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (bytes.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[2..];
        }
        if (!bytes.IsEmpty) sum += (uint)bytes[0] << 8;
        while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>The sum of the pseudo header that TCP and UDP put before their own.</summary>
    public static uint PseudoHeader(Ipv4Address source, Ipv4Address destination, IpProtocol protocol, int length) =>
        (source.Bits >> 16) + (source.Bits & 0xFFFF) + (destination.Bits >> 16) + (destination.Bits & 0xFFFF) + (uint)protocol + (uint)length;
}
