using System.Runtime.CompilerServices;
using LguestPS.Memory;

namespace LguestPS.Paging;

/// <summary>The one way through a guest's own page tables: as its processor would walk them, with CR0.WP = 1, and as the host looks at them.</summary>
internal sealed class PageTables
{
    private readonly PageLevel[] levels;
    private readonly int entryShift;
    private readonly uint directorySize;

    /// <param name="memory">The guest's memory.</param>
    /// <param name="format">How the tables are laid out; <see cref="PageTableFormat.TwoLevel"/> by default.</param>
    public PageTables(GuestMemory memory, PageTableFormat? format = null)
    {
        Memory = memory;
        Format = format ?? PageTableFormat.TwoLevel;
        levels = Format.Levels.ToArray();
        entryShift = Format.EntryShift;
        directorySize = Format.DirectorySize;
        DeviceLimit = memory.FrameLimit;
    }

    public GuestMemory Memory { get; }

    public PageTableFormat Format { get; }

    /// <summary>The first page frame number that is neither memory nor devices'; without devices that is memory's end.</summary>
    public uint DeviceLimit { get; init; }

    /// <summary>Translates a linear address; where it leads somewhere, sets Accessed in every entry that has it and, for a write, Dirty.</summary>
    /// <param name="directory">Guest-physical address of the page directory.</param>
    /// <param name="linear">The address to translate.</param>
    /// <param name="access">What is wanted of it.</param>
    public Translation Walk(uint directory, uint linear, PageAccess access)
    {
        uint needed = (uint)(access & (PageAccess.Write | PageAccess.User));
        if (linear >= Format.End) return Translation.Faulted(needed);
        Follow(directory, linear, out PagePath path);
        if (!path.IsMapped) return path.End == PathEnd.NotPresent ? Translation.Faulted(needed) : Translation.Ends(Problem(directory, path));
        // Error code bit 0 (present) is added where the entries are present but forbid the access.
        if ((needed & ~path.Rights) != 0) return Translation.Faulted(needed | PageFlags.Present);

        uint used = PageFlags.Accessed | ((access & PageAccess.Write) != 0 ? PageFlags.Dirty : 0);
        for (int i = 0; i < levels.Length - 1; i++)
            if (levels[i].Rights != 0) Mark(ref path[i], PageFlags.Accessed);
        Mark(ref path[levels.Length - 1], used);
        return Found(path);
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
        for (int i = 0; i < levels.Length; i++)
            if (levels[i].Rights != 0 && (path[i].Value & PageFlags.Accessed) == 0) return null;
        return Found(path);
    }

    /// <summary>Whether an address has a page table, good or bad; also one of the host's.</summary>
    public bool HasTable(uint directory, uint linear)
    {
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

        uint table = directory;
        foreach (ref readonly PageLevel level in levels.AsSpan())
        {
            uint at = table + (level.Index(linear) << entryShift);
            ulong entry = entryShift == 2 ? Memory.Read32(at) : Memory.Read64(at);
            path[path.Count++] = new PagePath.Step(at, entry);
            path.End = PathEnd.NotPresent;
            if ((entry & PageFlags.Present) == 0) return;
            path.End = PathEnd.BadEntry;
            if ((entry & level.Forbidden) != 0) return;
            if (entry >> GuestMemory.PageShift >= Memory.FrameLimit)
            {
                if (path.Count < levels.Length || entry >> GuestMemory.PageShift >= DeviceLimit) return;
                path.End = PathEnd.DevicePage;
                path.Rights &= (uint)entry | ~level.Rights;
                return;
            }

            path.Rights &= (uint)entry | ~level.Rights;
            table = (uint)entry & PageFlags.Frame;
        }

        path.End = PathEnd.Page;
    }

    /// <summary>Why a guest ends that uses a path with a bad end.</summary>
    private string Problem(uint directory, in PagePath path)
    {
        if (path.End == PathEnd.BadDirectory) return $"bad page directory {directory:x8}";
        ulong entry = path.Last.Value;
        return $"bad {levels[path.Count - 1].Name} entry {(entryShift == 2 ? $"{entry:x8}" : $"{entry:x16}")} for {path.Linear:x8}";
    }

    private void Mark(ref PagePath.Step step, uint flags)
    {
        if ((step.Value & flags) == flags) return;
        step.Value |= flags;
        Memory.Write32(step.Address, (uint)step.Value);
    }

    private static Translation Found(in PagePath path) => new(
        path.Physical,
        (path.Rights & PageFlags.Writable) != 0,
        (path.Rights & PageFlags.User) != 0,
        (path.Last.Value & PageFlags.Dirty) != 0,
        Fault: null,
        Bad: null,
        IsDevice: path.End == PathEnd.DevicePage);
}
