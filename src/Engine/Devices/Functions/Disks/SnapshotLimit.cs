namespace LguestPS.Devices;

/// <summary>How much of a disk a snapshot may hold, and how much of that in memory.</summary>
/// <param name="Bytes">All that guests may write.</param>
/// <param name="InMemory">What of it stays in memory; the rest goes to a temporary file.</param>
/// <param name="WithCheckpoints">What it may hold once a checkpoint or recording keeps it in memory.</param>
internal readonly record struct SnapshotLimit(long Bytes, long InMemory, long WithCheckpoints)
{
    // A laptop keeps most of its memory for others, and a small machine still runs small guests.
    private const int PartOfMemory = 2;
    private const int PartInMemory = 8;
    private const long Least = 64L << 20;

    /// <summary>For a snapshot without a file of its own: what the definition says, or the whole disk if that is at most half of the machine's memory.</summary>
    /// <param name="disk">Bytes of the disk.</param>
    /// <param name="wanted">What the definition says, or null.</param>
    /// <param name="machine">Bytes of memory this process may use.</param>
    public static SnapshotLimit Of(long disk, long? wanted, long machine)
    {
        long bytes = Math.Min(disk, wanted ?? Math.Max(Least, machine / PartOfMemory));
        long inMemory = Math.Min(bytes, Math.Max(Least, machine / PartInMemory));
        return new SnapshotLimit(bytes, inMemory, wanted is null ? inMemory : bytes);
    }

    public static SnapshotLimit Of(long disk, long? wanted) => Of(disk, wanted, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
}
