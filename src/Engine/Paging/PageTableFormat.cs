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

    private PageTableFormat(PagingMode mode, int entryShift, uint end, uint alignment, params PageLevel[] levels)
    {
        Mode = mode;
        EntryShift = entryShift;
        End = end;
        DirectoryAlignment = alignment;
        Levels = levels;
    }

    /// <summary>No tables: linear addresses are guest-physical ones, which only the kernel may use. So kernels from 3.1 on begin.</summary>
    public static PageTableFormat Linear => WithoutTables.Format;

    /// <summary>A page directory and page tables, 1024 entries of 32 bits each.</summary>
    public static PageTableFormat TwoLevel { get; } = new(PagingMode.TwoLevel, 2, GuestMemory.SwitcherBase, GuestMemory.PageSize,
        new("page directory", 22, 10, BesideDirectory, BothRights),
        new("page table", 12, 10, PageFlags.WriteThrough | PageFlags.LargePage, BothRights));

    /// <summary>The same from 2.6.25 on, where pages may be written through: those of devices are.</summary>
    public static PageTableFormat TwoLevelWriteThrough { get; } = new(PagingMode.TwoLevel, 2, TwoLevel.End, TwoLevel.DirectoryAlignment,
        TwoLevel.Levels[0], TwoLevel.Levels[1] with { Forbidden = PageFlags.LargePage });

    /// <summary>Physical address extension: four entries for a GiB each, then two levels of 512 entries, of 64 bits all.</summary>
    /// <remarks>The first level's entries know no rights and no Accessed (Intel SDM volume 3, 4.4.1). The host keeps 2 MiB, and PWT is allowed.</remarks>
    public static PageTableFormat Pae { get; } = new(PagingMode.Pae, 3, 0xFFE00000, 32,
        new("page directory", 30, 2, ~PageFlags.Frame & ~PageFlags.Present, 0),
        new("page middle directory", 21, 9, BesideDirectory, BothRights),
        new("page table", 12, 9, PageFlags.LargePage, BothRights));

    public PagingMode Mode { get; }

    /// <summary>The levels, the page directory's first; none in linear mode. Nobody changes them.</summary>
    public PageLevel[] Levels { get; }

    /// <summary>The level whose entries lead to page tables.</summary>
    public ref readonly PageLevel AboveTables => ref Levels[^2];

    /// <summary>The first linear address that belongs to the host.</summary>
    public uint End { get; }

    /// <summary>Log2 of the bytes of an entry.</summary>
    public int EntryShift { get; }

    /// <summary>Bytes of an entry.</summary>
    public int EntrySize => 1 << EntryShift;

    /// <summary>Bytes of a page directory.</summary>
    public uint DirectorySize => Levels.Length == 0 ? 0 : Levels[0].Entries << EntryShift;

    /// <summary>What the guest-physical address of a page directory is a multiple of; a power of two.</summary>
    public uint DirectoryAlignment { get; }

    /// <summary>Bytes of linear addresses that are looked at in one go: those of a page table.</summary>
    public uint TableSpan => Levels.Length == 0 ? TwoLevel.TableSpan : AboveTables.Span;

    /// <summary>The guest-physical address of the page directory that a value for CR3 names.</summary>
    public uint DirectoryOf(uint value) => value & ~(DirectoryAlignment - 1);

    /// <summary>An entry in all its digits.</summary>
    public string Text(ulong entry) => EntryShift == 2 ? $"{entry:x8}" : $"{entry:x16}";

    /// <param name="mode">What kind of tables they are.</param>
    /// <param name="allowsWriteThrough">Whether pages may be written through in two levels; with PAE they always may.</param>
    public static PageTableFormat Of(PagingMode mode, bool allowsWriteThrough = false) => mode switch
    {
        PagingMode.Linear => Linear,
        PagingMode.Pae => Pae,
        _ => allowsWriteThrough ? TwoLevelWriteThrough : TwoLevel,
    };

    /// <summary>Tells by a guest's first page directory how it lays out its tables: only PAE's may lie at any multiple of 32, and have entries with no flag but Present.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="directory">Guest-physical address of the page directory.</param>
    public static PagingMode Recognise(GuestMemory memory, uint directory)
    {
        directory = Pae.DirectoryOf(directory);
        if (directory % TwoLevel.DirectoryAlignment != 0) return PagingMode.Pae;
        if (!memory.Contains(directory, Pae.DirectorySize)) return PagingMode.TwoLevel;

        bool any = false;
        for (uint i = 0; i < Pae.Levels[0].Entries; i++)
        {
            ulong entry = memory.Read64(directory + (i << Pae.EntryShift));
            if ((entry & PageFlags.Present) == 0) continue;
            if ((entry & ~(ulong)PageFlags.Frame) != PageFlags.Present) return PagingMode.TwoLevel;
            any = true;
        }
        return any ? PagingMode.Pae : PagingMode.TwoLevel;
    }

    // By itself, as the runtime has to compile an array of none of our structs.
    private static class WithoutTables
    {
        public static readonly PageTableFormat Format = new(PagingMode.Linear, 2, GuestMemory.SwitcherBase, 1);
    }
}
