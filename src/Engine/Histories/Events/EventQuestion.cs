using LguestPS.Events;
using LguestPS.Recordings;
using LguestPS.State;

namespace LguestPS.Histories;

/// <summary>Finds events: in the recording if it has them, else by doing the run again.</summary>
internal sealed class EventQuestion(GuestHistory history, EventQuery query)
{
    private const int LookEvery = 1024;

    public IEnumerable<LguestEvent> Ask(CancellationToken stop)
    {
        IEnumerable<LguestEvent> found = history.KeepsEvents && !query.WithData ? FromLog(stop) : FromRun(stop);
        return query.Arguments.Count == 0 ? found : found.Where(happened => happened is not HypercallEvent call || query.Arguments.All(match => call.Call[match.Index] == match.Value));
    }

    private IEnumerable<LguestEvent> FromLog(CancellationToken stop)
    {
        RunPosition begin = query.From.In(history.Start, history.End), end = query.To.In(history.Start, history.End);
        long first = EventsAt(begin, isEnd: false, stop), last = Math.Min(EventsAt(end, isEnd: true, stop), history.Run.Log.Count + history.Start.Events);
        EventLogReader log = new(history);
        TimeSpan from = begin.Time, to = end is { Events: 0, Nanoseconds: > 0 } ? end.Time : TimeSpan.MaxValue;
        for (long sequence = first + 1; sequence <= last; sequence++)
        {
            if (sequence % LookEvery == 0)
            {
                stop.ThrowIfCancellationRequested();
                query.Pulse?.Invoke((sequence - first) / (double)(last - first));
            }
            LguestEvent happened = log.Read(sequence);
            if (happened.GuestTime < from) continue;
            if (happened.GuestTime >= to) yield break;
            if (query.Filter.Wants(happened)) yield return happened;
        }
    }

    /// <summary>How many events there were until a place. If only a count of instructions is said of it, the run tells; if only a time, the events' own times.</summary>
    private long EventsAt(RunPosition place, bool isEnd, CancellationToken stop)
    {
        if (place.Events > 0) return place.Events;
        if (place.Instructions == 0) return isEnd && place.Nanoseconds > 0 ? history.End.Events : 0;
        using Replica replica = history.ReplicaAt(place, stop);
        return replica.Position.Events;
    }

    private IEnumerable<LguestEvent> FromRun(CancellationToken stop)
    {
        Survey<LguestEvent> survey = new(history, query, () => new EventAnalyst(history, query.Filter), stop);
        foreach (Stretch<LguestEvent> stretch in survey.Stretches())
            foreach (LguestEvent happened in stretch.Findings(survey.PulseAt(stretch)))
                yield return happened;
    }
}

/// <summary>Sees the events of a replica.</summary>
internal sealed class EventAnalyst(GuestHistory history, EventFilter filter) : IAnalyst<LguestEvent>
{
    private Replica? replica;

    public int Begin(Replica replica, Action<LguestEvent> found)
    {
        this.replica = replica;
        replica.Happened = found;
        replica.Guest.Events.Filter = filter;
        return 0;
    }

    public void End()
    {
        if (replica!.Guest is { Ending: { } ending } guest && guest.Events.Count < history.End.Events) guest.Events.AnnounceEnd(ending);
        replica.TakeEvents();
        replica.Happened = null;
        replica.Guest.Events.Filter = EventFilter.Nothing;
    }
}
