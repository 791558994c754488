using System.Buffers.Binary;
using LguestPS.Networks.User;

namespace LguestPS.Networks;

/// <summary>Cuts a frame with a large TCP segment over IPv4 into frames that fit a wire, as a card does that can (TCP segmentation offload).</summary>
internal ref struct TcpSegmenter
{
    /// <summary>The most frames that one is cut into.</summary>
    public const int MostFrames = 1024;

    private const int EthernetHeader = 14;
    private const int TotalLengthAt = 2, IdentificationAt = 4, FragmentAt = 6, ProtocolAt = 9, IpChecksumAt = 10;
    private const int SequenceAt = 4, DataOffsetAt = 12, FlagsAt = 13;
    private const int TcpHeader = 20;
    private const byte FinOrPush = 0x09;
    private const byte WindowReduced = 0x80;

    private readonly ReadOnlySpan<byte> frame;
    private readonly int tcp, payload, segmentSize;
    private int done;
    private ushort identification;
    private uint sequence;

    private TcpSegmenter(ReadOnlySpan<byte> frame, int tcp, int payload, int segmentSize)
    {
        this.frame = frame;
        this.tcp = tcp;
        this.payload = payload;
        this.segmentSize = segmentSize;
        done = payload;
        identification = BinaryPrimitives.ReadUInt16BigEndian(frame[(EthernetHeader + IdentificationAt)..]);
        sequence = BinaryPrimitives.ReadUInt32BigEndian(frame[(tcp + SequenceAt)..]);
    }

    /// <param name="frame">The frame; what it holds is checked.</param>
    /// <param name="segmentSize">The most data of a segment.</param>
    /// <param name="segmenter">Gives the frames.</param>
    /// <returns>False if the frame holds no such segment, or one for too many frames.</returns>
    public static bool TryCreate(ReadOnlySpan<byte> frame, int segmentSize, out TcpSegmenter segmenter)
    {
        segmenter = default;
        if (frame.Length < EthernetHeader + Ipv4Packet.HeaderSize + TcpHeader || segmentSize == 0) return false;
        ReadOnlySpan<byte> packet = frame[EthernetHeader..];
        bool isIpv4 = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == (ushort)EtherType.Ipv4 && packet[0] >> 4 == 4;
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[FragmentAt..]) & 0x3FFF) != 0;
        if (!isIpv4 || isFragment || packet[ProtocolAt] != (byte)IpProtocol.Tcp) return false;
        int tcp = EthernetHeader + (packet[0] & 0xF) * 4;
        if (tcp < EthernetHeader + Ipv4Packet.HeaderSize || tcp > frame.Length - TcpHeader) return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[TotalLengthAt..]) + EthernetHeader;
        int payload = tcp + (frame[tcp + DataOffsetAt] >> 4) * 4;
        if (payload < tcp + TcpHeader || payload > length || length > frame.Length) return false;
        if (payload + segmentSize > NetworkPort.LongestFrame || (length - payload + segmentSize - 1) / segmentSize > MostFrames) return false;
        segmenter = new TcpSegmenter(frame[..length], tcp, payload, segmentSize);
        return true;
    }

    /// <summary>Makes the next frame.</summary>
    /// <param name="buffer">Gets it; of at least <see cref="NetworkPort.LongestFrame"/> bytes.</param>
    /// <returns>Its length; 0 after the last.</returns>
    public int Next(Span<byte> buffer)
    {
        if (done > frame.Length) return 0;
        int data = Math.Min(segmentSize, frame.Length - done);
        bool isFirst = done == payload, isLast = done + data == frame.Length;
        Span<byte> segment = buffer[..(payload + data)];
        frame[..payload].CopyTo(segment);
        frame.Slice(done, data).CopyTo(segment[payload..]);

        Span<byte> packet = segment[EthernetHeader..];
        BinaryPrimitives.WriteUInt16BigEndian(packet[TotalLengthAt..], (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet[IdentificationAt..], identification++);
        packet.Slice(IpChecksumAt, sizeof(ushort)).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet[IpChecksumAt..], InternetChecksum.Of(packet[..(tcp - EthernetHeader)]));
        BinaryPrimitives.WriteUInt32BigEndian(segment[(tcp + SequenceAt)..], sequence);
        if (!isFirst) segment[tcp + FlagsAt] &= WindowReduced ^ 0xFF;
        if (!isLast) segment[tcp + FlagsAt] &= FinOrPush ^ 0xFF;
        TransportChecksum.Complete(segment);

        sequence += (uint)data;
        done = isLast ? frame.Length + 1 : done + data;
        return segment.Length;
    }
}
