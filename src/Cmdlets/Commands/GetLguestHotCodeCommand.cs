using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the code in which a guest spent most of its instructions, hottest first.</summary>
[Cmdlet(VerbsCommon.Get, "LguestHotCode")]
[OutputType(typeof(HotCode))]
public sealed class GetLguestHotCodeCommand : GuestCommand
{
    [Parameter]
    public HotCodeUnit By { get; set; }

    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = 20;

    private protected override void Process(Guest guest) => WriteObject(guest.HotCode(By).Take(First), enumerateCollection: true);
}
