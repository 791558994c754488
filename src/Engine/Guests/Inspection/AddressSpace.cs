using LguestPS.Memory;

namespace LguestPS.Inspection;

/// <summary>A page directory of a guest, looked at from outside: no walk here leaves a trace in the guest's page tables.</summary>
/// <param name="memory">The guest's memory.</param>
/// <param name="directory">Guest-physical address of the page directory, inside guest memory.</param>
internal readonly struct AddressSpace(GuestMemory memory, uint directory)
{
    public const uint Slots = GuestMemory.SwitcherBase >> SlotShift;
    public const int SlotShift = 22;
    public const uint EntriesPerTable = 1024;

    public uint Directory => directory;

    /// <summary>The directory's entry for a 4 MiB slot, 0 to 1023.</summary>
    public uint SlotEntry(uint slot) => memory.Read32(directory + slot * 4);

    public bool IsGoodDirectoryEntry(uint entry) => PageWalker.IsGoodDirectoryEntry(memory, entry);

    public bool IsGoodTableEntry(uint entry) => PageWalker.IsGoodTableEntry(memory, entry);

    /// <summary>The 1024 entries of the page table behind a good directory entry.</summary>
    public ReadOnlySpan<byte> Table(uint directoryEntry) => memory.Read(directoryEntry & PageFlags.Frame, GuestMemory.PageSize);

    /// <summary>The guest-physical address behind a linear one, whoever may use it; null if there is none.</summary>
    public uint? Translate(uint linear)
    {
        if (linear >= GuestMemory.SwitcherBase) return null;
        uint directoryEntry = SlotEntry(linear >> SlotShift);
        if ((directoryEntry & PageFlags.Present) == 0 || !IsGoodDirectoryEntry(directoryEntry)) return null;
        uint tableEntry = memory.Read32(TableEntryAddress(directoryEntry, linear));
        if ((tableEntry & PageFlags.Present) == 0 || !IsGoodTableEntry(tableEntry)) return null;
        return tableEntry & PageFlags.Frame | linear & ~PageFlags.Frame;
    }

    /// <summary>The entries a walk meets, and why it ends early if it does.</summary>
    public (PageTableEntry[] Entries, string? Problem) Walk(uint linear)
    {
        if (linear >= GuestMemory.SwitcherBase) return ([], $"0x{linear:x8} belongs to the host: nothing is mapped from 0x{GuestMemory.SwitcherBase:x8} up");

        uint slot = linear >> SlotShift;
        uint directoryEntry = SlotEntry(slot);
        PageTableEntry first = new(PageTableLevel.Directory, (int)slot, directory + slot * 4, directoryEntry)
        {
            Problem = (directoryEntry & PageFlags.Present) == 0 ? "not present" : IsGoodDirectoryEntry(directoryEntry) ? null : "bad",
        };
        if (first.Problem is { } noTable) return ([first], Because(linear, first, noTable));

        uint at = TableEntryAddress(directoryEntry, linear);
        uint tableEntry = memory.Read32(at);
        PageTableEntry second = new(PageTableLevel.Table, (int)(linear >> GuestMemory.PageShift & (EntriesPerTable - 1)), at, tableEntry)
        {
            Problem = (tableEntry & PageFlags.Present) == 0 ? "not present" : IsGoodTableEntry(tableEntry) ? null : "bad",
        };
        return ([first, second], second.Problem is { } noPage ? Because(linear, second, noPage) : null);
    }

    private static uint TableEntryAddress(uint directoryEntry, uint linear) =>
        (directoryEntry & PageFlags.Frame) + (linear >> GuestMemory.PageShift & (EntriesPerTable - 1)) * 4;

    private static string Because(uint linear, PageTableEntry entry, string why) => $"0x{linear:x8} is not mapped: {entry}, {(why == "bad" ? "is one that ends a guest" : "is " + why)}";
}
