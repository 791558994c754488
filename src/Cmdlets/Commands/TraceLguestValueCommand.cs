using System.Management.Automation;
using LguestPS.Histories;

namespace LguestPS.Cmdlets;

/// <summary>Follows a value of a recorded run back to where it came from.</summary>
[Cmdlet(VerbsDiagnostic.Trace, "LguestValue", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(ValueStep))]
public sealed class TraceLguestValueCommand : HistoryCommand
{
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNull]
    public AddressArgument Value { get; set; } = null!;

    [Parameter]
    [ValidateRange(1u, 8u)]
    public uint Length { get; set; } = 4;

    [Parameter]
    [PositionArgument]
    [ValidateNotNull]
    public PositionExpression At { get; set; } = PositionExpression.Now;

    [Parameter]
    public SwitchParameter Back { get; set; }

    [Parameter]
    [ValidateRange(1, 100_000)]
    public int MostSteps { get; set; } = 64;

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<AddressArgument>(nameof(Value), () => Value?.Written, value => Value = value)];

    private protected override void Ask(GuestHistory history, HistoryProgress progress)
    {
        if (Value is null) ThrowTerminatingError(Errors.ArgumentMissing("The register or address", nameof(Value)));
        // A guest that was taken back is asked for what it has where it stands.
        PositionExpression at = Given(nameof(At)) || Asked is null || Asked.HasEnded ? At : PositionExpression.Of(Asked.RunPosition);
        ValueQuery query = new() { To = at, MostSteps = MostSteps, Pulse = progress.Pulse };
        if (Value!.Written is string name && ValuePlace.Parse(name) is not null) query = query with { Register = name };
        else query = query with { Address = history.LookAt(at, place => Value.In(place, physical: false), StopToken), Length = Length };
        foreach (ValueStep step in history.TraceValue(query, StopToken))
        {
            progress.Hide();
            WriteObject(step);
        }
    }
}
