using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.Xz;
using SharpCompress.Compressors.ZStandard;

namespace LguestPS.Files;

/// <summary>Files as they are shipped: packed whole with gzip, bzip2, xz or zstd. What comes out is bounded, whatever a file says of itself.</summary>
internal static class PackedFile
{
    private const int PieceSize = 1 << 20;
    private const int LongestMagic = 6;
    private const int ShortestGzip = 20;        // header, nothing, trailer

    private static readonly (string Name, string Extension, byte[] Magic)[] Packings =
    [
        ("gzip", ".gz", [0x1F, 0x8B, 8]),
        ("bzip2", ".bz2", "BZh"u8.ToArray()),
        ("xz", ".xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
        ("zstd", ".zst", [0x28, 0xB5, 0x2F, 0xFD]),
    ];

    /// <summary>How an open file is packed; null if it is in no way that is undone here.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string? PackingOf(SafeFileHandle file)
    {
        Span<byte> start = stackalloc byte[LongestMagic];
        start = start[..RandomAccess.Read(file, start, 0)];
        foreach ((string name, _, byte[] magic) in Packings)
            if (start.StartsWith(magic)) return name;
        return null;
    }

    /// <summary>The same, for files that may begin with anything: only one whose name says so, too, is packed.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string? PackingOf(string path, SafeFileHandle file) =>
        PackingOf(file) is { } packing && path.EndsWith(Packings.First(known => known.Name == packing).Extension, StringComparison.OrdinalIgnoreCase) ? packing : null;

    /// <summary>What a packed file begins with.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="packing">How it is packed.</param>
    /// <param name="most">At most so many bytes.</param>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    public static byte[] ReadStart(SafeFileHandle file, string packing, int most) => Unpack(file, packing, stream =>
    {
        byte[] start = new byte[most];
        return start[..stream.ReadAtLeast(start, most, throwOnEndOfStream: false)];
    });

    /// <summary>All of a packed file.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="packing">How it is packed.</param>
    /// <param name="most">The most bytes that may come out.</param>
    /// <exception cref="IOException">It cannot be read, is damaged, or holds more.</exception>
    public static byte[] ReadAll(SafeFileHandle file, string packing, long most) => Unpack(file, packing, stream =>
    {
        using MemoryStream all = new();
        Copy(stream, most, piece => all.Write(piece));
        CheckWhole(file, packing, all.Length);
        return all.ToArray();
    });

    /// <summary>A temporary file with all that a packed one holds; it takes no space for zeros.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="packing">How it is packed.</param>
    /// <param name="most">The most bytes that may come out.</param>
    /// <exception cref="IOException">It cannot be read, is damaged, holds more, or there is no room for it.</exception>
    /// <exception cref="UnauthorizedAccessException">There can be no temporary file.</exception>
    public static FileStream ToTemporary(SafeFileHandle file, string packing, long most)
    {
        FileStream whole = HostFile.OpenTemporary();
        try
        {
            // Half of what is free is left to others.
            long room = new DriveInfo(Path.GetTempPath()).AvailableFreeSpace / 2;
            long taken = 0;
            Unpack(file, packing, stream =>
            {
                Copy(stream, most, piece =>
                {
                    if (!piece.ContainsAnyExcept((byte)0))
                    {
                        whole.Position += piece.Length;
                        return;
                    }
                    if ((taken += piece.Length) > room) throw new IOException($"unpacked, it takes more than half of the space that is free in {Path.GetTempPath()}");
                    whole.Write(piece);
                });
                return 0;
            });
            CheckWhole(file, packing, whole.Position);
            whole.SetLength(whole.Position);
            whole.Position = 0;
            return whole;
        }
        catch
        {
            whole.Dispose();
            throw;
        }
    }

    /// <summary>The library takes a file of gzip that is cut off for one that ends there; its last four bytes say how much it holds (RFC 1952, 2.3.1).</summary>
    /// <exception cref="IOException">It is cut off, or several were joined.</exception>
    private static void CheckWhole(SafeFileHandle file, string packing, long length)
    {
        if (packing != "gzip") return;
        long packed = RandomAccess.GetLength(file);
        Span<byte> size = stackalloc byte[sizeof(uint)];
        _ = RandomAccess.Read(file, size, Math.Max(0, packed - size.Length));
        if (packed < ShortestGzip || BinaryPrimitives.ReadUInt32LittleEndian(size) != (uint)length) throw new IOException("it is packed with gzip, and not whole or made of several pieces; unpack it with gzip -d");
    }

    private delegate void Taker(ReadOnlySpan<byte> piece);

    private static void Copy(Stream stream, long most, Taker take)
    {
        byte[] piece = new byte[PieceSize];
        long all = 0;
        while (stream.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false) is > 0 and var length)
        {
            if ((all += length) > most) throw new IOException($"it holds more than {most >> 20} MiB");
            take(piece.AsSpan(0, length));
        }
    }

    private static T Unpack<T>(SafeFileHandle file, string packing, Func<Stream, T> read)
    {
        try
        {
            using Stream packed = new HandleStream(file);
            if (packing == "xz") XzBlocks.Check(packed);
            using Stream stream = packing switch
            {
                "gzip" => new GZipStream(packed, System.IO.Compression.CompressionMode.Decompress, leaveOpen: true),
                "bzip2" => BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true),
                "xz" => new XZStream(packed),
                _ => new DecompressionStream(packed, leaveOpen: true),
            };
            return read(stream);
        }
        catch (Exception e) when (e is not (IOException or UnauthorizedAccessException or OutOfMemoryException))
        {
            // The libraries have many ways to say so.
            throw new IOException($"it is packed with {packing}, and damaged", e);
        }
    }

    /// <summary>An open file from its beginning, which stays open: its handle may be shared with whoever opened it.</summary>
    private sealed class HandleStream(SafeFileHandle file) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length { get; } = RandomAccess.GetLength(file);
        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            int read = RandomAccess.Read(file, buffer, Position);
            Position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
