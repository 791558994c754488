using System.Buffers.Binary;

namespace LguestPS.Boot;

/// <summary>Reads the loadable segments of a 32-bit x86 ELF executable (ABI §9).</summary>
internal static class ElfImage
{
    private const int HeaderSize = 52;
    private const int ProgramHeaderSize = 32;
    private const byte Class32 = 1;
    private const byte Class64 = 2;
    private const byte LittleEndian = 1;
    private const ushort TypeExecutable = 2;
    private const ushort Machine386 = 3;
    private const ushort MachineX64 = 62;
    private const uint SegmentLoad = 1;

    public static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith("\x7f"u8) && file.Length > 3 && file[1..4].SequenceEqual("ELF"u8);

    /// <summary>32 or 64; null if the header says neither.</summary>
    public static int? Bits(ReadOnlySpan<byte> file) => file.Length <= 4 ? null : file[4] switch { Class32 => 32, Class64 => 64, _ => null };

    /// <param name="path">For messages.</param>
    /// <param name="file">The whole file.</param>
    /// <param name="pageOffset">The one offset between virtual and physical addresses that all segments share.</param>
    /// <param name="entryPoint">The address of the first instruction, as the header has it.</param>
    /// <exception cref="LguestException">InvalidImage.</exception>
    public static IReadOnlyList<KernelSegment> Read(string path, byte[] file, out uint pageOffset, out uint entryPoint)
    {
        if (file.Length < HeaderSize) throw KernelImage.Invalid(path, "is cut off in its ELF header");
        ushort machine = U16(file, 18);
        if (file[4] != Class32 || file[5] != LittleEndian || machine != Machine386)
            throw KernelImage.Invalid(path, machine == MachineX64 && file[4] == Class64
                ? ForeignKernel.Is64Bit
                : $"is an ELF file for another machine (class {file[4]}, machine {machine}); {ForeignKernel.Wanted}");
        if (U16(file, 16) != TypeExecutable)
            throw KernelImage.Invalid(path, $"is an ELF file but not an executable (type {U16(file, 16)}), so it is no kernel; {ForeignKernel.Wanted}");

        uint table = U32(file, 28);
        int entrySize = U16(file, 42);
        int count = U16(file, 44);
        if (entrySize < ProgramHeaderSize || table + (long)entrySize * count > file.Length)
            throw KernelImage.Invalid(path, "has its program headers outside the file: it is cut off or damaged");

        List<KernelSegment> segments = [];
        uint? offset = null;
        for (int i = 0; i < count; i++)
        {
            int header = (int)table + i * entrySize;
            if (U32(file, header) != SegmentLoad) continue;
            uint at = U32(file, header + 4), address = U32(file, header + 8), physical = U32(file, header + 12);
            uint bytes = U32(file, header + 16), size = U32(file, header + 20);
            if (size == 0) continue;
            if (bytes > size || (long)at + bytes > file.Length)
                throw KernelImage.Invalid(path, $"has segment {i} outside the file: it is cut off or damaged");
            if ((ulong)physical + size > uint.MaxValue)
                throw KernelImage.Invalid(path, $"has segment {i} at the impossible address 0x{physical:x8}");
            if (offset is { } first && first != address - physical)
                throw KernelImage.Invalid(path, "has segments at different offsets between virtual and physical addresses");
            offset = address - physical;
            segments.Add(new KernelSegment(physical, file.AsMemory((int)at, (int)bytes), size));
        }
        if (offset is not { } found) throw KernelImage.Invalid(path, "has nothing to load");
        // The linear mapping starts in a page directory slot of its own, and not where user programs live.
        if (found == 0 || found % (4 << 20) != 0)
            throw KernelImage.Invalid(path, $"is linked with the page offset 0x{found:x8}; it must be a multiple of 4 MiB and not 0");
        pageOffset = found;
        entryPoint = U32(file, 24);
        return segments;
    }

    private static ushort U16(byte[] file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

    private static uint U32(byte[] file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
}
