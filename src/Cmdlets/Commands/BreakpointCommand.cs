using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that acts on breakpoints there are: given as objects or by number.</summary>
public abstract class BreakpointCommand : LguestCommand
{
    [Parameter(ParameterSetName = "Breakpoint", Mandatory = true, Position = 0, ValueFromPipeline = true)]
    public Breakpoint[] Breakpoint { get; set; } = [];

    // Not by property name: a breakpoint that came from another session has an Id, too, and it is no number of ours.
    [Parameter(ParameterSetName = "Id", Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(BreakpointCompleter))]
    public int[] Id { get; set; } = [];

    protected override void ProcessRecord()
    {
        foreach (Breakpoint breakpoint in Breakpoint) Process(breakpoint);
        foreach (int id in Id)
        {
            if (BreakpointList.Find(id) is { } found) Process(found);
            else WriteError(Errors.BreakpointNotFound(id));
        }
    }

    private protected abstract void Process(Breakpoint breakpoint);
}

/// <summary>The breakpoints of all listed guests.</summary>
internal static class BreakpointList
{
    public static IEnumerable<Breakpoint> All => GuestRegistry.All.SelectMany(guest => guest.Breakpoints);

    public static void Remove(Breakpoint breakpoint)
    {
        foreach (Guest guest in GuestRegistry.All)
            if (guest.RemoveBreakpoint(breakpoint)) return;
    }

    public static Breakpoint? Find(int id) => All.FirstOrDefault(breakpoint => breakpoint.Id == id);
}
