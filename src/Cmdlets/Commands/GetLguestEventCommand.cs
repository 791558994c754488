using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets events of a recorded run.</summary>
[Cmdlet(VerbsCommon.Get, "LguestEvent", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(HypercallEvent), typeof(DmaEvent), typeof(KickEvent), typeof(VirtqueueEvent), typeof(TrapEvent), typeof(InterruptEvent), typeof(InterventionEvent), typeof(GuestRebootedEvent), typeof(GuestEndedEvent))]
public sealed class GetLguestEventCommand : RangeOfHistoryCommand
{
    [Parameter]
    [EventKindArgument]
    public EventKinds[]? Kind { get; set; }

    [Parameter]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Hypercall { get; set; }

    [Parameter]
    public Hashtable Argument { get; set; } = [];

    [Parameter]
    [ArgumentCompleter(typeof(DeviceNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Device { get; set; }

    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int[]? Queue { get; set; }

    [Parameter]
    public SwitchParameter WithData { get; set; }

    private protected override void Ask(GuestHistory history, HistoryProgress progress)
    {
        EventQuery query = Look(history, guest => new EventQuery
        {
            Filter = FilterArguments.For(guest, Kind, Hypercall, Device, Queue), Arguments = Arguments(guest),
            WithData = WithData, From = From, To = To, Pulse = progress.Pulse,
        });
        foreach (LguestEvent happened in history.FindEvents(query, StopToken))
        {
            progress.Hide();
            WriteObject(happened);
        }
    }

    private IReadOnlyList<ArgumentMatch> Arguments(Guest guest)
    {
        if (Argument.Count == 0) return [];
        string name = Hypercall is [var only] ? only : throw new LguestException(LguestError.InvalidValue, "arguments are those of one hypercall; name it with -Hypercall");
        return FilterArguments.HypercallNumbers(guest.Abi, name) is [var number] && guest.Abi.FindCall(number) is { } call ? ArgumentMatches.For(guest, call, Argument) : throw Errors.AmbiguousHypercall(guest.Abi, name);
    }
}
