using System.Buffers.Binary;
using System.Numerics;

namespace LguestPS.Files;

/// <summary>Looks at the blocks of an xz file before anything is unpacked (xz-file-format 1.2): the library allocates whatever dictionary a block asks for.</summary>
internal static class XzBlocks
{
    private const int StreamHeader = 12;
    private const int StreamFooter = 12;
    private const int LongestBlockHeader = 1024;
    private const long LongestIndex = 16 << 20;
    private const ulong Lzma2 = 0x21;
    private const byte LargestDictionary = 28;      // 64 MiB, as xz -9 has it; coded in steps of half powers of two

    /// <summary>Reads the index at the file's end and each block's header.</summary>
    /// <param name="file">The file, which can be sought in; it is at its beginning again afterwards.</param>
    /// <exception cref="IOException">It is not one stream of blocks that are undone here.</exception>
    public static void Check(Stream file)
    {
        byte[] footer = ReadAt(file, file.Length - StreamFooter, StreamFooter);
        long indexLength = (BinaryPrimitives.ReadUInt32LittleEndian(footer.AsSpan(4)) + 1L) * 4;
        long indexStart = file.Length - StreamFooter - indexLength;
        if (!footer.AsSpan(10).SequenceEqual("YZ"u8) || indexLength > LongestIndex || indexStart < StreamHeader) throw new IOException("it is packed with xz, and is not whole");
        ReadOnlySpan<byte> index = ReadAt(file, indexStart, (int)indexLength);
        int at = 1;         // after its indicator
        long block = StreamHeader;
        for (ulong left = Number(index, ref at); left > 0; left--)
        {
            ulong length = Number(index, ref at);
            _ = Number(index, ref at);
            if (length is < 8 or > long.MaxValue / 2 || block >= indexStart) throw Other();
            CheckHeader(ReadAt(file, block, (int)Math.Min(LongestBlockHeader, indexStart - block)));
            block += ((long)length + 3) & ~3L;
        }
        if (block != indexStart) throw Other();
        file.Position = 0;
    }

    private static void CheckHeader(ReadOnlySpan<byte> header)
    {
        int size = (header[0] + 1) * 4, at = 2;
        if (size > header.Length || (header[1] & 3) != 0) throw new IOException("it is packed with xz and a filter that is not undone here; unpack it with xz -d");
        for (int sizes = BitOperations.PopCount((uint)header[1] >> 6); sizes > 0; sizes--) _ = Number(header, ref at);
        if (Number(header, ref at) != Lzma2 || Number(header, ref at) != 1) throw new IOException("it is packed with xz and a filter that is not undone here; unpack it with xz -d");
        if (header[at] > LargestDictionary) throw new IOException("it is packed with xz and a dictionary of more than 64 MiB; unpack it with xz -d");
    }

    private static IOException Other() => new("it is packed with xz, and damaged or made of several streams; unpack it with xz -d");

    private static ulong Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 63; shift += 7)
        {
            byte piece = bytes[at++];
            value |= (ulong)(piece & 0x7F) << shift;
            if ((piece & 0x80) == 0) return value;
        }
        throw Other();
    }

    private static byte[] ReadAt(Stream file, long offset, int length)
    {
        if (offset < 0 || length > file.Length - offset) throw new IOException("it is packed with xz, and is not whole");
        byte[] bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}
