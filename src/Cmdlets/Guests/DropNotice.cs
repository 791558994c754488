using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Says in a job's warnings that events were dropped: once for all that is dropped before the job is received again.</summary>
internal sealed class DropNotice(Job job, string guest)
{
    private WarningRecord? unread;
    private long count;

    /// <summary>An event was dropped.</summary>
    public void Add()
    {
        count++;
        if (unread is not null) return;
        unread = new WarningRecord($"Guest '{guest}': events were dropped, oldest first, because they were not received in time; the job's DroppedCount says how many. -Newest keeps more.");
        job.Warning.Add(unread);
    }

    /// <summary>Somebody has received: what is dropped from now on is said anew.</summary>
    public void Forget() => (unread, count) = (null, 0);

    /// <summary>Nothing more will be dropped: says how many were, where that is still to be read.</summary>
    public void Finish()
    {
        if (unread is null || job.Warning.IndexOf(unread) is not (>= 0 and var at)) return;
        job.Warning[at] = unread = new WarningRecord($"Guest '{guest}': {count:N0} events were dropped, oldest first, because they were not received in time. -Newest keeps more.");
    }
}
