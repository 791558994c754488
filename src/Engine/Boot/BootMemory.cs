using System.Text;
using LguestPS.Memory;

namespace LguestPS.Boot;

/// <summary>Lays out a guest's memory as the 2007 launcher did (ABI §9): kernel, command line, boot parameters, initrd, first page tables.</summary>
internal static class BootMemory
{
    private const uint CommandLineAddress = 4096;
    private const uint LinearMappingLimit = 1u << 30;
    private const uint EntryFlags = PageFlags.Present | PageFlags.Writable | PageFlags.User;

    // Offsets in struct boot_params (Linux, Documentation/i386/zero-page.txt).
    private const uint E820Entries = 0x1E8;
    private const uint LoaderType = 0x210;
    private const uint RamdiskImage = 0x218;
    private const uint RamdiskSize = 0x21C;
    private const uint CommandLinePointer = 0x228;
    private const uint HardwareSubarch = 0x23C;
    private const uint E820Map = 0x2D0;

    private const uint E820Ram = 1;
    private const byte UnknownLoader = 0xFF;
    private const uint LguestSubarch = 1;

    /// <summary>Fills fresh guest memory.</summary>
    /// <returns>Guest-physical address of the first page directory.</returns>
    /// <exception cref="LguestException">InvalidImage: the kernel and the initrd do not fit.</exception>
    public static uint Load(GuestMemory memory, KernelImage kernel, byte[]? initrd, GuestDefinition definition)
    {
        uint initrdSize = (uint)(initrd?.Length ?? 0);
        uint initrdRoom = RoundUp(initrdSize);
        uint mappedPages = Math.Min(memory.RamSize, LinearMappingLimit) / GuestMemory.PageSize;
        uint tablePages = (mappedPages + 1023) / 1024;
        ulong top = (ulong)initrdRoom + (1 + tablePages) * GuestMemory.PageSize;
        foreach (KernelSegment segment in kernel.Segments)
        {
            if (segment.Physical < KernelImage.LowestAddress)
                throw KernelImage.Invalid(definition.Kernel, $"loads at 0x{segment.Physical:x8}, over the boot parameters below 0x{KernelImage.LowestAddress:x}");
        }
        if (kernel.End + top > memory.RamSize)
        {
            ulong needed = (kernel.End + top + (1 << 20) - 1) >> 20;
            throw new LguestException(LguestError.InvalidImage,
                $"{memory.RamSize >> 20} MiB of memory are too small for kernel '{definition.Kernel}'{(initrd is null ? "" : " and its initrd")}; give at least {needed} MiB")
            { Path = definition.Kernel };
        }

        kernel.CopyTo(memory);
        uint initrdAddress = memory.RamSize - initrdRoom;
        if (initrd is not null) memory.Write(initrdAddress, initrd);
        uint directory = initrdAddress - GuestMemory.PageSize;
        WritePageTables(memory, directory, tablePages, mappedPages, kernel.PageOffset);
        WriteBootParameters(memory, initrdAddress, initrdRoom, definition.CommandLine);
        return directory;
    }

    private static void WritePageTables(GuestMemory memory, uint directory, uint tablePages, uint mappedPages, uint pageOffset)
    {
        uint tables = directory - tablePages * GuestMemory.PageSize;
        for (uint page = 0; page < mappedPages; page++)
            memory.Write32(tables + page * 4, page * GuestMemory.PageSize | EntryFlags);
        for (uint table = 0; table < tablePages; table++)
        {
            uint slot = (pageOffset >> 22) + table;
            // The top 4 MiB are the host's.
            if (slot >= Cpu.VirtualCpu.SwitcherBase >> 22) break;
            memory.Write32(directory + slot * 4, (tables + table * GuestMemory.PageSize) | EntryFlags);
        }
    }

    private static void WriteBootParameters(GuestMemory memory, uint initrdAddress, uint initrdSize, string commandLine)
    {
        memory.Write8(E820Entries, 1);
        memory.Write32(E820Map, 0);
        memory.Write32(E820Map + 4, 0);
        memory.Write32(E820Map + 8, memory.RamSize);
        memory.Write32(E820Map + 12, 0);
        memory.Write32(E820Map + 16, E820Ram);
        memory.Write8(LoaderType, UnknownLoader);
        if (initrdSize > 0)
        {
            memory.Write32(RamdiskImage, initrdAddress);
            memory.Write32(RamdiskSize, initrdSize);
        }
        memory.Write32(CommandLinePointer, CommandLineAddress);
        memory.Write32(HardwareSubarch, LguestSubarch);
        memory.Write(CommandLineAddress, Encoding.UTF8.GetBytes(commandLine + "\0"));
    }

    private static uint RoundUp(uint bytes) => (bytes + GuestMemory.PageSize - 1) & ~(uint)(GuestMemory.PageSize - 1);
}
