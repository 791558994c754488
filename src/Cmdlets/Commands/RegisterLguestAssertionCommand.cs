using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gives Pester's Should three operators for events.</summary>
[Cmdlet(VerbsLifecycle.Register, "LguestAssertion")]
public sealed class RegisterLguestAssertionCommand : PSCmdlet
{
    private const string PesterCommand = "Add-ShouldOperator";

    protected override void EndProcessing()
    {
        if (SessionState.InvokeCommand.GetCommand(PesterCommand, CommandTypes.Function) is null)
            ThrowTerminatingError(Errors.NoPester());
        using StreamReader script = new(typeof(RegisterLguestAssertionCommand).Assembly.GetManifestResourceStream("ShouldOperators.ps1")!);
        InvokeCommand.InvokeScript(SessionState, ScriptBlock.Create(script.ReadToEnd()));
    }
}
