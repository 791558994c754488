using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the calls of functions in a recorded run, with arguments and results.</summary>
[Cmdlet(VerbsCommon.Get, "LguestCall", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(GuestCall))]
public sealed class GetLguestCallCommand : RangeOfHistoryCommand
{
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Symbol { get; set; } = ["*"];

    [Parameter]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] ExcludeSymbol { get; set; } = [];

    [Parameter]
    public CallConvention Convention { get; set; }

    [Parameter]
    [ValidateRange(0, 8)]
    public int ArgumentCount { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<string[]>(nameof(Symbol), () => Symbol, value => Symbol = value)];

    private protected override void Ask(GuestHistory history, HistoryProgress progress)
    {
        CallQuery query = new()
        {
            Symbols = Symbol, ExcludeSymbols = ExcludeSymbol, Convention = Convention, ArgumentCount = Given(nameof(ArgumentCount)) ? ArgumentCount : null,
            From = From, To = To, Pulse = progress.Pulse,
        };
        foreach (GuestCall call in history.FindCalls(query, StopToken))
        {
            progress.Hide();
            WriteObject(call);
        }
    }
}
