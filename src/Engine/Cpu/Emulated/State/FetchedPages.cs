namespace LguestPS.Cpu.Emulated;

/// <summary>The frames that instructions are fetched from, by linear page: one map for ring 3 and one for the rest, until the guest has a page forgotten.</summary>
/// <remarks>
/// Unlike the TLB, where data is found, this displaces nothing. If it did, a guest that changes a page table and does not say so would see
/// the change sooner or later depending on how many of its instructions were looked up one by one: stepping would not be the same run.
/// </remarks>
internal sealed class FetchedPages
{
    private const int Slots = 1024, PagesInSlot = 1024;

    /// <summary>For each 4 MiB of linear addresses, and each level, the frames, all one more than they are; 0 if not known.</summary>
    private readonly uint[]?[] slots = new uint[2 * Slots][];

    /// <summary>The pages that are known, as indices over both levels.</summary>
    private readonly List<int> known = [];

    /// <returns>False if the page has not been fetched from since it was forgotten last.</returns>
    public bool TryFind(int privilegeLevel, uint linear, out uint frame)
    {
        int index = Index(privilegeLevel, linear);
        uint entry = slots[index / PagesInSlot] is { } slot ? slot[index % PagesInSlot] : 0;
        frame = entry - 1;
        return entry != 0;
    }

    /// <summary>Adds a page that is not known.</summary>
    public void Add(int privilegeLevel, uint linear, uint frame)
    {
        int index = Index(privilegeLevel, linear);
        (slots[index / PagesInSlot] ??= new uint[PagesInSlot])[index % PagesInSlot] = frame + 1;
        known.Add(index);
    }

    public void Clear()
    {
        foreach (int index in known) Forget(index);
        known.Clear();
    }

    /// <summary>Forgets the pages from one linear address to another.</summary>
    public void ForgetRange(uint first, uint last)
    {
        int from = (int)(first >> 12), to = (int)(last >> 12), kept = 0;
        for (int i = 0; i < known.Count; i++)
        {
            int page = known[i] & Slots * PagesInSlot - 1;
            if (page >= from && page <= to) Forget(known[i]);
            else known[kept++] = known[i];
        }

        known.RemoveRange(kept, known.Count - kept);
    }

    /// <summary>Forgets the page at a linear address.</summary>
    public void ForgetPage(uint linear)
    {
        if (TryFind(3, linear, out _) || TryFind(1, linear, out _)) ForgetRange(linear, linear);
    }

    private static int Index(int privilegeLevel, uint linear) => (privilegeLevel == 3 ? 0 : Slots * PagesInSlot) + (int)(linear >> 12);

    private void Forget(int index) => slots[index / PagesInSlot]![index % PagesInSlot] = 0;
}
