using System.Diagnostics;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Waits until guests have ended or stand still: for the job that runs one, or by running it here and dropping its events.</summary>
[Cmdlet(VerbsLifecycle.Wait, "LguestGuest")]
[OutputType(typeof(Guest))]
public sealed class WaitLguestGuestCommand : RunningCommand
{
    private protected override void Process(Guest guest)
    {
        if (GuestRegistry.TryGetJob(guest, out GuestJob? job) && !job.IsOver)
        {
            if (!WaitFor(job, new RunProgress(this, guest))) return;
        }
        else if (!guest.HasEnded)
        {
            RunProgress progress = new(this, guest);
            RunOptions options = new() { Driver = Driver, Filter = EventFilter.Nothing, TimeLimit = TimeLimit, Pulse = progress.Pulse, Warning = Warn(guest) };
            Write(guest.Run(options, StopToken), progress);
            if (TimeLimit is not null && guest.Standstill == Standstill.TimeLimit) return;
            SayWhereItStands(guest);
        }
        WriteObject(guest);
    }

    /// <returns>False if the time was up, or on Ctrl-C.</returns>
    private bool WaitFor(GuestJob job, RunProgress progress)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (true)
            {
                TimeSpan left = (TimeLimit ?? TimeSpan.MaxValue) - Stopwatch.GetElapsedTime(start);
                if (job.WaitUntilAtRest(left < TimeSpan.Zero ? TimeSpan.Zero : left < RunProgress.Period ? left : RunProgress.Period, StopToken)) return true;
                if (left <= TimeSpan.Zero || StopToken.IsCancellationRequested) return false;
                progress.Pulse();
            }
        }
        finally
        {
            progress.Hide();
        }
    }
}
