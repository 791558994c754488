using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>The checksum of IPv4, ICMP, UDP and TCP (RFC 1071): the complement of the one's complement sum of 16-bit words.</summary>
internal static class InternetChecksum
{
    /// <param name="bytes">What is summed; a packet with its right checksum in it gives 0.</param>
    /// <param name="initial">The sum so far, such as that of a pseudo header.</param>
    public static ushort Of(ReadOnlySpan<byte> bytes, uint initial = 0)
    {
        // Such sums come out the same in either order of bytes: words are summed as they lie, and the sum is turned in the end.
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        ulong sum = 0;
        foreach (ulong word in words) sum += (uint)word + (word >> 32);
        Span<byte> rest = stackalloc byte[sizeof(ulong)];
        rest.Clear();
        bytes[(words.Length * sizeof(ulong))..].CopyTo(rest);
        ulong last = MemoryMarshal.Read<ulong>(rest);
        sum += (uint)last + (last >> 32);
        ushort folded = Fold(sum);
        return (ushort)~Fold(initial + (ulong)(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded));
    }

    /// <summary>The sum of the pseudo header that TCP and UDP put before their own.</summary>
    public static uint PseudoHeader(Ipv4Address source, Ipv4Address destination, IpProtocol protocol, int length) =>
        (source.Bits >> 16) + (source.Bits & 0xFFFF) + (destination.Bits >> 16) + (destination.Bits & 0xFFFF) + (uint)protocol + (uint)length;

    private static ushort Fold(ulong sum)
    {
        while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)sum;
    }
}
