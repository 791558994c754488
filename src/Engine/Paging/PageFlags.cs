namespace LguestPS.Paging;

/// <summary>What an access wants of a page; each flag is the right of an entry that it needs, and a bit of trap 14's error code.</summary>
[Flags]
internal enum PageAccess
{
    Read = 0,
    Write = (int)PageFlags.Writable,
    User = (int)PageFlags.User,
}

/// <summary>Bits of an entry of a page directory or page table (Intel SDM volume 3, 4.3 and 4.4).</summary>
internal static class PageFlags
{
    public const uint Present = 1 << 0;
    public const uint Writable = 1 << 1;
    public const uint User = 1 << 2;
    public const uint WriteThrough = 1 << 3;
    public const uint CacheDisable = 1 << 4;
    public const uint Accessed = 1 << 5;
    public const uint Dirty = 1 << 6;
    public const uint LargePage = 1 << 7;
    public const uint Global = 1 << 8;
    public const uint Frame = 0xFFFFF000;

    /// <summary>All that a present directory entry may have beside its frame (ABI §11).</summary>
    public const uint DirectoryEntry = Present | Writable | User | Accessed | Dirty;

    private static readonly (uint Bit, string Name)[] BitNames =
    [
        (Present, "P"), (Writable, "RW"), (User, "US"), (WriteThrough, "PWT"), (CacheDisable, "PCD"),
        (Accessed, "A"), (Dirty, "D"), (LargePage, "PS"), (Global, "G"),
    ];

    /// <summary>The flags of an entry by the processor manual's names; "not present" if the other bits mean nothing.</summary>
    public static string Names(uint entry) => (entry & Present) == 0
        ? "not present"
        : string.Join(' ', BitNames.Where(flag => (entry & flag.Bit) != 0).Select(flag => flag.Name));
}
