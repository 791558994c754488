using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Replaces arguments of the hypercall a guest stands before.</summary>
[Cmdlet(VerbsCommon.Set, "LguestHypercall", SupportsShouldProcess = true)]
[OutputType(typeof(Hypercall))]
public sealed class SetLguestHypercallCommand : GuestCommand
{
    // PowerShell would ask for it if it were mandatory.
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(HypercallArgumentCompleter))]
    public Hashtable Argument { get; set; } = [];

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<Hashtable>(nameof(Argument), () => Argument, value => Argument = value)];

    private protected override void Process(Guest guest)
    {
        if (Argument.Count == 0) ThrowTerminatingError(Errors.ArgumentMissing("The table of arguments", nameof(Argument)));
        IReadOnlyList<ArgumentMatch> words = guest.NextCall is { } call && guest.Abi.FindCall(call.Number) is { } definition ? ArgumentMatches.For(guest, definition, Argument) : [];
        if (!ShouldProcess($"{guest.Name}: {guest.NextCall}", $"Set {string.Join(' ', words)}")) return;
        Hypercall changed = guest.Hypercalls.Set(MyInvocation.MyCommand.Name, words);
        if (PassThru) WriteObject(changed);
    }
}
