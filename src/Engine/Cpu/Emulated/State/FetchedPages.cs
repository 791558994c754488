namespace LguestPS.Cpu.Emulated;

/// <summary>The frames that instructions are fetched from, by linear page: one map for ring 3 and one for the rest, until the guest has a page forgotten.</summary>
/// <remarks>
/// Unlike the TLB, where data is found, this displaces nothing. If it did, a guest that changes a page table and does not say so would see
/// the change sooner or later depending on how many of its instructions were looked up one by one: stepping would not be the same run.
/// </remarks>
internal sealed class FetchedPages
{
    private const uint Slots = 1024, PagesInSlot = 1024;

    /// <summary>For each 4 MiB of linear addresses, and each level, the frames, all one more than they are; 0 if not known.</summary>
    private readonly uint[]?[] slots = new uint[2 * Slots][];

    /// <summary>The pages that are known, as indices over both levels: those of one address space, and those of all.</summary>
    private readonly List<int> local = [], global = [];

    /// <summary>Whether code that is not ring 3's was fetched from a page that only this address space has.</summary>
    public bool HasLocalKernelPage { get; private set; }

    /// <returns>False if the page has not been fetched from since it was forgotten last.</returns>
    public bool TryFind(int privilegeLevel, uint linear, out uint frame)
    {
        uint index = Index(privilegeLevel, linear);
        uint entry = slots[index / PagesInSlot] is { } slot ? slot[index % PagesInSlot] : 0;
        frame = entry - 1;
        return entry != 0;
    }

    /// <summary>Adds a page that is not known.</summary>
    /// <param name="privilegeLevel">Who fetches.</param>
    /// <param name="linear">Any address in it.</param>
    /// <param name="frame">Where it is.</param>
    /// <param name="isGlobal">Whether every address space has it.</param>
    public void Add(int privilegeLevel, uint linear, uint frame, bool isGlobal)
    {
        uint index = Index(privilegeLevel, linear);
        (slots[index / PagesInSlot] ??= new uint[PagesInSlot])[index % PagesInSlot] = frame + 1;
        (isGlobal ? global : local).Add((int)index);
        HasLocalKernelPage |= !isGlobal && privilegeLevel != 3;
    }

    public void Clear()
    {
        Clear(global);
        ClearLocal();
    }

    /// <summary>Forgets the pages of this address space.</summary>
    public void ClearLocal()
    {
        Clear(local);
        HasLocalKernelPage = false;
    }

    /// <summary>Forgets the pages from one linear address to another.</summary>
    public void ForgetRange(uint first, uint last)
    {
        ForgetRange(local, first, last);
        ForgetRange(global, first, last);
    }

    /// <summary>Forgets the page at a linear address.</summary>
    public void ForgetPage(uint linear)
    {
        if (TryFind(3, linear, out _) || TryFind(1, linear, out _)) ForgetRange(linear, linear);
    }

    private static uint Index(int privilegeLevel, uint linear) => (privilegeLevel == 3 ? 0 : Slots * PagesInSlot) + (linear >> 12);

    private void Clear(List<int> known)
    {
        foreach (int index in known) Forget((uint)index);
        known.Clear();
    }

    private void ForgetRange(List<int> known, uint first, uint last)
    {
        uint from = first >> 12, to = last >> 12;
        int kept = 0;
        for (int i = 0; i < known.Count; i++)
        {
            uint page = (uint)known[i] & Slots * PagesInSlot - 1;
            if (page >= from && page <= to) Forget((uint)known[i]);
            else known[kept++] = known[i];
        }

        known.RemoveRange(kept, known.Count - kept);
    }

    private void Forget(uint index) => slots[index / PagesInSlot]![index % PagesInSlot] = 0;
}
