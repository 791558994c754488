using LguestPS.Paging;

namespace LguestPS.Inspection;

/// <summary>Compares two page directories page by page, a stretch of them at a time. What is bad or belongs to the host counts as not mapped.</summary>
internal sealed class PageTableComparison(string guest, AddressSpace first, AddressSpace second)
{
    private PageDifference? open;
    private (PageDifferenceKind Kind, uint? Rights, uint? OtherRights) how;

    /// <summary>Goes through the pages of a stretch and gives the differences that ended there.</summary>
    /// <param name="start">Where it begins.</param>
    public List<PageDifference> Stretch(uint start)
    {
        List<PageDifference> ended = [];
        for (uint done = 0; done < first.StretchSize;)
        {
            uint span = Math.Min(first.Follow(start + done, out PagePath one), second.Follow(start + done, out PagePath other));
            if (first.SharesTable(one, other))
            {
                Close(ended);       // the same table, so nothing can differ
                return ended;
            }
            Compare(ended, start + done, span, MappedPage.Of(one), MappedPage.Of(other));
            done += span;
        }
        return ended;
    }

    public PageDifference? Rest() => open;

    private void Compare(List<PageDifference> ended, uint linear, uint span, MappedPage? one, MappedPage? other)
    {
        if (one == other)
        {
            Close(ended);
            return;
        }
        PageDifferenceKind kind = one is null ? PageDifferenceKind.OnlySecond
            : other is null ? PageDifferenceKind.OnlyFirst
            : one.Value.Frame != other.Value.Frame ? PageDifferenceKind.Frame : PageDifferenceKind.Rights;
        uint last = linear + (span - 1);
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
