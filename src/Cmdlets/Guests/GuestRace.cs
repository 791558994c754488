using System.Management.Automation;
using System.Text.RegularExpressions;

namespace LguestPS.Cmdlets;

/// <summary>Finds the first of several guests in jobs that is at rest, or that has written something.</summary>
internal sealed class GuestRace : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly IReadOnlyList<GuestJob> jobs;
    private readonly Regex? expect;
    private readonly SemaphoreSlim changed = new(0);

    /// <param name="jobs">The jobs that run them.</param>
    /// <param name="expect">What the first has written and nobody has received yet; null to wait for a rest.</param>
    public GuestRace(IReadOnlyList<GuestJob> jobs, Regex? expect)
    {
        this.jobs = jobs;
        this.expect = expect;
        foreach (GuestJob job in jobs) job.StateChanged += Changed;
        Look();
    }

    /// <summary>The first, once there is one.</summary>
    public Guest? Winner { get; private set; }

    /// <summary>Whether all are at rest and none has written what was expected.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Waits a little, or until a job's state changes, and looks again.</summary>
    /// <param name="longest">At most this long.</param>
    /// <param name="stop">Ends the wait.</param>
    public void Wait(TimeSpan longest, CancellationToken stop)
    {
        try
        {
            changed.Wait(longest < LookAgain ? longest : LookAgain, stop);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        Look();
    }

    public void Dispose()
    {
        foreach (GuestJob job in jobs) job.StateChanged -= Changed;
    }

    // What it releases is never disposed: a job may still be telling.
    private void Changed(object? sender, JobStateEventArgs e) => changed.Release();

    private void Look()
    {
        bool allRest = true;
        foreach (GuestJob job in jobs)
        {
            bool rests = job.WaitUntilAtRest(TimeSpan.Zero, CancellationToken.None);       // before its text is read: nothing is written after
            allRest &= rests;
            if (expect is null ? !rests : !HasWritten(job.Guest)) continue;
            Winner = job.Guest;
            return;
        }
        IsLost = expect is not null && allRest;
    }

    private bool HasWritten(Guest guest)
    {
        ConsoleDialog dialog = ConsoleDialog.With(guest);
        dialog.Update();
        return dialog.Find(expect!, from: 0) is not null;
    }
}
