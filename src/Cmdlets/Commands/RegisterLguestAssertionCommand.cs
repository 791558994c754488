using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gives Pester assertions about events: operators of Should, and from Pester 6 on commands beside its own.</summary>
[Cmdlet(VerbsLifecycle.Register, "LguestAssertion")]
public sealed class RegisterLguestAssertionCommand : PSCmdlet
{
    private const string OperatorCommand = "Add-ShouldOperator";
    private const string AssertionCommand = "New-ShouldAssertion";

    protected override void EndProcessing()
    {
        if (SessionState.InvokeCommand.GetCommand(OperatorCommand, CommandTypes.Function) is not { } pester)
        {
            ThrowTerminatingError(Errors.NoPester());
            return;
        }
        Run("ShouldOperators.ps1");
        // Asked of the Pester that is loaded: looking for the command could load another one, beside it.
        if (pester.Module?.ExportedFunctions.ContainsKey(AssertionCommand) == true) Run("ShouldCommands.ps1");
    }

    private void Run(string script)
    {
        using StreamReader reader = new(typeof(RegisterLguestAssertionCommand).Assembly.GetManifestResourceStream(script)!);
        InvokeCommand.InvokeScript(SessionState, ScriptBlock.Create(reader.ReadToEnd()));
    }
}
