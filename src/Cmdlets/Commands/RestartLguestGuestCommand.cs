using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Boots guests again in place, as a reset button does.</summary>
[Cmdlet(VerbsLifecycle.Restart, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class RestartLguestGuestCommand : GuestCommand
{
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess(guest.Name, "Reboot")) return;
        guest.Reboot(MyInvocation.MyCommand.Name);
        if (PassThru) WriteObject(guest);
    }
}
