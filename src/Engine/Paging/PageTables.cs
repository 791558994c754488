using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using LguestPS.Memory;

namespace LguestPS.Paging;

/// <summary>The one way through a guest's own page tables: as its processor would walk them, with CR0.WP = 1, and as the host looks at them.</summary>
internal sealed class PageTables
{
    /// <summary>What the kernel may do where there are no tables; programs may do nothing.</summary>
    private const uint LinearRights = PageFlags.Writable;

    private PageLevel[] levels;
    private int entryShift;
    private uint directorySize;

    /// <param name="memory">The guest's memory.</param>
    /// <param name="format">How the tables are laid out; <see cref="PageTableFormat.TwoLevel"/> by default.</param>
    public PageTables(GuestMemory memory, PageTableFormat? format = null)
    {
        Memory = memory;
        SetFormat(format ?? PageTableFormat.TwoLevel);
    }

    public GuestMemory Memory { get; }

    public PageTableFormat Format { get; private set; }

    /// <summary>From now on the tables are laid out so.</summary>
    [MemberNotNull(nameof(Format), nameof(levels))]
    public void SetFormat(PageTableFormat format)
    {
        Format = format;
        levels = format.Levels;
        entryShift = format.EntryShift;
        directorySize = format.DirectorySize;
    }

    /// <summary>Translates a linear address; where it leads somewhere, sets Accessed in every entry that has it and, for a write, Dirty.</summary>
    /// <param name="directory">Guest-physical address of the page directory.</param>
    /// <param name="linear">The address to translate.</param>
    /// <param name="access">What is wanted of it.</param>
    public Translation Walk(uint directory, uint linear, PageAccess access)
    {
        uint needed = (uint)(access & (PageAccess.Write | PageAccess.User));
        if (linear >= Format.End) return Translation.Faulted(needed);
        if (!Memory.Contains(directory, directorySize)) return Ends(directory, linear);

        // In locals, not in a path: this is what a vCPU waits for.
        PageLevel[] levels = this.levels;
        int shift = entryShift;
        uint table = directory, rights = PageFlags.Writable | PageFlags.User;
        PathEnd end = PathEnd.Page;
        if (levels.Length != 2)
        {
            if (levels.Length == 0) return WalkLinear(linear, needed);
            end = Descend(levels[0], shift, linear, ref table, ref rights, isLast: false, out _, out _);
            if (end != PathEnd.Page) return end == PathEnd.NotPresent ? Translation.Faulted(needed) : Ends(directory, linear);
        }
        end = Descend(levels[^2], shift, linear, ref table, ref rights, isLast: false, out uint upperAddress, out ulong upper);
        if (end != PathEnd.Page) return end == PathEnd.NotPresent ? Translation.Faulted(needed) : Ends(directory, linear);
        end = Descend(levels[^1], shift, linear, ref table, ref rights, isLast: true, out uint address, out ulong entry);
        if (end > PathEnd.DevicePage) return end == PathEnd.NotPresent ? Translation.Faulted(needed) : Ends(directory, linear);
        // Error code bit 0 (present) is added where the entries are present but forbid the access.
        if ((needed & ~rights) != 0) return Translation.Faulted(needed | PageFlags.Present);

        uint used = (uint)entry | PageFlags.Accessed | ((access & PageAccess.Write) != 0 ? PageFlags.Dirty : 0);
        if ((upper & PageFlags.Accessed) == 0) Memory.Write32(upperAddress, (uint)upper | PageFlags.Accessed);
        if (used != (uint)entry) Memory.Write32(address, used);
        return Found(linear, table, rights, used, end);
    }

    /// <summary>Where a linear address leads, for the host's own curiosity: checks no rights and changes nothing.</summary>
    /// <returns>The guest-physical address, or null if no memory is mapped there.</returns>
    public uint? Find(uint directory, uint linear)
    {
        if (linear >= Format.End) return null;
        Follow(directory, linear, out PagePath path);
        return path.End == PathEnd.Page ? path.Physical : null;
    }

    /// <summary>The translation of a page of memory that the guest has used before, with the rights its entries have now; changes nothing.</summary>
    /// <param name="directory">Guest-physical address of a page directory.</param>
    /// <param name="linear">Any address in the page.</param>
    /// <returns>Null if it is not present, was never used, or is bad.</returns>
    public Translation? FindUsed(uint directory, uint linear)
    {
        if (linear >= Format.End) return null;
        Follow(directory, linear, out PagePath path);
        if (path.End != PathEnd.Page) return null;
        if (levels.Length == 0) return WalkLinear(linear, needed: 0);
        for (int i = 0; i < levels.Length; i++)
            if (levels[i].Rights != 0 && (path[i].Value & PageFlags.Accessed) == 0) return null;
        return Found(linear, (uint)path.Last.Value & PageFlags.Frame, path.Rights, (uint)path.Last.Value, path.End);
    }

    /// <summary>Whether an address has a page table, good or bad; also one of the host's.</summary>
    public bool HasTable(uint directory, uint linear)
    {
        if (levels.Length == 0) return false;
        Follow(directory, linear, out PagePath path);
        return path.Count == levels.Length || (path.Count == levels.Length - 1 && path.End == PathEnd.BadEntry);
    }

    /// <summary>Meets the entries of a linear address one level after the other, whoever may use them; changes nothing.</summary>
    public void Follow(uint directory, uint linear, out PagePath path)
    {
        Unsafe.SkipInit(out path);
        path.Linear = linear;
        path.Count = 0;
        path.Rights = PageFlags.Writable | PageFlags.User;
        path.End = PathEnd.BadDirectory;
        if (!Memory.Contains(directory, directorySize)) return;

        if (levels.Length == 0)
        {
            path.Rights = LinearRights;
            path.End = linear >> GuestMemory.PageShift < Memory.FrameLimit ? PathEnd.Page : PathEnd.BadAddress;
            return;
        }

        uint table = directory;
        path.End = PathEnd.Page;
        for (int i = 0; i < levels.Length && path.End == PathEnd.Page; i++)
        {
            path.End = Descend(levels[i], entryShift, linear, ref table, ref path.Rights, isLast: i == levels.Length - 1, out uint address, out ulong entry);
            path[path.Count++] = new PagePath.Step(address, entry);
        }
    }

    /// <summary>The way where there are no tables.</summary>
    private Translation WalkLinear(uint linear, uint needed)
    {
        if (linear >> GuestMemory.PageShift >= Memory.FrameLimit) return Ends(directory: 0, linear);
        return (needed & ~LinearRights) != 0 ? Translation.Faulted(needed | PageFlags.Present) : Found(linear, linear & PageFlags.Frame, LinearRights, PageFlags.Dirty, PathEnd.Page);
    }

    /// <summary>Meets one entry, and says where it leads: the one place that knows which entries a guest may have (ABI §11).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PathEnd Descend(in PageLevel level, int shift, uint linear, ref uint table, ref uint rights, bool isLast, out uint address, out ulong entry)
    {
        address = table + (level.Index(linear) << shift);
        entry = shift == 2 ? Memory.Read32(address) : Memory.Read64(address);
        if ((entry & PageFlags.Present) == 0) return PathEnd.NotPresent;
        if ((entry & level.Forbidden) != 0) return PathEnd.BadEntry;
        rights &= (uint)entry | ~level.Rights;
        table = (uint)entry & PageFlags.Frame;
        ulong frame = entry >> GuestMemory.PageShift;
        return frame < Memory.FrameLimit ? PathEnd.Page : isLast && frame < Memory.DeviceLimit ? PathEnd.DevicePage : PathEnd.BadEntry;
    }

    /// <summary>The end of a guest that uses a bad entry.</summary>
    private Translation Ends(uint directory, uint linear)
    {
        Follow(directory, linear, out PagePath path);
        return Translation.Ends(Problem(directory, path));
    }

    /// <summary>Why a guest ends that uses a path with a bad end.</summary>
    private string Problem(uint directory, in PagePath path)
    {
        if (path.End == PathEnd.BadDirectory) return $"bad page directory {directory:x8}";
        if (path.End == PathEnd.BadAddress) return $"bad address {path.Linear:x8}: beyond memory, and there are no page tables yet";
        return $"bad {levels[path.Count - 1].Name} entry {Format.Text(path.Last.Value)} for {path.Linear:x8}";
    }

    private static Translation Found(uint linear, uint frame, uint rights, uint entry, PathEnd end) => new(
        frame | linear & GuestMemory.PageSize - 1,
        (rights & PageFlags.Writable) != 0,
        (rights & PageFlags.User) != 0,
        (entry & PageFlags.Dirty) != 0,
        Fault: null,
        Bad: null,
        Global: (entry & PageFlags.Global) != 0,
        IsDevice: end == PathEnd.DevicePage);
}
