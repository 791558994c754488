using System.Buffers.Binary;
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
    private const uint LargestDictionary = 128 << 20;

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
            "xz" => new XZStream(bytes),
            _ => Lzma(packed),
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
        (int)Math.Clamp(BinaryPrimitives.ReadUInt32LittleEndian(packed[^sizeof(uint)..]), 1, Math.Min(most + 1, Array.MaxLength));

    private static LzmaStream Lzma(ReadOnlyMemory<byte> packed)
    {
        ReadOnlySpan<byte> header = packed.Span[..LzmaHeader];
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[1..]) > LargestDictionary) throw new InvalidDataException("no kernel is packed with such a dictionary");
        long size = BinaryPrimitives.ReadInt64LittleEndian(header[LzmaProperties..]);
        return LzmaStream.Create(header[..LzmaProperties].ToArray(), new MemoryStream(packed[LzmaHeader..].ToArray()), inputSize: -1, size, leaveOpen: false);
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
