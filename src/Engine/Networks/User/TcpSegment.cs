using System.Buffers.Binary;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

[Flags]
internal enum TcpFlags : byte
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
}

/// <summary>A TCP segment (RFC 9293 §3.1).</summary>
internal readonly ref struct TcpSegment
{
    public const int HeaderSize = 20;

    /// <summary>The most data of a segment that travels in one frame.</summary>
    public const int LongestPayload = NetworkPort.LongestFrame - EthernetFrame.HeaderSize - Ipv4Packet.HeaderSize - HeaderSize;

    private const int ChecksumAt = 16;
    private const byte EndOfOptions = 0;
    private const byte NoOperation = 1;
    private const byte MaximumSegmentSize = 2;
    private const int MaximumSegmentSizeLength = 4;

    private TcpSegment(ReadOnlySpan<byte> bytes, int headerLength)
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        Sequence = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        Acknowledgement = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]);
        Flags = (TcpFlags)(bytes[13] & 0x1F);
        Window = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        Options = bytes[HeaderSize..headerLength];
        Payload = bytes[headerLength..];
    }

    public ushort SourcePort { get; }
    public ushort DestinationPort { get; }
    public uint Sequence { get; }
    public uint Acknowledgement { get; }
    public TcpFlags Flags { get; }
    public ushort Window { get; }
    public ReadOnlySpan<byte> Options { get; }
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Sequence numbers it takes: its data, and one each for SYN and FIN.</summary>
    public uint Length => (uint)Payload.Length + (Has(TcpFlags.Syn) ? 1u : 0) + (Has(TcpFlags.Fin) ? 1u : 0);

    public bool Has(TcpFlags flag) => (Flags & flag) != 0;

    public static bool TryParse(Ipv4Packet packet, out TcpSegment segment)
    {
        segment = default;
        ReadOnlySpan<byte> bytes = packet.Payload;
        if (bytes.Length < HeaderSize) return false;
        int header = (bytes[12] >> 4) * 4;
        if (header < HeaderSize || header > bytes.Length) return false;
        if (InternetChecksum.Of(bytes, InternetChecksum.PseudoHeader(packet.Source, packet.Destination, IpProtocol.Tcp, bytes.Length)) != 0) return false;
        segment = new TcpSegment(bytes, header);
        return true;
    }

    /// <summary>The most data the sender takes in a segment; 536 if it does not say (RFC 9293 §3.7.1).</summary>
    public int ReadMaximumSegmentSize()
    {
        const int Unsaid = 536;
        ReadOnlySpan<byte> options = Options;
        while (!options.IsEmpty && options[0] != EndOfOptions)
        {
            if (options[0] == NoOperation)
            {
                options = options[1..];
                continue;
            }
            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length) break;
            if (options[0] == MaximumSegmentSize && options[1] == MaximumSegmentSizeLength) return BinaryPrimitives.ReadUInt16BigEndian(options[2..]);
            options = options[options[1]..];
        }
        return Unsaid;
    }

    /// <summary>Bytes of a segment's header; a SYN says in it how much we take.</summary>
    public static int HeaderLength(TcpFlags flags) => HeaderSize + ((flags & TcpFlags.Syn) != 0 ? MaximumSegmentSizeLength : 0);

    /// <summary>Writes the header at the start of a whole segment, whose data lies after it.</summary>
    public static void WriteHeader(Span<byte> bytes, in TcpFlow flow, uint sequence, uint acknowledgement, TcpFlags flags, ushort window)
    {
        int header = HeaderLength(flags);
        BinaryPrimitives.WriteUInt16BigEndian(bytes, flow.HostPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], flow.GuestPort);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], acknowledgement);
        bytes[12] = (byte)(header / 4 << 4);
        bytes[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[14..], window);
        bytes[ChecksumAt..HeaderSize].Clear();
        if (header > HeaderSize)
        {
            bytes[HeaderSize] = MaximumSegmentSize;
            bytes[HeaderSize + 1] = MaximumSegmentSizeLength;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[(HeaderSize + 2)..], LongestPayload);
        }
        uint pseudo = InternetChecksum.PseudoHeader(flow.Host, flow.Guest, IpProtocol.Tcp, bytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], InternetChecksum.Of(bytes, pseudo));
    }
}

/// <summary>Who talks to whom: an address and port the guest sees, and its own.</summary>
internal readonly record struct TcpFlow(Ipv4Address Host, ushort HostPort, Ipv4Address Guest, ushort GuestPort);
