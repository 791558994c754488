using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the guests of this PowerShell.</summary>
[Cmdlet(VerbsCommon.Get, "LguestGuest")]
[Alias("lgg")]
[OutputType(typeof(Guest))]
public sealed class GetLguestGuestCommand : LguestCommand
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Guest { get; set; } = ["*"];

    [Parameter]
    public GuestState[]? State { get; set; }

    protected override void ProcessRecord()
    {
        foreach (string name in Guest)
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            Guest[] named = [.. GuestRegistry.All.Where(guest => pattern.IsMatch(guest.Name))];
            if (named.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                WriteError(Errors.GuestNotFound(name, pathsToo: false));
            foreach (Guest guest in named)
                if (State is null || State.Contains(guest.State)) WriteObject(guest);
        }
    }
}
