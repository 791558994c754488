using LguestPS.Events;

namespace LguestPS.Exports;

/// <summary>Writes events as a timeline: <see cref="GuestTimeline"/> says what is on which track, and a format how it is written.</summary>
internal abstract class TimelineExporter(TimeAxis axis) : EventExporter
{
    private readonly EventRecord record = new();
    private readonly Dictionary<string, GuestTimeline> guests = [];
    private int tracks;

    public TimeAxis Axis => axis;

    protected sealed override IFieldSink Begin(EventSchema schema)
    {
        record.Clear(schema.Kind);
        return record;
    }

    protected sealed override void End()
    {
        if (!guests.TryGetValue(record.Guest, out GuestTimeline? guest)) guests.Add(record.Guest, guest = new GuestTimeline(this, record.Guest, guests.Count + 1));
        guest.Add(record);
        EndEvent();
    }

    public sealed override void Finish()
    {
        foreach (GuestTimeline guest in guests.Values) guest.Finish();
        FinishFile();
    }

    public Track AddTrack(int guest, Track? parent, string name, TrackKind kind, string unit = "")
    {
        Track track = new(++tracks, guest, parent, name, kind, unit);
        Define(track);
        return track;
    }

    protected abstract void Define(Track track);

    /// <summary>A slice begins.</summary>
    /// <param name="track">Where.</param>
    /// <param name="time">When, in nanoseconds.</param>
    /// <param name="name">What it is.</param>
    /// <param name="details">The event that it is, for its fields; null for a state.</param>
    public abstract void BeginSlice(Track track, long time, string name, EventRecord? details = null);

    /// <summary>The last slice that began on a track ends.</summary>
    public abstract void EndSlice(Track track, long time);

    public abstract void Instant(Track track, long time, string name, EventRecord details);

    public abstract void Counter(Track track, long time, long value);

    /// <summary>All of an event is written.</summary>
    protected abstract void EndEvent();

    protected abstract void FinishFile();
}
