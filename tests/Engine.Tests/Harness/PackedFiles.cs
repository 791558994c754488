using System.Buffers.Binary;
using System.Text;
using K4os.Compression.LZ4;
using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;

namespace LguestPS.Tests;

/// <summary>A kernel, and the same packed in each way that Linux knows, as its build does it: with its size, but for gzip, after it.</summary>
internal static class PackedFiles
{
    public const uint PageOffset = 0xB0000000;

    // More than is unpacked at a time.
    private const int Calls = 20000;

    public static string[] Unpackable => ["gzip", "bzip2", "lzma", "xz", "lz4"];

    /// <summary>An ELF kernel with lguest, with calls in it, whose targets the filter of xz rewrites.</summary>
    public static byte[] Kernel
    {
        get
        {
            List<byte> code = [.. Encoding.ASCII.GetBytes("Linux version 3.2.65 (a@b) (gcc) #1 SMP\0\0lguest\0")];
            for (int i = 0; i < Calls; i++) code.AddRange([0xE8, .. BitConverter.GetBytes(0x10000 - i * 6), 0x90]);
            return KernelFiles.Elf(new KernelFiles.Segment(KernelFiles.Physical, [.. code], Virtual: KernelFiles.Physical + PageOffset));
        }
    }

    /// <summary>What xz --check=crc32 --x86 --lzma2=dict=32MiB makes of <see cref="Kernel"/>; no library here writes it.</summary>
    private const string Xz =
        "/Td6WFoAAAFpIt42AgEEACEBGgAByYCz4dVDALZdAD+RRYRoO97epg8j1uh+aSmdk1q9qTUfbRG5AMECND+Q8xyA4zMqyoge1m4HDHOzKxota11UaSl2hT47HNPIqEDv+QWoQmdgiXgpCnTMpUQlJs"
        + "R6at719EjPVFzWf29vVEhDQNofp8JOoWvcWDKg45DH0s9gZn7AWPRgAH5eN8sPqsvYC4o+V7XtgUthdXD7iZEdpYZoz8qcy7XxsSlE3YFMS1tpHivk5ZjdTz+l7z0edtDyDEQAAAAApm9ybwABzgHE"
        + "qgcAibVWtz4wDYsCAAAAAAFZWkTVAQA=";

    /// <summary>A kernel, packed; with xz only <see cref="Kernel"/> itself.</summary>
    public static byte[] Pack(string packing, byte[] kernel)
    {
        if (packing == "gzip") return KernelFiles.Gzip(kernel);
        if (packing == "xz") return Convert.FromBase64String(Xz);
        using MemoryStream packed = new();
        switch (packing)
        {
            case "bzip2":
                using (Stream bzip2 = BZip2Stream.Create(packed, CompressionMode.Compress, decompressConcatenated: false, leaveOpen: true)) bzip2.Write(kernel);
                break;
            case "lzma":
                using (MemoryStream body = new())
                {
                    using (LzmaStream lzma = LzmaStream.Create(new LzmaEncoderProperties(eos: true), isLzma2: false, body))
                    {
                        packed.Write(lzma.Properties);
                        lzma.Write(kernel);
                    }
                    packed.Write(BitConverter.GetBytes(-1L));
                    packed.Write(body.ToArray());
                }
                break;
            case "lz4":
                byte[] block = new byte[LZ4Codec.MaximumOutputSize(kernel.Length)];
                int length = LZ4Codec.Encode(kernel, block);
                packed.Write([0x02, 0x21, 0x4C, 0x18]);
                packed.Write(BitConverter.GetBytes(length));
                packed.Write(block.AsSpan(0, length));
                break;
            default:
                throw new ArgumentException(packing);
        }
        byte[] size = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, kernel.Length);
        packed.Write(size);
        return packed.ToArray();
    }
}
