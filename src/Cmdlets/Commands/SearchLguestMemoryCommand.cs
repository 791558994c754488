using System.Management.Automation;
using System.Text;

namespace LguestPS.Cmdlets;

/// <summary>Looks for bytes, text or a number in the memory of a guest that stands still.</summary>
[Cmdlet(VerbsCommon.Search, "LguestMemory", DefaultParameterSetName = "Pattern")]
[OutputType(typeof(MemoryHit))]
public sealed class SearchLguestMemoryCommand : GuestCommand
{
    // PowerShell would ask for it if it were mandatory.
    [Parameter(ParameterSetName = "Pattern", Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Pattern { get; set; } = "";

    [Parameter(ParameterSetName = "Bytes", Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public byte[] Bytes { get; set; } = [];

    [Parameter(ParameterSetName = "Text", Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Text { get; set; } = "";

    [Parameter(ParameterSetName = "Value", Mandatory = true)]
    public AddressArgument Value { get; set; } = null!;

    [Parameter]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument? From { get; set; }

    [Parameter]
    [ArgumentCompleter(typeof(AddressCompleter))]
    public AddressArgument? To { get; set; }

    [Parameter]
    public SwitchParameter Physical { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<string>(nameof(Pattern), () => Pattern, value => Pattern = value)];

    private protected override void Process(Guest guest)
    {
        if (ParameterSetName == "Pattern" && Pattern.Length == 0) ThrowTerminatingError(Errors.ArgumentMissing("What to look for", "Pattern", "Bytes", "Text", "Value"));
        BytePattern pattern = ParameterSetName switch
        {
            "Bytes" => new BytePattern(Bytes),
            "Text" => new BytePattern(Encoding.UTF8.GetBytes(Text)),
            "Value" => new BytePattern(BitConverter.GetBytes(Value.In(guest, physical: false))),
            _ => BytePattern.Parse(Pattern),
        };
        uint first = From?.In(guest, Physical) ?? 0, last = To?.In(guest, Physical) ?? uint.MaxValue;
        foreach (MemoryHit hit in guest.Inspector.Search(pattern, first, last, Physical, StopToken)) WriteObject(hit);
    }
}
