namespace LguestPS.Recordings;

/// <summary>Checkpoints of one run, many near its newest place and ever fewer further back.</summary>
/// <remarks>
/// Of a run of any length there are so few that their number grows with its logarithm; and if their pages are still more than
/// memory allows, the spaces become wider. The first one always stays: everything can be replayed from there.
/// </remarks>
internal sealed class CheckpointShelf(long mostBytes)
{
    /// <summary>Instructions from one checkpoint to the next, where they are closest.</summary>
    public const long Spacing = 4_000_000;

    // A gap may be this part of its distance from the newest place; less where memory is short.
    private int density = 8;

    private readonly List<(RunPosition At, Checkpoint Checkpoint)> kept = [];

    public int Count => kept.Count;

    /// <summary>Bytes of guest memory in all of them.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the run has gone on far enough from the last checkpoint before this place for one that would be kept.</summary>
    public bool IsDue(RunPosition at)
    {
        int before = IndexBefore(at);
        return at.Instructions - kept[before].At.Instructions >= Spacing && (before == kept.Count - 1 || IsWide(before, before + 1));
    }

    public void Add(RunPosition at, Checkpoint checkpoint)
    {
        int index = kept.Count == 0 ? 0 : IndexBefore(at) + 1;
        kept.Insert(index, (at, checkpoint));
        Thin();
        Measure();
        while (Bytes > mostBytes && kept.Count > 2)
        {
            if (density > 1)
            {
                density /= 2;
                Thin();
            }
            else
            {
                kept.RemoveAt(kept.Count / 2);
            }
            Measure();
        }
    }

    /// <summary>The last one that is really before a place, or null.</summary>
    public (RunPosition At, Checkpoint Checkpoint)? EarlierThan(RunPosition at)
    {
        int index = kept.FindLastIndex(entry => entry.At.IsBefore(at));
        return index >= 0 ? kept[index] : null;
    }

    /// <summary>Forgets those behind a place: that future will not be.</summary>
    public void ForgetBehind(RunPosition at)
    {
        kept.RemoveRange(IndexBefore(at) + 1, kept.Count - IndexBefore(at) - 1);
        Measure();
    }

    private int IndexBefore(RunPosition at)
    {
        int index = kept.Count - 1;
        while (index > 0 && at.IsBefore(kept[index].At)) index--;
        return index;
    }

    /// <summary>Takes out each one without which the gap between its neighbours is still small for how long ago it is.</summary>
    private void Thin()
    {
        for (int i = kept.Count - 2; i > 0; i--)
            if (!IsWide(i - 1, i + 1)) kept.RemoveAt(i);
    }

    /// <summary>Whether the gap between two of them is worth another one.</summary>
    private bool IsWide(int from, int to) =>
        kept[to].At.Instructions - kept[from].At.Instructions > Math.Max(Spacing, (kept[^1].At.Instructions - kept[to].At.Instructions) / density);

    private void Measure()
    {
        Bytes = 0;
        for (int i = 0; i < kept.Count; i++) Bytes += kept[i].Checkpoint.Memory.BytesNotIn(i == 0 ? null : kept[i - 1].Checkpoint.Memory);
    }
}
