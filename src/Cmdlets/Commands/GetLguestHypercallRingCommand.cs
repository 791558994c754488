using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the slots of a guest's asynchronous hypercall ring.</summary>
[Cmdlet(VerbsCommon.Get, "LguestHypercallRing")]
[OutputType(typeof(RingSlot))]
public sealed class GetLguestHypercallRingCommand : GuestCommand
{
    [Parameter]
    public SwitchParameter Ready { get; set; }

    private protected override void Process(Guest guest)
    {
        foreach (RingSlot slot in guest.Inspector.Ring())
            if (!Ready || slot.IsReady) WriteObject(slot);
    }
}
