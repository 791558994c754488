using System.Buffers.Binary;
using System.Numerics;
using K4os.Compression.LZ4;
using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;
using SharpCompress.Compressors.Xz;

namespace LguestPS.Boot;

/// <summary>The ways but gzip in which Linux packs a kernel (Linux: scripts/Makefile.lib), each undone by a library. Of lzo there is none.</summary>
internal static class Unpacking
{
    private const int PieceSize = 81920;

    // The header of an lzma file: properties, size of the dictionary, size of what is packed.
    private const int LzmaProperties = 5;
    private const int LzmaHeader = LzmaProperties + sizeof(long);
    private const uint LargestDictionary = 64 << 20;
    private const int SmallestDictionary = 4096;

    // The header of an xz file, before its first block (xz-file-format 1.2, 2.1.1 and 3.1); a dictionary's size is coded in steps of half powers of two.
    private const int XzHeader = 12;
    private const ulong XzLzma2 = 0x21;
    private const byte LargestXzDictionary = 28;        // 64 MiB

    // No more comes out of what is packed with any of these than so many times its size.
    private const long MostRatio = 1 << 13;

    // What "lz4 -l" writes: blocks with their sizes, up to the end.
    private const int Lz4Magic = 4;
    private const int LargestLz4Block = 8 << 20;

    /// <summary>Whether something that is packed so can be unpacked here.</summary>
    public static bool Knows(string packing) => packing is "bzip2" or "lzma" or "xz" or "lz4";

    /// <summary>What is packed, piece by piece; each is valid until the next one is asked for. Damage is an exception of any kind.</summary>
    /// <param name="packing">How it is packed.</param>
    /// <param name="packed">It, with its unpacked size in the last four bytes, as Linux's build adds it.</param>
    /// <param name="most">Bytes that may be unpacked; it is for the caller to stop at that.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Pieces(string packing, ReadOnlyMemory<byte> packed, long most)
    {
        if (packing == "lz4") return Lz4(packed);
        MemoryStream bytes = new(packed.ToArray());
        return Read(packing switch
        {
            "bzip2" => BZip2Stream.Create(bytes, CompressionMode.Decompress, decompressConcatenated: false, leaveOpen: false),
            "xz" => Xz(packed.Span, bytes),
            _ => Lzma(packed, most),
        }, packing == "xz" ? WholeSize(packed.Span, most) : PieceSize);
    }

    /// <summary>All of a stream, which is closed at its end.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(Stream stream, int pieceSize = PieceSize)
    {
        using Stream open = stream;
        byte[] piece = new byte[pieceSize];
        for (int read; (read = open.Read(piece, 0, piece.Length)) > 0;) yield return piece.AsMemory(0, read);
    }

    /// <summary>The library's filter for x86 code mistakes calls that two pieces share, so that all has to be one; its check finds out if it was not.</summary>
    private static int WholeSize(ReadOnlySpan<byte> packed, long most) =>
        (int)Math.Clamp(Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(packed[^sizeof(uint)..]), packed.Length * MostRatio), 1, Math.Min(most + 1, Array.MaxLength));

    /// <summary>The library allocates the dictionary of a block at once, whatever its header says; a kernel is one block.</summary>
    private static XZStream Xz(ReadOnlySpan<byte> packed, MemoryStream bytes)
    {
        int size = (packed[XzHeader] + 1) * 4, filters = (packed[XzHeader + 1] & 3) + 1, at = XzHeader + 2;
        for (int sizes = BitOperations.PopCount((uint)packed[XzHeader + 1] >> 6); sizes > 0; sizes--) Number(packed, ref at);
        for (; filters > 0 && at < XzHeader + size; filters--)
        {
            ulong filter = Number(packed, ref at);
            int properties = (int)Math.Min(Number(packed, ref at), (ulong)packed.Length);
            if (filter == XzLzma2 && packed[at] > LargestXzDictionary) throw new InvalidDataException("no kernel is packed with such a dictionary");
            at += properties;
        }
        return new XZStream(bytes);
    }

    private static ulong Number(ReadOnlySpan<byte> packed, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 63; shift += 7)
        {
            byte piece = packed[at++];
            value |= (ulong)(piece & 0x7F) << shift;
            if ((piece & 0x80) == 0) break;
        }
        return value;
    }

    private static LzmaStream Lzma(ReadOnlyMemory<byte> packed, long most)
    {
        ReadOnlySpan<byte> header = packed.Span[..LzmaHeader];
        uint dictionary = BinaryPrimitives.ReadUInt32LittleEndian(header[1..]);
        if (dictionary > LargestDictionary) throw new InvalidDataException("no kernel is packed with such a dictionary");
        // The library allocates the dictionary at once. No distance is longer than all that comes out.
        byte[] properties = header[..LzmaProperties].ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(properties.AsSpan(1), (uint)Math.Min(dictionary, Math.Max(WholeSize(packed.Span, most), SmallestDictionary)));
        long size = BinaryPrimitives.ReadInt64LittleEndian(header[LzmaProperties..]);
        return LzmaStream.Create(properties, new MemoryStream(packed[LzmaHeader..].ToArray()), inputSize: -1, size, leaveOpen: false);
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lz4(ReadOnlyMemory<byte> packed)
    {
        byte[] block = new byte[LargestLz4Block];
        ReadOnlyMemory<byte> rest = packed[Lz4Magic..];
        while (rest.Length > sizeof(uint))
        {
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
            int length = LZ4Codec.Decode(rest.Span.Slice(sizeof(uint), checked((int)size)), block);
            if (length < 0) throw new InvalidDataException("no block of lz4");
            yield return block.AsMemory(0, length);
            rest = rest[(sizeof(uint) + (int)size)..];
        }
    }
}
