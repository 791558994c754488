using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Lets a suspended job go on with its guest.</summary>
[Cmdlet(VerbsLifecycle.Resume, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class ResumeLguestGuestCommand : GuestCommand
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
        if (!ShouldProcess(guest.Name, "Resume")) return;
        if (guest.Driver is not null && job.JobStateInfo.State == JobState.Suspended) throw Errors.Busy(guest);
        if (!job.TryResume()) WriteError(Errors.JobNotIn(job, JobState.Suspended));
        else if (PassThru) WriteObject(guest);
    }
}
