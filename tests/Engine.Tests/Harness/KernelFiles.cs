using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using LguestPS.Abi;

namespace LguestPS.Tests;

/// <summary>Kernel images made in the test: the smallest that boot, and whatever is wrong with others.</summary>
internal static class KernelFiles
{
    public const uint PageOffset = 0xC0000000;

    /// <summary>Where <see cref="Smallest"/> loads.</summary>
    public const uint Physical = 0x2000;

    public const int ElfHeaderSize = 52;
    public const int ProgramHeaderSize = 32;

    private const int SetupSectors = 1;
    private const int SectorSize = 512;

    /// <summary>The signature the host looks for; the entry point is right after it.</summary>
    public static byte[] Signature => "GenuineLguest"u8.ToArray();

    /// <summary>One segment with the signature and 19 bytes of code.</summary>
    public static byte[] Smallest => Elf(new Segment(Physical, [.. Signature, .. Enumerable.Repeat((byte)0x90, 19)]));

    public sealed record Segment(uint Physical, byte[] Bytes, uint? Size = null, uint? Virtual = null, uint Type = 1);

    public static byte[] Elf(params Segment[] segments) => ElfAt(entry: null, segments);

    /// <summary>An ELF kernel with an entry point in its header; without one it is where the first segment is, physically.</summary>
    public static byte[] ElfAt(uint? entry, params Segment[] segments)
    {
        int data = ElfHeaderSize + segments.Length * ProgramHeaderSize;
        byte[] file = new byte[data + segments.Sum(segment => segment.Bytes.Length)];
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1 }.CopyTo(file, 0);
        Put16(file, 16, 2);                 // ET_EXEC
        Put16(file, 18, 3);                 // EM_386
        Put32(file, 20, 1);
        Put32(file, 24, entry ?? segments.FirstOrDefault()?.Physical ?? Physical);
        Put32(file, 28, ElfHeaderSize);
        Put16(file, 40, ElfHeaderSize);
        Put16(file, 42, ProgramHeaderSize);
        Put16(file, 44, (ushort)segments.Length);

        for (int i = 0; i < segments.Length; i++)
        {
            Segment segment = segments[i];
            int header = ElfHeaderSize + i * ProgramHeaderSize;
            Put32(file, header, segment.Type);
            Put32(file, header + 4, (uint)data);
            Put32(file, header + 8, segment.Virtual ?? segment.Physical + PageOffset);
            Put32(file, header + 12, segment.Physical);
            Put32(file, header + 16, (uint)segment.Bytes.Length);
            Put32(file, header + 20, segment.Size ?? (uint)segment.Bytes.Length);
            Put32(file, header + 24, 7);
            Put32(file, header + 28, 4096);
            segment.Bytes.CopyTo(file, data);
            data += segment.Bytes.Length;
        }
        return file;
    }

    /// <summary>A bzImage around a kernel; <paramref name="before"/> is the decompressor that is skipped.</summary>
    public static byte[] BzImage(byte[] kernel, byte[]? before = null) => BzImageOf(Gzip(kernel), before: before);

    /// <summary>A bzImage around a kernel that is packed already, with what its header says about it.</summary>
    public static byte[] BzImageOf(byte[] packed, string? version = null, ushort loadFlags64 = 0, byte[]? before = null)
    {
        byte[] setup = new byte[(SetupSectors + 1) * SectorSize];
        setup[0x1F1] = SetupSectors;
        "HdrS"u8.CopyTo(setup.AsSpan(0x202));
        setup[0x211] = 1;                   // loaded at 1 MiB, as a zImage is not
        if (version is not null)
        {
            Put16(setup, 0x206, 0x20C);
            Put16(setup, 0x20E, 0x100);
            Put16(setup, 0x236, loadFlags64);
            Put32(setup, 0x248, (uint)(before?.Length ?? 0));
            Put32(setup, 0x24C, (uint)packed.Length);
            Encoding.Latin1.GetBytes(version).CopyTo(setup, 0x300);
        }
        byte[] file = [.. setup, .. before ?? [], .. packed];
        if (version is not null) Put32(file, 0x1F4, (uint)(file.Length - setup.Length + 15) / 16);
        return file;
    }

    /// <summary>struct lguest_data as kernels of an era are built with it: the clock's interrupt blocked, the ring empty, and what tells the era.</summary>
    public static byte[] LguestData(string abi, uint pageOffset = PageOffset, uint code = PageOffset + Physical)
    {
        EraSigns signs = AbiProfile.Find(abi)!.Signs;
        byte[] data = new byte[1404];
        Put32(data, 4, 1);
        data.AsSpan((int)signs.HcallStatus, GuestDataLayout.RingSize).Fill(0xFF);
        if (signs.NoIrqStart is { } noIrq)
        {
            Put32(data, (int)noIrq, code);
            Put32(data, (int)noIrq + 4, code + 8);
        }
        if (signs.SyscallVec is { } at)
        {
            Put32(data, (int)at - 4, pageOffset);
            Put32(data, (int)at, 0x80);
        }
        return data;
    }

    /// <summary>A flat kernel as a bzImage packs it: code that loads eax from its own variables, and the signature.</summary>
    public static byte[] FlatKernel(byte pageOffsetHigh = 0xC0, int loads = 8)
    {
        List<byte> code = [];
        for (int i = 0; i < loads; i++) code.AddRange([0xA1, (byte)i, 0x20, 0x10, pageOffsetHigh]);
        return [.. code, .. Signature, 0x90, 0x90];
    }

    public static void Put16(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    public static void Put32(byte[] file, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);

    public static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return packed.ToArray();
    }
}
