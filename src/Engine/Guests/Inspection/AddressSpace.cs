using LguestPS.Memory;
using LguestPS.Paging;

namespace LguestPS.Inspection;

/// <summary>A page directory of a guest, looked at from outside: no walk here leaves a trace in the guest's page tables.</summary>
/// <param name="tables">The guest's page tables.</param>
/// <param name="directory">Guest-physical address of the page directory, inside guest memory.</param>
internal readonly struct AddressSpace(PageTables tables, uint directory)
{
    public uint Directory => directory;

    /// <summary>Where each page table's pages begin; who goes through a whole address space does so much at once, so that a hostile directory cannot hold anybody up.</summary>
    public IEnumerable<uint> Stretches
    {
        get
        {
            PageTableFormat format = tables.Format;
            for (ulong first = 0; first < format.End; first += StretchSize) yield return (uint)first;
        }
    }

    /// <summary>Bytes that a page table maps.</summary>
    public uint StretchSize => tables.Format.TableSpan;

    /// <summary>The guest-physical address of a linear one, whoever may use it; null if there is none.</summary>
    public uint? Translate(uint linear) => tables.Find(directory, linear);

    /// <summary>The entries of a linear address, and all that lies beneath the last of them.</summary>
    /// <param name="linear">The address.</param>
    /// <param name="path">The entries.</param>
    /// <returns>From the address on, how many bytes the last entry maps, or leaves unmapped; not past the end of the stretch.</returns>
    public uint Follow(uint linear, out PagePath path)
    {
        tables.Follow(directory, linear, out path);
        if (path.Count == 0) return path.IsMapped ? GuestMemory.PageSize - (linear & GuestMemory.PageSize - 1) : StretchSize - (linear & StretchSize - 1);
        uint span = Math.Min(tables.Format.Levels[path.Count - 1].Span, StretchSize);
        return span - (linear & span - 1);
    }

    /// <summary>What a guest that ends for the last entry is told of it.</summary>
    public string NameOf(in PagePath path) => $"{tables.Format.Levels[path.Count - 1].Name} entry {tables.Format.Text(path.Last.Value)}";

    /// <summary>Whether two addresses' page tables are the same, with the same rights, so that their pages are.</summary>
    public bool SharesTable(in PagePath one, in PagePath other)
    {
        const ulong Used = PageFlags.Accessed | PageFlags.Dirty;
        int above = tables.Format.Levels.Length - 1;
        if (one.Count < above || other.Count < above) return false;
        for (int i = 0; i < above; i++)
            if ((one[i].Value & ~Used) != (other[i].Value & ~Used)) return false;
        return true;
    }

    /// <summary>The entries a walk meets, and why it ends early if it does.</summary>
    public (PageTableEntry[] Entries, string? Problem) Walk(uint linear)
    {
        uint end = tables.Format.End;
        if (linear >= end) return ([], $"0x{linear:x8} belongs to the host: nothing is mapped from 0x{end:x8} up");

        tables.Follow(directory, linear, out PagePath path);
        if (path.Count == 0) return ([], path.IsMapped ? null : $"0x{linear:x8} is beyond memory, and the guest has no page tables yet");
        PageTableEntry[] entries = new PageTableEntry[path.Count];
        for (int i = 0; i < path.Count; i++)
        {
            PageTableLevel level = i == tables.Format.Levels.Length - 1 ? PageTableLevel.Table : i == 0 ? PageTableLevel.Directory : PageTableLevel.Middle;
            entries[i] = new PageTableEntry(level, (int)tables.Format.Levels[i].Index(linear), path[i].Address, path[i].Value)
            {
                Problem = i < path.Count - 1 ? null : path.End switch
                {
                    PathEnd.NotPresent => "not present",
                    PathEnd.BadEntry => "bad",
                    PathEnd.DevicePage => "device memory",
                    _ => null,
                },
            };
        }

        return (entries, entries[^1].Problem is { } problem ? $"0x{linear:x8} is not mapped: {entries[^1]}, {(problem == "bad" ? "is one that ends a guest" : "is " + problem)}" : null);
    }
}
