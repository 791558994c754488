using LguestPS.Memory;

namespace LguestPS.Paging;

/// <summary>One level of page tables: which bits of a linear address choose an entry, and what a present entry may be.</summary>
/// <param name="Name">What a guest is told that had to end for an entry of this level.</param>
/// <param name="Shift">The lowest of the address bits that choose the entry; what it maps is as large as this bit.</param>
/// <param name="IndexBits">How many bits choose it.</param>
/// <param name="Forbidden">The flags that end the guest if a present entry has one.</param>
/// <param name="Rights">The rights that an entry can withhold; 0 where entries have no such flags, and no Accessed either.</param>
internal readonly record struct PageLevel(string Name, int Shift, int IndexBits, uint Forbidden, uint Rights)
{
    /// <summary>Entries in a table of this level.</summary>
    public uint Entries => 1u << IndexBits;

    /// <summary>Bytes of linear addresses that one entry maps.</summary>
    public uint Span => 1u << Shift;

    public uint Index(uint linear) => linear >> Shift & Entries - 1;
}

/// <summary>How a guest's page tables are laid out, level by level.</summary>
/// <remarks>Which entries end a guest is the ABI's business (§11), not the processor's: large pages never exist, and unknown flags are refused.</remarks>
internal sealed class PageTableFormat
{
    /// <summary>The most levels of any format.</summary>
    public const int MostLevels = 3;

    private const uint BothRights = PageFlags.Writable | PageFlags.User;
    private const uint BesideDirectory = ~PageFlags.Frame & ~PageFlags.DirectoryEntry;

    private readonly PageLevel[] levels;

    private PageTableFormat(int entryShift, uint end, params PageLevel[] levels)
    {
        EntryShift = entryShift;
        End = end;
        this.levels = levels;
    }

    /// <summary>A page directory and page tables, 1024 entries of 32 bits each.</summary>
    public static PageTableFormat TwoLevel { get; } = new(2, GuestMemory.SwitcherBase,
        new("page directory", 22, 10, BesideDirectory, BothRights),
        new("page table", 12, 10, PageFlags.WriteThrough | PageFlags.LargePage, BothRights));

    /// <summary>Physical address extension: four entries for a GiB each, then two levels of 512 entries, of 64 bits all.</summary>
    /// <remarks>The first level's entries know no rights and no Accessed (Intel SDM volume 3, 4.4.1). The host keeps 2 MiB, and PWT is allowed.</remarks>
    public static PageTableFormat Pae { get; } = new(3, 0xFFE00000,
        new("page directory", 30, 2, ~PageFlags.Frame & ~PageFlags.Present, 0),
        new("page middle directory", 21, 9, BesideDirectory, BothRights),
        new("page table", 12, 9, PageFlags.LargePage, BothRights));

    /// <summary>The levels, the page directory's first.</summary>
    public ReadOnlySpan<PageLevel> Levels => levels;

    /// <summary>The level whose entries lead to page tables.</summary>
    public ref readonly PageLevel AboveTables => ref levels[^2];

    /// <summary>The first linear address that belongs to the host.</summary>
    public uint End { get; }

    /// <summary>Log2 of the bytes of an entry.</summary>
    public int EntryShift { get; }

    /// <summary>Bytes of an entry.</summary>
    public int EntrySize => 1 << EntryShift;

    /// <summary>Bytes of a page directory.</summary>
    public uint DirectorySize => levels[0].Entries << EntryShift;
}
