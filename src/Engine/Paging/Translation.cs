namespace LguestPS.Paging;

/// <summary>The result of a walk: a page of memory or of devices, a fault, or the guest's end.</summary>
/// <param name="Physical">Guest-physical address of the byte asked for; meaningful if there is neither a <paramref name="Fault"/> nor a <paramref name="Bad"/> entry.</param>
/// <param name="Writable">Every level allows writes.</param>
/// <param name="User">Every level allows ring 3.</param>
/// <param name="Dirty">The page table's entry was dirty when the walk ended.</param>
/// <param name="Fault">Error code of trap 14, or null.</param>
/// <param name="Bad">Why the guest must end (ABI §11: bad page table entry, …), or null.</param>
/// <param name="Global">The page table's entry says that every address space has this page.</param>
/// <param name="IsDevice">The page lies beyond memory, where devices answer.</param>
internal readonly record struct Translation(uint Physical, bool Writable, bool User, bool Dirty, uint? Fault, string? Bad, bool Global = false, bool IsDevice = false)
{
    /// <summary>Whether it is a page of memory.</summary>
    public bool Ok => Fault is null && Bad is null && !IsDevice;

    public static Translation Faulted(uint error) => new(0, false, false, false, error, null);

    public static Translation Ends(string why) => new(0, false, false, false, null, why);
}
