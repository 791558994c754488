using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Lets guests heed breakpoints again.</summary>
[Cmdlet(VerbsLifecycle.Enable, "LguestBreakpoint", DefaultParameterSetName = "Breakpoint", SupportsShouldProcess = true)]
[OutputType(typeof(Breakpoint))]
public sealed class EnableLguestBreakpointCommand : BreakpointCommand
{
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(Breakpoint breakpoint)
    {
        if (!ShouldProcess($"{breakpoint}", "Enable")) return;
        breakpoint.Enabled = true;
        if (PassThru) WriteObject(breakpoint);
    }
}
