using LguestPS.Paging;

namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>How a guest's page tables are laid out.</summary>
public enum TableKind
{
    TwoLevel,

    /// <summary>As guests from 2.6.25 on have it.</summary>
    TwoLevelWriteThrough,
    Pae,
}

/// <summary>All the entries of page tables that are worth trying together.</summary>
/// <remarks>
/// Rights, Accessed and Dirty in every combination, at all levels; of what else an entry may have, one thing at each level: a reserved or forbidden flag, one
/// that means nothing, a frame elsewhere.
/// </remarks>
internal sealed class EntrySpace
{
    public const uint Table = 0x4000, MiddleTable = 0x7000, Page = 0x20000, CodePage = 0x22000;
    private const uint Device = AccessTruth.Frames << 12, Outside = AccessTruth.FramesWithDevices << 12, FarOutside = 0xFFFFF000;
    private const ulong NoExecute = 1UL << 63, Above4GiB = 1UL << 36, Available52 = 1UL << 52;
    private const uint P = 1, W = 2, U = 4, Pwt = 8, Pcd = 0x10, A = 0x20, D = 0x40, Ps = 0x80, G = 0x100, Free0 = 0x200, Free1 = 0x400, Free2 = 0x800;

    /// <summary>What else upper entries may have.</summary>
    private static readonly ulong[] upperExtras = [0, D, Pwt, Pcd, Ps, G, Free0, Free1, Free2];
    private static readonly ulong[] lowerExtras = [0, Pwt, Pcd, Ps, G, Free0, Free1, Free2];
    private static readonly ulong[] wideExtras = [NoExecute, Above4GiB, Available52];

    private readonly ulong[][] entries;

    public EntrySpace(TableKind kind)
    {
        bool pae = kind == TableKind.Pae;
        ulong[] upper = [.. Upper(pae ? [.. upperExtras, .. wideExtras] : upperExtras)];
        ulong[] lower = [.. Lower(pae ? [.. lowerExtras, .. wideExtras] : lowerExtras)];
        if (!pae)
        {
            entries = [.. upper.SelectMany(u => lower.Select(l => new[] { u, l }))];
            return;
        }

        const ulong good = MiddleTable | P;
        ulong[] pointers = [MiddleTable, good | W, good | U, good | Pwt, good | Pcd, good | A, good | D, good | Ps, good | G, good | Free0, good | Free2, Outside | P, good | NoExecute, good | Above4GiB];
        ulong[] plainUpper = [.. Upper([0])], plainLower = [.. Lower([0])];
        entries =
        [
            .. upper.SelectMany(u => lower.Select(l => new[] { good, u, l })),
            .. pointers.SelectMany(p => plainUpper.SelectMany(u => plainLower.Select(l => new[] { p, u, l }))),
        ];
    }

    public int Count => entries.Length;

    /// <summary>The entries from the page directory down; frames of <see cref="Page"/> stand for the page that is accessed.</summary>
    public ulong[] this[int index] => entries[index];

    public static PageTableFormat Format(TableKind kind) => kind switch
    {
        TableKind.TwoLevel => PageTableFormat.TwoLevel,
        TableKind.TwoLevelWriteThrough => PageTableFormat.TwoLevelWriteThrough,
        _ => PageTableFormat.Pae,
    };

    private static IEnumerable<ulong> Upper(ulong[] extras)
    {
        foreach (uint flags in Subsets(P, W, U, A))
        {
            foreach (ulong extra in extras) yield return Table | flags | extra;
            yield return Outside | flags;
        }
    }

    private static IEnumerable<ulong> Lower(ulong[] extras)
    {
        foreach (uint flags in Subsets(P, W, U, A, D))
        {
            foreach (ulong extra in extras) yield return Page | flags | extra;
            foreach (ulong frame in (ulong[])[Device, Outside, FarOutside]) yield return frame | flags;
        }
    }

    private static IEnumerable<uint> Subsets(params uint[] bits)
    {
        for (int subset = 0; subset < 1 << bits.Length; subset++)
            yield return (uint)bits.Where((_, i) => (subset >> i & 1) != 0).Sum(bit => bit);
    }
}
