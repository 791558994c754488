namespace LguestPS.Devices;

/// <summary>Which sectors of a disk were read: a bit for each, as far as there are any.</summary>
internal sealed class SectorSet
{
    private const int BitsOfWord = 64;

    private ulong[] words = [];

    /// <summary>How many are in it.</summary>
    public long Count { get; private set; }

    public void Add(long first, long count)
    {
        long end = first + count;
        if (end > words.Length * (long)BitsOfWord) Array.Resize(ref words, (int)Math.Max(end / BitsOfWord + 1, words.Length * 2L));
        for (long sector = first; sector < end; sector++)
        {
            ref ulong word = ref words[sector / BitsOfWord];
            ulong bit = 1ul << (int)(sector % BitsOfWord);
            if ((word & bit) != 0) continue;
            word |= bit;
            Count++;
        }
    }

    public void Clear() => (words, Count) = ([], 0);

    /// <summary>Its stretches without a gap, in order.</summary>
    public IEnumerable<(long First, long Count)> Runs()
    {
        long first = -1;
        for (long sector = 0; sector <= words.Length * (long)BitsOfWord; sector++)
        {
            bool isIn = sector < words.Length * (long)BitsOfWord && (words[sector / BitsOfWord] >> (int)(sector % BitsOfWord) & 1) != 0;
            if (isIn && first < 0) first = sector;
            if (isIn || first < 0) continue;
            yield return (first, sector - first);
            first = -1;
        }
    }
}
