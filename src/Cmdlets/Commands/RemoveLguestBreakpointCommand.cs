using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes breakpoints away.</summary>
[Cmdlet(VerbsCommon.Remove, "LguestBreakpoint", DefaultParameterSetName = "Breakpoint", SupportsShouldProcess = true)]
[Alias("lgbc")]
public sealed class RemoveLguestBreakpointCommand : BreakpointCommand
{
    private protected override void Process(Breakpoint breakpoint)
    {
        if (ShouldProcess($"{breakpoint}", "Remove")) BreakpointList.Remove(breakpoint);
    }
}
