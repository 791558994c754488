using LguestPS.Paging;

namespace LguestPS;

/// <summary>The levels of a guest's page tables: two, or three with PAE.</summary>
public enum PageTableLevel : long
{
    /// <summary>The page directory: an entry for each 4 MiB, or with PAE for each GiB.</summary>
    Directory,

    /// <summary>With PAE, a page middle directory: an entry for each 2 MiB.</summary>
    Middle,

    /// <summary>A page table: an entry for each 4 KiB.</summary>
    Table,
}

/// <summary>An entry of a page directory or page table (Intel SDM volume 3, 4.3 and 4.4).</summary>
/// <param name="Level">Which of them it is in.</param>
/// <param name="Index">Its number there: 0 to 1023; with PAE 0 to 3 in the page directory, else 0 to 511.</param>
/// <param name="EntryAddress">Guest-physical address of the entry itself.</param>
/// <param name="Value">The entry: 32 bits, with PAE 64.</param>
public sealed record PageTableEntry(PageTableLevel Level, int Index, uint EntryAddress, ulong Value)
{
    public bool IsPresent => (Value & PageFlags.Present) != 0;

    /// <summary>Guest-physical address of the page table or page it leads to; means nothing if it is not present.</summary>
    public uint Frame => (uint)Value & PageFlags.Frame;

    /// <summary>The flags by their usual names, such as <c>P RW US A D</c>; only "not present" if it is not.</summary>
    public string Flags => PageFlags.Names((uint)Value);

    /// <summary>Why the entry leads nowhere, or null.</summary>
    public string? Problem { get; internal init; }

    public override string ToString() =>
        $"{(Level switch { PageTableLevel.Directory => "page directory", PageTableLevel.Middle => "page middle directory", _ => "page table" })} entry 0x{Index:x} at physical 0x{EntryAddress:x8}, which is 0x{Value:x8}";
}

/// <summary>How one linear address is translated, level by level.</summary>
public sealed record PageTableWalk : AddressView
{
    /// <summary>Guest-physical address of the page directory.</summary>
    public required uint Directory { get; init; }

    /// <summary>The entries the walk met: the directory's, and those of the levels below as far as they lead; none while the guest has no page tables.</summary>
    public required PageTableEntry[] Entries { get; init; }

    /// <summary>The guest-physical address of <see cref="AddressView.Address"/>; null if it is not mapped.</summary>
    public required uint? PhysicalAddress { get; init; }

    /// <summary>Why it is not mapped and at which level the walk failed, or null.</summary>
    public required string? Problem { get; init; }
}
