namespace LguestPS.Exports;

/// <summary>The tracks of a virtqueue: buffers that are in flight at once are beside each other.</summary>
internal sealed class BufferLanes
{
    private readonly List<Track?> tracks = [];
    private readonly List<long?> heads = [];

    /// <summary>A device took a buffer.</summary>
    /// <returns>Its lane; null if there would be more than <paramref name="most"/>.</returns>
    public int? Take(long head, int most)
    {
        int lane = heads.IndexOf(null);
        if (lane < 0)
        {
            if (heads.Count == most) return null;
            lane = heads.Count;
            heads.Add(null);
            tracks.Add(null);
        }
        heads[lane] = head;
        return lane;
    }

    public Track TrackOf(int lane, Func<Track> make) => tracks[lane] ??= make();

    /// <summary>The track of a buffer that is given back; null if none was taken.</summary>
    public Track? Return(long head)
    {
        int lane = heads.IndexOf(head);
        if (lane < 0) return null;
        heads[lane] = null;
        return tracks[lane];
    }

    /// <summary>The tracks of those that are still in flight; they are no longer.</summary>
    public IEnumerable<Track> Clear()
    {
        for (int lane = 0; lane < heads.Count; lane++)
        {
            if (heads[lane] is null) continue;
            heads[lane] = null;
            yield return tracks[lane]!;
        }
    }
}
