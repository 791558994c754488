using System.Text;
using LguestPS.Abi;
using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Boot;

/// <summary>Lays out a guest's memory as the 2007 launcher did (ABI §9): kernel, command line, boot parameters, initrd, first page tables.</summary>
internal sealed class BootMemory
{
    /// <summary>Bytes of struct boot_params: the page at address 0.</summary>
    internal const int ParametersSize = 4096;

    private const uint CommandLineAddress = 4096;
    private const uint LinearMappingLimit = 1u << 30;

    /// <summary>What the kernel is given lies below this, where every kernel has memory mapped however it splits the address space: an old one does not look for its initrd any higher.</summary>
    private const uint LowMemory = 768u << 20;

    /// <summary>What a kernel keeps of the address space above its page offset for other things than memory, and somewhat more.</summary>
    private const uint KernelReserve = 144u << 20;
    private const uint EntryFlags = PageFlags.Present | PageFlags.Writable | PageFlags.User;

    // Offsets in struct boot_params (Linux, Documentation/i386/zero-page.txt).
    internal const uint E820Entries = 0x1E8;
    internal const uint ProtocolVersion = 0x206;
    internal const uint LoaderType = 0x210;
    internal const uint LoadFlags = 0x211;
    internal const uint RamdiskImage = 0x218;
    internal const uint RamdiskSize = 0x21C;
    internal const uint CommandLinePointer = 0x228;
    internal const uint KernelAlignment = 0x230;
    internal const uint HardwareSubarch = 0x23C;
    internal const uint InitSize = 0x260;
    internal const uint E820Map = 0x2D0;

    internal const uint E820EntrySize = 20;
    internal const uint E820Ram = 1;
    private const byte UnknownLoader = 0xFF;

    // The kernel's first code then leaves alone what only ring 0 may touch: cli, the segments, the descriptor table.
    private const byte KeepSegments = 1 << 6;

    internal const uint LguestSubarch = 1;

    private readonly KernelImage kernel;
    private readonly BootRules rules;
    private readonly byte[]? initrd;
    private readonly GuestDefinition definition;
    private readonly uint initrdAddress;
    private readonly uint initrdRoom;
    private readonly PageTableFormat format;
    private readonly uint tablesAddress;
    private readonly uint middleAddress;
    private readonly uint mappedPages;

    /// <summary>Decides where everything goes.</summary>
    /// <exception cref="LguestException">InvalidImage: the kernel and the initrd do not fit.</exception>
    public BootMemory(KernelImage kernel, byte[]? initrd, GuestDefinition definition)
    {
        this.kernel = kernel;
        rules = kernel.Abi.Boot;
        this.initrd = initrd;
        this.definition = definition;
        uint ramSize = (uint)definition.Memory;
        initrdRoom = RoundUp((uint)(initrd?.Length ?? 0));
        format = kernel.Tables;
        mappedPages = rules.HasTables ? MappedPages(ramSize) : 0;
        CheckThatItFits(ramSize);

        initrdAddress = Math.Min(ramSize, LowMemory) - initrdRoom;
        if (!rules.HasTables) return;
        PageDirectory = initrdAddress - GuestMemory.PageSize;
        tablesAddress = PageDirectory - TablePages * GuestMemory.PageSize;
        middleAddress = tablesAddress - MiddlePages * GuestMemory.PageSize;
    }

    /// <summary>Guest-physical address of the first page directory; 0 if there is none.</summary>
    public uint PageDirectory { get; }

    private uint TablePages => CountTables(mappedPages, format);

    /// <summary>With PAE one middle directory is enough for all that is mapped, and for each place where it is.</summary>
    private uint MiddlePages => CountMiddles(format);

    /// <summary>What goes where, lowest address first.</summary>
    public IEnumerable<LoadedPart> Parts()
    {
        yield return new LoadedPart("boot parameters", 0, CommandLineAddress, null);
        yield return new LoadedPart("command line", CommandLineAddress, (uint)Encoding.UTF8.GetByteCount(definition.CommandLine) + 1, null);
        foreach (KernelSegment segment in kernel.SegmentsByAddress)
            yield return new LoadedPart("kernel", segment.Physical, segment.Size, definition.Kernel);
        if (rules.HasTables)
        {
            if (MiddlePages > 0) yield return new LoadedPart("page middle directory", middleAddress, MiddlePages * GuestMemory.PageSize, null);
            yield return new LoadedPart("page tables", tablesAddress, TablePages * GuestMemory.PageSize, null);
            yield return new LoadedPart("page directory", PageDirectory, GuestMemory.PageSize, null);
        }
        if (initrd is not null) yield return new LoadedPart("initrd", initrdAddress, (uint)initrd.Length, definition.Initrd);
    }

    /// <summary>Fills fresh guest memory.</summary>
    public void CopyTo(GuestMemory memory)
    {
        kernel.CopyTo(memory);
        if (initrd is not null) memory.Write(initrdAddress, initrd);
        WritePageTables(memory);
        WriteBootParameters(memory);
    }

    private void CheckThatItFits(uint ramSize)
    {
        foreach (KernelSegment segment in kernel.Segments)
        {
            if (segment.Physical < KernelImage.LowestAddress)
                throw KernelImage.Invalid(definition.Kernel, $"loads at 0x{segment.Physical:x8}, over the boot parameters below 0x{KernelImage.LowestAddress:x}");
        }
        CheckThatItIsFound(ramSize);
        ulong needed = (ulong)kernel.End + initrdRoom + TableBytes(kernel, ramSize);
        if (needed <= Math.Min(ramSize, LowMemory)) return;
        if (needed > LowMemory)
        {
            throw new LguestException(LguestError.InvalidImage,
                $"kernel '{definition.Kernel}'{(initrd is null ? " needs" : " and its initrd need")} {Mebibytes(needed)} MiB, all below {LowMemory >> 20} MiB, so no memory is large enough; give a smaller initrd, or a disk instead")
            { Path = definition.Kernel };
        }
        throw new LguestException(LguestError.InvalidImage,
            $"{ramSize >> 20} MiB of memory are too small for kernel '{definition.Kernel}'{(initrd is null ? "" : " and its initrd")}; give at least {Mebibytes(needed)} MiB")
        { Path = definition.Kernel };
    }

    /// <summary>Up to 3.19 a kernel looks for its devices where the memory ends that it uses.</summary>
    private void CheckThatItIsFound(uint ramSize)
    {
        uint most = unchecked(0 - kernel.PageOffset) - KernelReserve;
        if (!kernel.LacksHighMemory || kernel.Abi.Devices == DeviceInterface.Pci || ramSize <= most) return;
        throw new LguestException(LguestError.InvalidImage,
            $"kernel '{definition.Kernel}' is built without CONFIG_HIGHMEM: of {ramSize >> 20} MiB it would use a part, and look for its devices where that ends; give at most {most >> 20} MiB")
        { Path = definition.Kernel };
    }

    /// <summary>The least memory, in whole mebibytes, in which a kernel can be loaded, without an initrd.</summary>
    public static long LeastFor(KernelImage kernel)
    {
        const long Mebibyte = 1 << 20;
        long least = Math.Max(GuestDefinition.MinimumMemory, (kernel.End + Mebibyte - 1) / Mebibyte * Mebibyte);
        while (least < GuestDefinition.MaximumMemory && kernel.End + (long)TableBytes(kernel, (uint)least) > least) least += Mebibyte;
        return least;
    }

    /// <summary>Bytes of the page tables that a kernel finds when it starts.</summary>
    private static uint TableBytes(KernelImage kernel, uint ramSize) =>
        kernel.Abi.Boot.HasTables ? (1 + CountTables(MappedPages(ramSize), kernel.Tables) + CountMiddles(kernel.Tables)) * GuestMemory.PageSize : 0;

    private static uint MappedPages(uint ramSize) => Math.Min(ramSize, LinearMappingLimit) / GuestMemory.PageSize;

    private static uint CountTables(uint pages, PageTableFormat format) => (pages + format.Levels[^1].Entries - 1) / format.Levels[^1].Entries;

    private static uint CountMiddles(PageTableFormat format) => format.Levels.Length == PageTableFormat.MostLevels ? 1u : 0;

    private static ulong Mebibytes(ulong bytes) => (bytes + (1 << 20) - 1) >> 20;

    private void WritePageTables(GuestMemory memory)
    {
        if (!rules.HasTables) return;
        for (uint page = 0; page < mappedPages; page++) Write(memory, tablesAddress, page, page * GuestMemory.PageSize | EntryFlags);
        for (uint table = 0; MiddlePages > 0 && table < TablePages; table++) Write(memory, middleAddress, table, TableAt(table) | EntryFlags);
        if (rules.MapsIdentity) MapAllAt(memory, 0);
        if (rules.MapsPageOffset) MapAllAt(memory, kernel.PageOffset);
    }

    private void MapAllAt(GuestMemory memory, uint first)
    {
        ref readonly PageLevel level = ref format.Levels[0];
        if (MiddlePages > 0)
        {
            Write(memory, PageDirectory, level.Index(first), middleAddress | PageFlags.Present);
            return;
        }
        for (uint table = 0; table < TablePages; table++)
        {
            ulong linear = first + (ulong)table * level.Span;
            if (linear >= format.End) break;
            Write(memory, PageDirectory, level.Index((uint)linear), TableAt(table) | EntryFlags);
        }
    }

    private uint TableAt(uint table) => tablesAddress + table * GuestMemory.PageSize;

    /// <summary>Writes an entry into fresh memory, where an upper half is 0 already.</summary>
    private void Write(GuestMemory memory, uint table, uint index, uint entry) => memory.Write32(table + (index << format.EntryShift), entry);

    private void WriteBootParameters(GuestMemory memory)
    {
        memory.Write8(E820Entries, 1);
        memory.Write32(E820Map, 0);
        memory.Write32(E820Map + 4, 0);
        memory.Write32(E820Map + 8, memory.RamSize);
        memory.Write32(E820Map + 12, 0);
        memory.Write32(E820Map + 16, E820Ram);
        memory.Write8(LoaderType, UnknownLoader);
        if (initrd is not null)
        {
            memory.Write32(RamdiskImage, initrdAddress);
            memory.Write32(RamdiskSize, initrdRoom);
        }
        if (rules.EntersAtEntryPoint)
        {
            memory.Write16(ProtocolVersion, rules.Protocol);
            memory.Write8(LoadFlags, KeepSegments);
            memory.Write32(KernelAlignment, kernel.Alignment);
            memory.Write32(InitSize, kernel.SizeToUnpack);
        }
        memory.Write32(CommandLinePointer, CommandLineAddress);
        memory.Write32(HardwareSubarch, LguestSubarch);
        memory.Write(CommandLineAddress, Encoding.UTF8.GetBytes(definition.CommandLine + "\0"));
    }

    private static uint RoundUp(uint bytes) => (bytes + GuestMemory.PageSize - 1) & ~(uint)(GuestMemory.PageSize - 1);
}
