using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Waits until guests have ended or stand still: for the job that runs one, or by running it here and dropping its events.</summary>
[Cmdlet(VerbsLifecycle.Wait, "LguestGuest")]
[OutputType(typeof(Guest))]
public sealed class WaitLguestGuestCommand : RunningCommand
{
    private protected override bool TakesPaths => false;

    private protected override void Process(Guest guest)
    {
        if (GuestRegistry.TryGetJob(guest, out GuestJob? job) && !job.IsOver)
        {
            if (!job.WaitUntilAtRest(TimeLimit ?? Timeout.InfiniteTimeSpan, StopToken)) return;
        }
        else if (!guest.HasEnded)
        {
            RunProgress progress = new(this, guest);
            RunOptions options = new() { Driver = Driver, Filter = EventFilter.Nothing, TimeLimit = TimeLimit, Pulse = progress.Pulse };
            Write(WithWarnings(guest, guest.Run(options, StopToken)), progress);
            if (TimeLimit is not null && guest.Standstill == Standstill.TimeLimit) return;
            SayWhereItStands(guest);
        }
        WriteObject(guest);
    }
}
