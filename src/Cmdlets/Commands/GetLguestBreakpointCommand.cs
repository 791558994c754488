using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the breakpoints of guests.</summary>
[Cmdlet(VerbsCommon.Get, "LguestBreakpoint", DefaultParameterSetName = "Guest")]
[Alias("lgbl")]
[OutputType(typeof(Breakpoint))]
public sealed class GetLguestBreakpointCommand : LguestCommand
{
    [Parameter(ParameterSetName = "Guest", Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "InputObject")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [SupportsWildcards]
    [GuestTransformation]
    [ValidateNotNullOrEmpty]
    public GuestArgument[] Guest { get; set; } = [new("*")];

    [Parameter(ParameterSetName = "Id", Mandatory = true)]
    [ArgumentCompleter(typeof(BreakpointCompleter))]
    public int[] Id { get; set; } = [];

    [Parameter]
    public BreakpointKind[]? Kind { get; set; }

    protected override void ProcessRecord()
    {
        if (ParameterSetName == "Id")
        {
            foreach (int id in Id)
            {
                if (BreakpointList.Find(id) is { } found) Write(found);
                else WriteError(Errors.BreakpointNotFound(id));
            }
            return;
        }

        foreach (GuestArgument argument in Guest)
        {
            WildcardPattern pattern = WildcardPattern.Get(argument.Text, WildcardOptions.IgnoreCase);
            Guest[] guests = argument.Guest is { } itself ? [itself] : [.. GuestRegistry.All.Where(guest => pattern.IsMatch(guest.Name))];
            if (guests.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(argument.Text)) WriteError(Errors.GuestNotFound(argument.Text, pathsToo: false));
            foreach (Breakpoint breakpoint in guests.SelectMany(guest => guest.Breakpoints)) Write(breakpoint);
        }
    }

    private void Write(Breakpoint breakpoint)
    {
        if (Kind is null || Kind.Contains(breakpoint.Kind)) WriteObject(breakpoint);
    }
}
