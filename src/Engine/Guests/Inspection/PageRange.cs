namespace LguestPS;

/// <summary>Pages in a row that are mapped alike: with the same rights, to frames in a row.</summary>
public sealed record PageRange : GuestView
{
    /// <summary>Guest-physical address of the page directory.</summary>
    public required uint Directory { get; init; }

    /// <summary>Linear address of the first byte.</summary>
    public required uint First { get; init; }

    /// <summary>Linear address of the last byte.</summary>
    public required uint Last { get; init; }

    /// <summary>How many pages of 4 KiB.</summary>
    public int Pages => (int)((Last - First >> 12) + 1);

    /// <summary>Bytes.</summary>
    public long Size => (long)Last - First + 1;

    /// <summary>Guest-physical address of the first page; null if the entries are bad.</summary>
    public required uint? PhysicalAddress { get; init; }

    /// <summary>What all levels together allow, such as <c>RW US</c>; <c>RO</c> for pages that may not be written. G and PCD come from the table.</summary>
    public required string Rights { get; init; }

    /// <summary>How many of the pages were used.</summary>
    public required int Accessed { get; init; }

    /// <summary>How many were written to.</summary>
    public required int Dirty { get; init; }

    /// <summary>For entries that end a guest that uses them, what is wrong with the first of them; else null.</summary>
    public required string? Problem { get; init; }
}

/// <summary>How two page directories differ at a page.</summary>
public enum PageDifferenceKind : long
{
    /// <summary>Mapped only in the first.</summary>
    OnlyFirst,

    /// <summary>Mapped only in the second.</summary>
    OnlySecond,

    /// <summary>Mapped in both, to another frame.</summary>
    Frame,

    /// <summary>Mapped in both, to the same frame, with other rights.</summary>
    Rights,
}

/// <summary>Pages in a row at which two page directories differ in the same way.</summary>
public sealed record PageDifference : GuestView
{
    /// <summary>Guest-physical address of the first page directory.</summary>
    public required uint Directory { get; init; }

    /// <summary>Guest-physical address of the second.</summary>
    public required uint OtherDirectory { get; init; }

    public required PageDifferenceKind Kind { get; init; }

    /// <summary>Linear address of the first byte.</summary>
    public required uint First { get; init; }

    /// <summary>Linear address of the last byte.</summary>
    public required uint Last { get; init; }

    /// <summary>How many pages of 4 KiB.</summary>
    public int Pages => (int)((Last - First >> 12) + 1);

    /// <summary>Where the first page leads in the first directory; null if nowhere.</summary>
    public required uint? PhysicalAddress { get; init; }

    /// <summary>Where it leads in the second; null if nowhere.</summary>
    public required uint? OtherPhysicalAddress { get; init; }

    /// <summary>The rights in the first directory; null if it is not mapped.</summary>
    public required string? Rights { get; init; }

    /// <summary>The rights in the second; null if it is not mapped.</summary>
    public required string? OtherRights { get; init; }
}
