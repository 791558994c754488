namespace LguestPS.Recordings;

/// <summary>Checkpoints of one run, many near its newest place and ever fewer further back.</summary>
/// <remarks>
/// Of a run of any length there are so few that their number grows with its logarithm; and if their pages are still more than
/// memory allows, the spaces become wider. The first one always stays: everything can be replayed from there.
/// </remarks>
internal sealed class CheckpointShelf(long mostBytes)
{
    /// <summary>Instructions from one checkpoint to the next, where they are closest.</summary>
    public const long Spacing = 12_000_000;

    private const int MostNumbers = 64;

    // A gap may be this part of its distance from the newest place; less where memory is short.
    private int density = 64;

    private readonly List<Entry> kept = [];

    public int Count => kept.Count;

    /// <summary>Bytes of guest memory in all of them.</summary>
    public long Bytes { get; private set; }

    /// <summary>The first of them, where the run begins.</summary>
    public (RunPosition At, Checkpoint Checkpoint) Start => (kept[0].At, kept[0].Checkpoint);

    /// <summary>All of them in the order of the run.</summary>
    public IReadOnlyList<(RunPosition At, Checkpoint Checkpoint)> All => [.. kept.Select(entry => (entry.At, entry.Checkpoint))];

    /// <summary>The last of them from which the run goes on to a place, or else the first.</summary>
    public (RunPosition At, Checkpoint Checkpoint) Before(RunPosition place)
    {
        Entry entry = kept[Math.Max(0, kept.FindLastIndex(entry => entry.At.IsBefore(place)))];
        return (entry.At, entry.Checkpoint);
    }

    /// <summary>Whether the run has gone on far enough from the last checkpoint before this place for one that would be kept.</summary>
    public bool IsDue(RunPosition at)
    {
        int before = IndexBefore(at);
        return at.Instructions - kept[before].At.Instructions >= Spacing && (before == kept.Count - 1 || IsWide(before, before + 1));
    }

    public void Add(RunPosition at, Checkpoint checkpoint)
    {
        int index = kept.Count == 0 ? 0 : IndexBefore(at) + 1;
        // In the middle of a run it is not known in which of the two halves a call was made.
        kept.Insert(index, new Entry(at, checkpoint) { Calls = index < kept.Count ? kept[index - 1].Calls : 0 });
        Measure(index);
        Measure(index + 1);
        Thin();
        while (Bytes > mostBytes && kept.Count > 2)
        {
            if (density > 1)
            {
                density /= 2;
                Thin();
            }
            else
            {
                Remove(kept.Count / 2);
            }
        }
    }

    /// <summary>A hypercall was about to be made after the newest of them.</summary>
    public void NoteCall(uint number) => kept[^1].Calls |= BitOf(number);

    /// <summary>The last stretch of the run that begins with a checkpoint really before a place, up to that place or the next checkpoint; or null.</summary>
    /// <param name="at">The place.</param>
    /// <param name="hypercall">Only a stretch in which this hypercall may have been made; null for any.</param>
    public (RunPosition Begin, Checkpoint Checkpoint, RunPosition End)? LastStretch(RunPosition at, uint? hypercall)
    {
        ulong wanted = hypercall is { } number ? BitOf(number) : 0;
        int index = kept.FindLastIndex(entry => entry.At.IsBefore(at) && (entry.Calls & wanted) == wanted);
        if (index < 0) return null;
        bool isLast = index == kept.Count - 1 || !kept[index + 1].At.IsBefore(at);
        return (kept[index].At, kept[index].Checkpoint, isLast ? at : kept[index + 1].At);
    }

    /// <summary>Forgets those after a place: that future will not be.</summary>
    public void ForgetBehind(RunPosition at)
    {
        for (int last = IndexBefore(at); kept.Count - 1 > last;)
        {
            Bytes -= kept[^1].OwnBytes;
            kept.RemoveAt(kept.Count - 1);
        }
    }

    // The numbers of every era have bits of their own; undefined numbers share one.
    private static ulong BitOf(uint number) => 1ul << (int)Math.Min(number, MostNumbers - 1);

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
            if (!IsWide(i - 1, i + 1)) Remove(i);
    }

    /// <summary>Whether the gap between two of them is worth another one.</summary>
    private bool IsWide(int from, int to) =>
        kept[to].At.Instructions - kept[from].At.Instructions > Math.Max(Spacing, (kept[^1].At.Instructions - kept[to].At.Instructions) / density);

    private void Remove(int index)
    {
        kept[index - 1].Calls |= kept[index].Calls;
        Bytes -= kept[index].OwnBytes;
        kept.RemoveAt(index);
        Measure(index);
    }

    /// <summary>Counts what one of them has that the one before it has not.</summary>
    private void Measure(int index)
    {
        if (index == kept.Count) return;
        Entry entry = kept[index];
        Bytes -= entry.OwnBytes;
        entry.OwnBytes = entry.Checkpoint.BytesNotIn(index == 0 ? null : kept[index - 1].Checkpoint);
        Bytes += entry.OwnBytes;
    }

    private sealed record Entry(RunPosition At, Checkpoint Checkpoint)
    {
        /// <summary>A bit for each hypercall that may have been made between this one and the next.</summary>
        public ulong Calls { get; set; }

        public long OwnBytes { get; set; }
    }
}
