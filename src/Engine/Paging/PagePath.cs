using System.Diagnostics.CodeAnalysis;
using LguestPS.Memory;

namespace LguestPS.Paging;

/// <summary>Where the entries for a linear address lead.</summary>
internal enum PathEnd
{
    /// <summary>To a page of memory.</summary>
    Page,

    /// <summary>To a page of devices, beyond memory.</summary>
    DevicePage,

    /// <summary>The last entry met is not present.</summary>
    NotPresent,

    /// <summary>The last entry met ends the guest that uses it.</summary>
    BadEntry,

    /// <summary>The page directory itself is not in memory; no entry was met.</summary>
    BadDirectory,

    /// <summary>Beyond memory, where addresses lead as they are; no entry was met.</summary>
    BadAddress,
}

/// <summary>The entries that lead from a page directory to a page, as far as they go.</summary>
internal struct PagePath
{
    /// <summary>The rights, of Writable and User, that every entry gives.</summary>
    public uint Rights;

    // Not an inline array, which the runtime compiles code for at each start.
    private Step first, second, third;

    /// <summary>The address that was looked for.</summary>
    public uint Linear;

    /// <summary>How many entries were met, at most one for each level.</summary>
    public int Count;

    public PathEnd End;

    public readonly bool IsMapped => End <= PathEnd.DevicePage;

    /// <summary>Guest-physical address of the byte looked for, where something is mapped.</summary>
    public readonly uint Physical => Count == 0 ? Linear : (uint)Last.Value & PageFlags.Frame | Linear & GuestMemory.PageSize - 1;

    /// <summary>The entry that was met at a level, from 0 on.</summary>
    [UnscopedRef]
    public ref Step this[int level]
    {
        get
        {
            switch (level)
            {
                case 0: return ref first;
                case 1: return ref second;
                case 2: return ref third;
                default: throw new ArgumentOutOfRangeException(nameof(level));
            }
        }
    }

    /// <summary>The last entry met; all zeros if none was.</summary>
    public readonly Step Last => Count switch { 0 => default, 1 => first, 2 => second, _ => third };

    /// <summary>An entry.</summary>
    /// <param name="Address">Guest-physical address of the entry itself.</param>
    /// <param name="Value">It.</param>
    internal record struct Step(uint Address, ulong Value);
}
