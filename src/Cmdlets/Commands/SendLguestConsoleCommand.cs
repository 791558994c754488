using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Types into a guest's console: whole lines, unless told otherwise.</summary>
[Cmdlet(VerbsCommunications.Send, "LguestConsole", SupportsShouldProcess = true)]
public sealed class SendLguestConsoleCommand : GuestCommand
{
    private string[] lines = [];

    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [AllowEmptyString]
    public object[] Text { get; set; } = [];

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    protected override void ProcessRecord()
    {
        // "$guest | Send-LguestConsole hello" binds hello to the first position and the guest to what is left.
        if (Text is [var only] && PSObject.AsPSObject(only).BaseObject is Guest piped && Guest.All(argument => argument.Guest is null))
        {
            lines = [.. Guest.Select(argument => argument.Text)];
            Attempt(piped);
            return;
        }
        lines = [.. Text.Select(line => LanguagePrimitives.ConvertTo<string>(line))];
        base.ProcessRecord();
    }

    private protected override void Process(Guest guest)
    {
        foreach (string line in lines)
            if (ShouldProcess(guest.Name, $"Type '{line}'")) guest.SendConsole(NoNewline ? line : line + "\n");
    }
}
