using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the functions on the stack of a guest that stands still, innermost first.</summary>
[Cmdlet(VerbsCommon.Get, "LguestCallStack")]
[OutputType(typeof(CallStackFrame))]
public sealed class GetLguestCallStackCommand : GuestCommand
{
    [Parameter]
    [ValidateRange(1, 10_000)]
    public int Depth { get; set; } = 64;

    private protected override void Process(Guest guest) => WriteObject(guest.Inspector.CallStack(Depth), enumerateCollection: true);
}
