using System.Runtime.InteropServices;
using LguestPS.Memory;

namespace LguestPS.Inspection;

/// <summary>A mapped page as both levels of the tables have it.</summary>
/// <param name="Frame">Its guest-physical address.</param>
/// <param name="Rights">The flags that decide who may do what: those both levels set, and of the table alone the ones only it has.</param>
internal readonly record struct MappedPage(uint Frame, uint Rights)
{
    private const uint CombinedFlags = PageFlags.Writable | PageFlags.User;
    private const uint TableFlags = PageFlags.CacheDisable | PageFlags.Global;

    public static MappedPage From(uint directoryEntry, uint tableEntry) =>
        new(tableEntry & PageFlags.Frame, directoryEntry & tableEntry & CombinedFlags | tableEntry & TableFlags);

    public static string RightsText(uint rights)
    {
        string names = PageFlags.Names(rights | PageFlags.Present)[1..].TrimStart();
        return (rights & PageFlags.Writable) != 0 ? names : $"RO {names}".TrimEnd();
    }
}

/// <summary>Lists a whole page directory with ranges merged. Each call does one slot of 4 MiB, so that a hostile directory cannot hold anybody up.</summary>
internal sealed class PageTableTree(string guest, AddressSpace space)
{
    private Run? run;

    /// <summary>Goes through the slot's pages and gives the ranges that ended there.</summary>
    public List<PageRange> Slot(uint slot)
    {
        List<PageRange> ended = [];
        uint linear = slot << AddressSpace.SlotShift;
        uint directoryEntry = space.SlotEntry(slot);
        if ((directoryEntry & PageFlags.Present) == 0)
        {
            Close(ended);
        }
        else if (!space.IsGoodDirectoryEntry(directoryEntry))
        {
            Bad(ended, linear, AddressSpace.EntriesPerTable, "directory", directoryEntry);
        }
        else
        {
            ReadOnlySpan<uint> table = MemoryMarshal.Cast<byte, uint>(space.Table(directoryEntry));
            for (int i = 0; i < table.Length; i++, linear += GuestMemory.PageSize) Page(ended, linear, directoryEntry, table[i]);
        }
        return ended;
    }

    /// <summary>The range that was still open behind the last slot.</summary>
    public PageRange? Rest()
    {
        List<PageRange> ended = [];
        Close(ended);
        return ended.FirstOrDefault();
    }

    private void Page(List<PageRange> ended, uint linear, uint directoryEntry, uint entry)
    {
        if ((entry & PageFlags.Present) == 0)
        {
            Close(ended);
            return;
        }
        if (!space.IsGoodTableEntry(entry))
        {
            Bad(ended, linear, 1, "table", entry);
            return;
        }
        MappedPage page = MappedPage.From(directoryEntry, entry);
        if (run is not { Problem: null } open || open.Rights != page.Rights || open.Frame + open.Pages * GuestMemory.PageSize != page.Frame)
        {
            Close(ended);
            run = open = new Run { First = linear, Frame = page.Frame, Rights = page.Rights };
        }
        open.Pages++;
        if ((entry & PageFlags.Accessed) != 0) open.Accessed++;
        if ((entry & PageFlags.Dirty) != 0) open.Dirty++;
    }

    private void Bad(List<PageRange> ended, uint linear, uint pages, string level, uint entry)
    {
        if (run?.Problem is null)
        {
            Close(ended);
            run = new Run { First = linear, Problem = $"bad page {level} entry {entry:x8}" };
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
