using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Inspection;

/// <summary>A mapped page as all levels of the tables have it.</summary>
/// <param name="Frame">Its guest-physical address.</param>
/// <param name="Rights">The flags that decide who may do what: those all levels set, and of the table alone the ones only it has.</param>
internal readonly record struct MappedPage(uint Frame, uint Rights)
{
    private const uint TableFlags = PageFlags.CacheDisable | PageFlags.Global;

    /// <summary>The page of memory that a path leads to, or null.</summary>
    public static MappedPage? Of(in PagePath path) => path.End != PathEnd.Page ? null
        : new MappedPage(path.Physical & PageFlags.Frame, path.Rights | (uint)path.Last.Value & TableFlags);

    public static string RightsText(uint rights)
    {
        string names = PageFlags.Names(rights | PageFlags.Present)[1..].TrimStart();
        return (rights & PageFlags.Writable) != 0 ? names : $"RO {names}".TrimEnd();
    }
}

/// <summary>Lists a whole page directory with ranges merged. Each call does a stretch of it.</summary>
internal sealed class PageTableTree(string guest, AddressSpace space)
{
    private Run? run;

    /// <summary>Goes through the pages of a stretch and gives the ranges that ended there.</summary>
    /// <param name="start">Where it begins.</param>
    public List<PageRange> Stretch(uint start)
    {
        List<PageRange> ended = [];
        for (uint done = 0; done < space.StretchSize;)
        {
            uint linear = start + done, span = space.Follow(linear, out PagePath path);
            if (path.End == PathEnd.BadEntry) Bad(ended, linear, span / GuestMemory.PageSize, path);
            else if (MappedPage.Of(path) is { } page) Add(ended, linear, page, (uint)path.Last.Value);
            else Close(ended);
            done += span;
        }
        return ended;
    }

    /// <summary>The range that was still open after the last stretch.</summary>
    public PageRange? Rest()
    {
        List<PageRange> ended = [];
        Close(ended);
        return ended.FirstOrDefault();
    }

    private void Add(List<PageRange> ended, uint linear, MappedPage page, uint entry)
    {
        if (run is not { Problem: null } open || open.Rights != page.Rights || open.Frame + open.Pages * GuestMemory.PageSize != page.Frame)
        {
            Close(ended);
            run = open = new Run { First = linear, Frame = page.Frame, Rights = page.Rights };
        }
        open.Pages++;
        if ((entry & PageFlags.Accessed) != 0) open.Accessed++;
        if ((entry & PageFlags.Dirty) != 0) open.Dirty++;
    }

    private void Bad(List<PageRange> ended, uint linear, uint pages, in PagePath path)
    {
        if (run?.Problem is null)
        {
            Close(ended);
            run = new Run { First = linear, Problem = $"bad {space.NameOf(path)}" };
        }
        run.Pages += pages;
    }

    private void Close(List<PageRange> ended)
    {
        if (run is { } open)
        {
            ended.Add(new PageRange
            {
                Guest = guest, Directory = space.Directory, First = open.First, Last = open.First + open.Pages * GuestMemory.PageSize - 1,
                PhysicalAddress = open.Problem is null ? open.Frame : null, Rights = open.Problem is null ? MappedPage.RightsText(open.Rights) : "",
                Accessed = open.Accessed, Dirty = open.Dirty, Problem = open.Problem,
            });
        }
        run = null;
    }

    private sealed class Run
    {
        public required uint First { get; init; }
        public uint Frame { get; init; }
        public uint Rights { get; init; }
        public string? Problem { get; init; }
        public uint Pages { get; set; }
        public int Accessed { get; set; }
        public int Dirty { get; set; }
    }
}
