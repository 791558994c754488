using System.Buffers.Binary;

namespace LguestPS.Devices.Virtio;

/// <summary>What goes before each frame (virtio 1.0, 5.1.6): how much of its work a guest has left to its card, or a card has done for it.</summary>
/// <param name="NeedsChecksum">Whether the checksum is still to be computed.</param>
/// <param name="Segmentation">How it is to be cut into frames: one of the constants, without the bit for congestion.</param>
/// <param name="SegmentSize">The most data of each of these.</param>
/// <param name="ChecksumStart">The first byte that is summed up.</param>
/// <param name="ChecksumOffset">Where from there the checksum is.</param>
internal readonly record struct NetHeader(bool NeedsChecksum, byte Segmentation, ushort SegmentSize, ushort ChecksumStart, ushort ChecksumOffset)
{
    public const byte NotCut = 0;
    public const byte Tcp4 = 1;

    /// <summary>In the first byte of a header for the guest: the checksum of the frame is right.</summary>
    public const byte DataValid = 2;

    private const byte NeedsChecksumFlag = 1;
    private const byte CongestionBit = 0x80;
    private const int SegmentSizeAt = 4, ChecksumStartAt = 6, ChecksumOffsetAt = 8;

    // Without the length of the headers, that of 2.6.24 is two bytes shorter.
    private const int ShortHeader = 8;
    private const int LeftOut = 2;

    public static NetHeader Read(ReadOnlySpan<byte> header)
    {
        int less = header.Length == ShortHeader ? LeftOut : 0;
        return new NetHeader(
            (header[0] & NeedsChecksumFlag) != 0,
            (byte)(header[1] & ~CongestionBit),
            BinaryPrimitives.ReadUInt16LittleEndian(header[(SegmentSizeAt - less)..]),
            BinaryPrimitives.ReadUInt16LittleEndian(header[(ChecksumStartAt - less)..]),
            BinaryPrimitives.ReadUInt16LittleEndian(header[(ChecksumOffsetAt - less)..]));
    }
}
