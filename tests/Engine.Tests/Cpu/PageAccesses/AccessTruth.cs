namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>How an access ends.</summary>
internal enum AccessEnd
{
    Done,

    /// <summary>Trap 14.</summary>
    Fault,

    /// <summary>Devices answer there.</summary>
    Device,

    /// <summary>An entry that the ABI forbids ends the guest that uses it.</summary>
    GuestEnds,
}

/// <summary>What becomes of one access.</summary>
/// <param name="End">How it ends.</param>
/// <param name="Error">For a fault, the error code: 1 present, 2 write, 4 ring 3. No reserved bit (8) and no fetch (16): the entries that would give the one end the guest, and a processor without NX has not the other.</param>
/// <param name="Entries">The entries afterwards.</param>
internal readonly record struct AccessTruth(AccessEnd End, uint Error, ulong[] Entries)
{
    private const uint Present = 1, Writable = 2, User = 4, WriteThrough = 8, Accessed = 0x20, Dirty = 0x40, LargePage = 0x80;

    /// <summary>Frames of memory, and of memory and devices together.</summary>
    public const uint Frames = 256, FramesWithDevices = 272;

    /// <summary>
    /// What the processor's manual (Intel SDM volume 3, 4.3, 4.4 and 4.6 to 4.8) and the ABI (§11) say of an access, with CR0.WP = 1, which no guest can
    /// change, and ring 1 a supervisor. Written for the tests, from those and from nothing in the engine.
    /// </summary>
    /// <param name="tables">How the tables are laid out.</param>
    /// <param name="entries">The entries met, from the page directory down: two or three.</param>
    /// <param name="write">Whether it writes, if only perhaps.</param>
    /// <param name="user">Whether it comes from ring 3.</param>
    public static AccessTruth Of(TableKind tables, ulong[] entries, bool write, bool user)
    {
        uint asked = (write ? Writable : 0) | (user ? User : 0), rights = Writable | User;
        for (int level = 0; level < entries.Length; level++)
        {
            ulong entry = entries[level];
            if ((entry & Present) == 0) return new(AccessEnd.Fault, asked, entries);
            if (IsForbidden(tables, entry, level, entries.Length)) return new(AccessEnd.GuestEnds, 0, entries);
            if (!IsPointer(entries, level)) rights &= (uint)entry;
        }
        if ((asked & ~rights) != 0) return new(AccessEnd.Fault, asked | Present, entries);

        var used = (ulong[])entries.Clone();
        for (int level = 0; level < used.Length; level++)
            if (!IsPointer(entries, level)) used[level] |= Accessed;
        if (write) used[^1] |= Dirty;
        return new(entries[^1] >> 12 < Frames ? AccessEnd.Done : AccessEnd.Device, asked, used);
    }

    /// <summary>PAE's first level has neither rights nor Accessed.</summary>
    private static bool IsPointer(ulong[] entries, int level) => entries.Length == 3 && level == 0;

    private static bool IsForbidden(TableKind tables, ulong entry, int level, int levels)
    {
        if (level < levels - 1)
        {
            ulong allowed = levels == 3 && level == 0 ? Present : Present | Writable | User | Accessed | Dirty;
            return (entry & 0xFFF & ~allowed) != 0 || entry >> 12 >= Frames;
        }
        ulong forbidden = LargePage | (tables == TableKind.TwoLevel ? WriteThrough : 0);
        return (entry & forbidden) != 0 || entry >> 12 >= FramesWithDevices;
    }
}
