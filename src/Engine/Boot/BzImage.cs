using System.IO.Compression;

namespace LguestPS.Boot;

/// <summary>Unpacks a bzImage without running its own decompressor (ABI §9).</summary>
internal static class BzImage
{
    /// <summary>Where the unpacked kernel goes.</summary>
    public const uint LoadAddress = 1 << 20;

    // Which way the kernel was split is found where it loads eax from one of its variables.
    private const byte MovEaxFromMemory = 0xA1;
    private const byte LowestSplit = 0x40;

    /// <summary>The kernel that is packed, with gzip, after the setup code.</summary>
    /// <param name="path">Where it comes from.</param>
    /// <param name="file">The bzImage.</param>
    /// <param name="memory">Bytes of the guest's memory: what does not fit in there is not unpacked any further.</param>
    /// <exception cref="LguestException">InvalidImage.</exception>
    public static byte[] Decompress(string path, byte[] file, long memory)
    {
        int from = BzImageHeader.SetupSize(file);
        ReadOnlySpan<byte> gzip = [0x1F, 0x8B, 0x08];
        for (int at = from; at < file.Length;)
        {
            int found = file.AsSpan(at).IndexOf(gzip);
            if (found < 0) break;
            at += found;
            if (TryUnpack(path, file, at, memory) is { } kernel) return kernel;
            at++;
        }
        throw KernelImage.Invalid(path, ForeignKernel.WithoutGzip(file));
    }

    /// <summary>The page offset the kernel was built for, by majority among the addresses in its code.</summary>
    /// <exception cref="LguestException">InvalidImage: too few addresses to tell.</exception>
    public static uint FindPageOffset(string path, ReadOnlySpan<byte> kernel)
    {
        Span<int> votes = stackalloc int[256];
        for (int i = 0; i + 4 < kernel.Length; i++)
            if (kernel[i] == MovEaxFromMemory && kernel[i + 4] is >= LowestSplit and < byte.MaxValue) votes[kernel[i + 4]]++;

        int best = LowestSplit;
        for (int high = LowestSplit; high < votes.Length; high++)
            if (votes[high] > votes[best]) best = high;
        return votes[best] > 3 ? (uint)best << 24 : throw KernelImage.Invalid(path, "does not tell its page offset; use its vmlinux instead");
    }

    /// <summary>The kernel that is packed in another way than with gzip; null if that is not unpacked here, or is damaged.</summary>
    /// <param name="path">Where it comes from.</param>
    /// <param name="file">The bzImage.</param>
    /// <param name="packing">How it is packed.</param>
    /// <param name="memory">Bytes of the guest's memory: what does not fit in there is not unpacked any further.</param>
    /// <exception cref="LguestException">InvalidImage: it unpacks to more than <paramref name="memory"/>.</exception>
    public static byte[]? TryDecompress(string path, byte[] file, string packing, long memory)
    {
        if (!Unpacking.Knows(packing)) return null;
        (int at, int length) = BzImageHeader.PayloadRange(file);
        try
        {
            return Collect(path, Unpacking.Pieces(packing, file.AsMemory(at, length), memory), memory);
        }
        catch (Exception e) when (e is not LguestException)
        {
            // The libraries promise nothing about what they throw for bytes that no program has packed.
            return null;
        }
    }

    private static byte[]? TryUnpack(string path, byte[] file, int at, long memory)
    {
        using GZipStream stream = new(new PackedKernel(file, at), CompressionMode.Decompress);
        try
        {
            return Collect(path, Unpacking.Read(stream), memory);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static byte[]? Collect(string path, IEnumerable<ReadOnlyMemory<byte>> pieces, long memory)
    {
        using MemoryStream kernel = new();
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            if (kernel.Length + piece.Length > memory) throw KernelImage.Invalid(path, $"unpacks to more than the guest's {memory >> 20} MiB of memory; give it more, if this is a kernel");
            kernel.Write(piece.Span);
        }
        return kernel.Length == 0 ? null : kernel.ToArray();
    }

    /// <summary>What is packed, with one more byte after it. Whoever asks for more than that has found no end: GZipStream by itself takes a cut-off file for a whole one.</summary>
    private sealed class PackedKernel(byte[] file, int at) : MemoryStream(file, at, file.Length - at, writable: false)
    {
        private bool ended;

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = base.Read(buffer, offset, count);
            if (read > 0 || count == 0) return read;
            if (ended) throw new InvalidDataException("cut off");
            ended = true;
            buffer[offset] = 0;
            return 1;
        }
    }
}
