namespace LguestPS;

/// <summary>A disk of a guest, as it is at this moment.</summary>
/// <param name="Name">Its name in events: block0, block1, …</param>
/// <param name="Path">Absolute path of its image.</param>
/// <param name="Mode">What happens to writes.</param>
/// <param name="Overlay">Absolute path of the file that holds a snapshot's writes; null if they are in memory, or it is no snapshot.</param>
/// <param name="Length">Bytes, whole sectors only.</param>
/// <param name="ChangedBytes">Bytes of the sectors a snapshot holds, in memory or in <paramref name="Overlay"/>; never more than <paramref name="Length"/>.</param>
/// <param name="ReadCount">Reads that were done.</param>
/// <param name="WriteCount">Writes that were done.</param>
/// <param name="FailedCount">Requests that were answered with an error (result 2, ABI §8).</param>
/// <param name="Problem">What last went wrong on the host's side, such as a full file system; null if nothing did.</param>
public sealed record GuestDisk(
    string Name, string Path, BlockMode Mode, string? Overlay, long Length, long ChangedBytes,
    long ReadCount, long WriteCount, long FailedCount, string? Problem);
