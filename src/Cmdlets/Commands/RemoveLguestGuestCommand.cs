using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Ends guests, frees their memory and files, and takes them off the list.</summary>
[Cmdlet(VerbsCommon.Remove, "LguestGuest", SupportsShouldProcess = true)]
public sealed class RemoveLguestGuestCommand : GuestCommand
{
    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess(guest.Name, "Stop and remove")) return;
        GuestRegistry.Remove(guest, Warn(guest));
    }
}
