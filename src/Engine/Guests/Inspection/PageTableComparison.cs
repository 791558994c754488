using LguestPS.Memory;

namespace LguestPS.Inspection;

/// <summary>Compares two page directories page by page, a slot of 4 MiB at a time. What is bad or belongs to the host counts as not mapped.</summary>
internal sealed class PageTableComparison(string guest, GuestMemory memory, AddressSpace first, AddressSpace second)
{
    private PageDifference? open;
    private (PageDifferenceKind Kind, uint? Rights, uint? OtherRights) how;

    /// <summary>Goes through the slot's pages and gives the differences that ended there.</summary>
    public List<PageDifference> Slot(uint slot)
    {
        List<PageDifference> ended = [];
        uint entry = first.SlotEntry(slot), other = second.SlotEntry(slot);
        const uint Used = PageFlags.Accessed | PageFlags.Dirty;
        if ((entry & ~Used) == (other & ~Used))
        {
            Close(ended);       // the same table, so nothing can differ
            return ended;
        }
        for (uint page = 0; page < AddressSpace.EntriesPerTable; page++)
            Compare(ended, slot << AddressSpace.SlotShift | page << GuestMemory.PageShift, Find(first, entry, page), Find(second, other, page));
        return ended;
    }

    public PageDifference? Rest() => open;

    private MappedPage? Find(AddressSpace space, uint directoryEntry, uint page)
    {
        if ((directoryEntry & PageFlags.Present) == 0 || !space.IsGoodDirectoryEntry(directoryEntry)) return null;
        uint entry = memory.Read32((directoryEntry & PageFlags.Frame) + page * 4);
        return (entry & PageFlags.Present) != 0 && space.IsGoodTableEntry(entry) ? MappedPage.From(directoryEntry, entry) : null;
    }

    private void Compare(List<PageDifference> ended, uint linear, MappedPage? one, MappedPage? other)
    {
        if (one == other)
        {
            Close(ended);
            return;
        }
        PageDifferenceKind kind = one is null ? PageDifferenceKind.OnlySecond
            : other is null ? PageDifferenceKind.OnlyFirst
            : one.Value.Frame != other.Value.Frame ? PageDifferenceKind.Frame : PageDifferenceKind.Rights;
        uint last = linear | GuestMemory.PageSize - 1;
        if (open is { } run && how == (kind, one?.Rights, other?.Rights))
        {
            open = run with { Last = last };
            return;
        }
        Close(ended);
        how = (kind, one?.Rights, other?.Rights);
        open = new PageDifference
        {
            Guest = guest, Directory = first.Directory, OtherDirectory = second.Directory, Kind = kind, First = linear, Last = last,
            PhysicalAddress = one?.Frame, OtherPhysicalAddress = other?.Frame,
            Rights = one is { } a ? MappedPage.RightsText(a.Rights) : null, OtherRights = other is { } b ? MappedPage.RightsText(b.Rights) : null,
        };
    }

    private void Close(List<PageDifference> ended)
    {
        if (open is not null) ended.Add(open);
        open = null;
    }
}
