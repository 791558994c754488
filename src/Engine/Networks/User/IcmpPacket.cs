using System.Buffers.Binary;

namespace LguestPS.Networks.User;

/// <summary>Why a packet did not arrive: codes of ICMP's "destination unreachable".</summary>
internal enum Unreachable : byte
{
    Port = 3,

    /// <summary>Somebody decided so: the network is closed there.</summary>
    Prohibited = 13,
}

/// <summary>The part of ICMP that a gateway needs: echo, and the news that a destination is unreachable (RFC 792).</summary>
internal static class IcmpPacket
{
    public const int HeaderSize = 8;
    public const byte EchoRequest = 8;

    private const byte EchoReply = 0;
    private const byte DestinationUnreachable = 3;
    private const int QuotedPayload = 8;

    /// <summary>The answer to an echo request, or null if it is not one.</summary>
    public static byte[]? TryAnswer(ReadOnlySpan<byte> request)
    {
        if (request.Length < HeaderSize || request[0] != EchoRequest || request[1] != 0 || InternetChecksum.Of(request) != 0) return null;
        byte[] reply = request.ToArray();
        reply[0] = EchoReply;
        return Sealed(reply);
    }

    /// <summary>Tells the sender of a packet that it did not arrive, by the start of that packet.</summary>
    public static byte[] NotReached(Unreachable why, scoped Ipv4Packet packet)
    {
        ReadOnlySpan<byte> quote = packet.Whole[..Math.Min(packet.Whole.Length, packet.HeaderLength + QuotedPayload)];
        byte[] message = new byte[HeaderSize + quote.Length];
        message[0] = DestinationUnreachable;
        message[1] = (byte)why;
        quote.CopyTo(message.AsSpan(HeaderSize));
        return Sealed(message);
    }

    private static byte[] Sealed(byte[] message)
    {
        message[2] = message[3] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), InternetChecksum.Of(message));
        return message;
    }
}
