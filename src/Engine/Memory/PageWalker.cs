namespace LguestPS.Memory;

/// <summary>What an access wants of a page.</summary>
[Flags]
internal enum PageAccess
{
    Read = 0,
    Write = 2,
    User = 4,
}

/// <summary>Bits of a page directory or page table entry (Intel SDM volume 3, 4.3).</summary>
internal static class PageFlags
{
    public const uint Present = 1 << 0;
    public const uint Writable = 1 << 1;
    public const uint User = 1 << 2;
    public const uint WriteThrough = 1 << 3;
    public const uint CacheDisable = 1 << 4;
    public const uint Accessed = 1 << 5;
    public const uint Dirty = 1 << 6;
    public const uint LargePage = 1 << 7;
    public const uint Global = 1 << 8;
    public const uint Frame = 0xFFFFF000;

    /// <summary>All that a present directory entry may have beside its frame (ABI §11).</summary>
    public const uint DirectoryEntry = Present | Writable | User | Accessed | Dirty;

    private static readonly (uint Bit, string Name)[] BitNames =
    [
        (Present, "P"), (Writable, "RW"), (User, "US"), (WriteThrough, "PWT"), (CacheDisable, "PCD"),
        (Accessed, "A"), (Dirty, "D"), (LargePage, "PS"), (Global, "G"),
    ];

    /// <summary>The flags of an entry by the processor manual's names; "not present" if the other bits mean nothing.</summary>
    public static string Names(uint entry) => (entry & Present) == 0
        ? "not present"
        : string.Join(' ', BitNames.Where(flag => (entry & flag.Bit) != 0).Select(flag => flag.Name));
}

/// <summary>The result of a walk: where the page is, or why it is not.</summary>
/// <param name="Physical">Guest-physical address of the byte asked for; meaningful if there is neither a fault nor a <paramref name="Bad"/> entry.</param>
/// <param name="Writable">Directory and table entry both allow writes.</param>
/// <param name="User">Directory and table entry both allow ring 3.</param>
/// <param name="Dirty">The table entry was dirty when the walk ended.</param>
/// <param name="Fault">Error code of trap 14, or null.</param>
/// <param name="Bad">Why the guest must end (ABI §11: bad page table entry, …), or null.</param>
internal readonly record struct Translation(uint Physical, bool Writable, bool User, bool Dirty, uint? Fault, string? Bad)
{
    public bool Ok => Fault is null && Bad is null;
}

/// <summary>Walks a guest's own two-level page tables as the processor would, with CR0.WP = 1.</summary>
internal static class PageWalker
{
    /// <summary>Translates a linear address; on success sets Accessed in both entries and, for a write, Dirty.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="pageDirectory">Guest-physical address of the page directory.</param>
    /// <param name="linear">The address to translate.</param>
    /// <param name="access">What is wanted of it.</param>
    public static Translation Walk(GuestMemory memory, uint pageDirectory, uint linear, PageAccess access)
    {
        // Error code bit 0 (present) is added where an entry is present but forbids the access.
        uint error = (uint)access & 6;
        if (linear >= GuestMemory.SwitcherBase) return Faulted(error);

        uint directoryEntryAddress = pageDirectory + (linear >> 22) * 4;
        uint directoryEntry = memory.Read32(directoryEntryAddress);
        if ((directoryEntry & PageFlags.Present) == 0) return Faulted(error);
        if (!IsGoodDirectoryEntry(memory, directoryEntry))
            return BadEntry($"bad page directory entry {directoryEntry:x8} for {linear:x8}");

        uint tableEntryAddress = (directoryEntry & PageFlags.Frame) + ((linear >> 12) & 1023) * 4;
        uint tableEntry = memory.Read32(tableEntryAddress);
        if ((tableEntry & PageFlags.Present) == 0) return Faulted(error);
        if (!IsGoodTableEntry(memory, tableEntry))
            return BadEntry($"bad page table entry {tableEntry:x8} for {linear:x8}");

        uint both = directoryEntry & tableEntry;
        bool write = (access & PageAccess.Write) != 0;
        if (((access & PageAccess.User) != 0 && (both & PageFlags.User) == 0) || (write && (both & PageFlags.Writable) == 0))
            return Faulted(error | 1);

        uint used = tableEntry | PageFlags.Accessed | (write ? PageFlags.Dirty : 0);
        if ((directoryEntry & PageFlags.Accessed) == 0) memory.Write32(directoryEntryAddress, directoryEntry | PageFlags.Accessed);
        if (used != tableEntry) memory.Write32(tableEntryAddress, used);

        return Found(linear, directoryEntry, used);
    }

    /// <summary>Whether a present directory entry is one a guest may have (ABI §11).</summary>
    public static bool IsGoodDirectoryEntry(GuestMemory memory, uint entry) =>
        (entry & ~PageFlags.Frame & ~PageFlags.DirectoryEntry) == 0 && entry >> 12 < memory.FrameLimit;

    /// <summary>Whether a present table entry is one a guest may have (ABI §11).</summary>
    public static bool IsGoodTableEntry(GuestMemory memory, uint entry) =>
        (entry & (PageFlags.WriteThrough | PageFlags.LargePage)) == 0 && entry >> 12 < memory.FrameLimit;

    /// <summary>Where a linear address leads, for the host's own curiosity: checks no rights and changes nothing.</summary>
    /// <returns>The guest-physical address, or null if nothing is mapped there.</returns>
    public static uint? Peek(GuestMemory memory, uint pageDirectory, uint linear)
    {
        if (linear >= GuestMemory.SwitcherBase || !memory.Contains(pageDirectory, GuestMemory.PageSize)) return null;
        uint directoryEntry = memory.Read32(pageDirectory + (linear >> 22) * 4);
        if ((directoryEntry & PageFlags.Present) == 0 || !IsGoodDirectoryEntry(memory, directoryEntry)) return null;
        uint tableEntry = memory.Read32((directoryEntry & PageFlags.Frame) + ((linear >> 12) & 1023) * 4);
        if ((tableEntry & PageFlags.Present) == 0 || !IsGoodTableEntry(memory, tableEntry)) return null;
        return (tableEntry & PageFlags.Frame) | (linear & ~PageFlags.Frame);
    }

    /// <summary>The translation of a page that the guest has used before, with the rights its entries have now; changes nothing.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="pageDirectory">A page directory in it.</param>
    /// <param name="linear">Any address in the page.</param>
    /// <returns>Null if it is not present, was never used, or is bad.</returns>
    public static Translation? FindUsed(GuestMemory memory, uint pageDirectory, uint linear)
    {
        const uint wanted = PageFlags.Present | PageFlags.Accessed;
        if (linear >= GuestMemory.SwitcherBase) return null;
        uint directoryEntry = memory.Read32(pageDirectory + (linear >> 22) * 4);
        if ((directoryEntry & wanted) != wanted || !IsGoodDirectoryEntry(memory, directoryEntry)) return null;
        uint tableEntry = memory.Read32((directoryEntry & PageFlags.Frame) + ((linear >> 12) & 1023) * 4);
        if ((tableEntry & wanted) != wanted || !IsGoodTableEntry(memory, tableEntry)) return null;
        return Found(linear, directoryEntry, tableEntry);
    }

    private static Translation Found(uint linear, uint directoryEntry, uint tableEntry)
    {
        uint both = directoryEntry & tableEntry;
        return new Translation(
            (tableEntry & PageFlags.Frame) | (linear & ~PageFlags.Frame),
            (both & PageFlags.Writable) != 0,
            (both & PageFlags.User) != 0,
            (tableEntry & PageFlags.Dirty) != 0,
            Fault: null,
            Bad: null);
    }

    private static Translation Faulted(uint error) => new(0, false, false, false, error, null);

    private static Translation BadEntry(string why) => new(0, false, false, false, null, why);
}
