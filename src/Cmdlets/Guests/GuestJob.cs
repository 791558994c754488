using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A job that drives a guest on a thread of its own and ends whether or not anybody receives its events.</summary>
public abstract class GuestJob : Job
{
    internal const int DefaultNewest = 10_000;

    private readonly Lock gate = new();
    private readonly bool madeGuest;
    private readonly DropNotice drops;
    private readonly ManualResetEventSlim atRest = new(false);
    private bool isStopped;
    private CancellationTokenSource leave = new();
    private JobState wantedOnLeaving = JobState.Stopped;
    private Thread? puller;

    private protected GuestJob(Guest guest, string command, int newest, bool madeGuest)
        : base(command, guest.Name)
    {
        Guest = guest;
        Newest = newest;
        drops = new DropNotice(this, guest.Name);
        this.madeGuest = madeGuest;
    }

    /// <summary>The guest this job drives.</summary>
    public Guest Guest { get; }

    /// <summary>How many events the job keeps for Receive-Job.</summary>
    public int Newest { get; }

    /// <summary>Events there were so far, kept or not.</summary>
    public long EventCount { get; private set; }

    /// <summary>Events that were dropped, oldest first, because they were not received in time.</summary>
    public long DroppedCount { get; private set; }

    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0;

    public override string Location => Environment.MachineName;

    /// <summary>How the guest ended, or where it stands.</summary>
    public override string StatusMessage =>
        Guest.Ending is { } ending ? $"ended: {ending.Reason}" : Guest.State == GuestState.Running ? "running" : $"stands still: {Guest.StateReason}";

    internal bool IsOver => JobStateInfo.State is JobState.Completed or JobState.Failed or JobState.Stopped;

    /// <summary>Stops pulling. The guest stays where it stands and can be run on.</summary>
    public override void StopJob()
    {
        while (!MayStopAtRest())
        {
            if (IsOver) return;
            Leave(JobState.Stopped, CancellationToken.None);
        }
        Rest(JobState.Stopped);
    }

    internal void Begin()
    {
        lock (gate) MakePuller();
        Start();
    }

    /// <returns>False if the job was not running.</returns>
    internal bool TrySuspend(CancellationToken stop) => JobStateInfo.State == JobState.Running && Leave(JobState.Suspended, stop);

    /// <returns>False if the job was not suspended.</returns>
    internal bool TryResume()
    {
        lock (gate)
        {
            if (JobStateInfo.State != JobState.Suspended || puller is not null || isStopped) return false;
            MakePuller();
        }
        Start();
        return true;
    }

    /// <summary>Waits until the job is over or suspended.</summary>
    /// <returns>False if the time was up, or on <paramref name="stop"/>.</returns>
    internal bool WaitUntilAtRest(TimeSpan timeout, CancellationToken stop)
    {
        try
        {
            return atRest.Wait(timeout, stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopJob();
            GuestRegistry.Forget(this);
            if (madeGuest && Guest.HasEnded) GuestRegistry.Remove(Guest);
        }
        base.Dispose(disposing);
    }

    /// <summary>Drives the guest until there is nothing more to do.</summary>
    /// <param name="leave">Asks to stop before that.</param>
    /// <returns>Where the job then is; null if it only did what <paramref name="leave"/> asked for.</returns>
    private protected abstract JobState? Drive(CancellationToken leave);

    private protected void Keep(LguestEvent happened)
    {
        EventCount++;
        Keep(PSObject.AsPSObject(happened));
    }

    private protected void Warn(string text) => Warning.Add(new WarningRecord($"Guest '{Guest.Name}': {text}"));

    /// <summary>Says how a guest that has ended by a fault of its own has ended.</summary>
    private protected void Report(GuestEnding ending) => Error.Add(Errors.GuestCrashed(Guest, ending));

    private bool Leave(JobState wanted, CancellationToken stop)
    {
        wantedOnLeaving = wanted;
        leave.Cancel();
        return WaitUntilAtRest(Timeout.InfiniteTimeSpan, stop);
    }

    private void Pull()
    {
        JobState state;
        using JobRunspace scripts = new();
        try
        {
            using IDisposable actions = HitScript.WriteTo(Keep);
            state = Drive(leave.Token) ?? wantedOnLeaving;
            // Its last values stay readable; its memory is of use only to a guest that can be taken back.
            if (Guest is { HasEnded: true, IsRecorded: false, LastCheckpoint: null }) Guest.Dispose();
        }
        catch (LguestException e)
        {
            Error.Add(Errors.From(e, Guest));
            state = JobState.Failed;
        }
        catch (RuntimeException e)
        {
            Error.Add(e.ErrorRecord);       // a breakpoint's script
            state = JobState.Failed;
        }
        drops.Finish();
        lock (gate) puller = null;
        Rest(state);
    }

    private void MakePuller()
    {
        leave = new CancellationTokenSource();
        atRest.Reset();
        puller = new Thread(Pull) { IsBackground = true, Name = $"lguest {Guest.Name}" };
    }

    private void Start()
    {
        SetJobState(JobState.Running);
        puller!.Start();
    }

    /// <summary>Whether nothing of the job runs or is about to; then it will not be started again.</summary>
    private bool MayStopAtRest()
    {
        lock (gate)
        {
            if (IsOver || puller is not null || JobStateInfo.State == JobState.Running) return false;
            return isStopped = true;
        }
    }

    // Every change of state, as everything that is added to a stream, raises an event, and whoever hears it may take locks: no lock is held here.
    private void Rest(JobState state)
    {
        SetJobState(state);
        atRest.Set();
    }

    private void Keep(PSObject happened)
    {
        // Add raises DataAdded, and a Receive-Job -Wait that hears it takes a lock of its own: never while this thread holds one.
        Output.Add(happened);
        // Receive-Job takes from the other end of the same collection.
        bool hasDropped;
        lock (((ICollection)Output).SyncRoot)
        {
            hasDropped = Output.Count > Newest;
            if (hasDropped) Output.RemoveAt(0);
        }
        if (!hasDropped)
        {
            drops.Forget();
            return;
        }
        DroppedCount++;
        drops.Add();
    }
}
