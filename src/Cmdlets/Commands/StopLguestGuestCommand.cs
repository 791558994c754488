using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Ends guests. They stay listed, with how they ended.</summary>
[Cmdlet(VerbsLifecycle.Stop, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class StopLguestGuestCommand : GuestCommand
{
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess(guest.Name, "Stop")) return;
        guest.Stop(Warn(guest));
        // Whoever drives it sees the request within milliseconds, except this very pipeline, which is here now.
        if (GuestRegistry.TryGetJob(guest, out GuestJob? job) && job is RunJob) job.WaitUntilAtRest(Timeout.InfiniteTimeSpan, StopToken);
        if (PassThru) WriteObject(guest);
    }
}
