using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Lets guests pass breakpoints without heeding them, until they are enabled again.</summary>
[Cmdlet(VerbsLifecycle.Disable, "LguestBreakpoint", DefaultParameterSetName = "Breakpoint", SupportsShouldProcess = true)]
[OutputType(typeof(Breakpoint))]
public sealed class DisableLguestBreakpointCommand : BreakpointCommand
{
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Breakpoint breakpoint)
    {
        if (!ShouldProcess($"{breakpoint}", "Disable")) return;
        breakpoint.Enabled = false;
        if (PassThru) WriteObject(breakpoint);
    }
}
