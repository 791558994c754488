using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Says what this machine can run guests on.</summary>
[Cmdlet(VerbsDiagnostic.Test, "LguestHost")]
[OutputType(typeof(HostReport))]
public sealed class TestLguestHostCommand : PSCmdlet
{
    protected override void EndProcessing() => WriteObject(HostReport.Probe());
}
