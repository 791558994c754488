using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes the job that runs a guest stop at a standstill.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class SuspendLguestGuestCommand : GuestCommand
{
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Guest guest)
    {
        if (!GuestRegistry.TryGetJob(guest, out GuestJob? job))
        {
            WriteError(Errors.NoJob(guest));
            return;
        }
        if (!ShouldProcess(guest.Name, "Suspend")) return;
        if (!job.TrySuspend(StopToken)) WriteError(Errors.JobNotIn(job, JobState.Running));
        else if (PassThru) WriteObject(guest);
    }
}
