using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Does one more hypercall in the name of a guest that stands still.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "LguestHypercall", SupportsShouldProcess = true)]
[OutputType(typeof(uint))]
public sealed class InvokeLguestHypercallCommand : GuestCommand
{
    // An object, because it is the place of the table after a pipe. PowerShell would ask for it if it were mandatory.
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    [ValidateNotNullOrEmpty]
    public object? Hypercall { get; set; }

    [Parameter(Position = 2)]
    [ArgumentCompleter(typeof(HypercallArgumentCompleter))]
    public Hashtable Argument { get; set; } = [];

    private protected override IReadOnlyList<OwnArgument> OwnArguments =>
        [new(nameof(Hypercall), () => Hypercall, value => Hypercall = value), OwnArgument.Of<Hashtable>(nameof(Argument), () => Argument, value => Argument = value)];

    private protected override void Process(Guest guest)
    {
        if (Hypercall is null) ThrowTerminatingError(Errors.ArgumentMissing("The hypercall", nameof(Hypercall)));
        string name = $"{Hypercall}";
        IReadOnlyList<uint> numbers = FilterArguments.HypercallNumbers(guest.Abi, name);
        if (numbers is not [uint number]) throw Errors.AmbiguousHypercall(guest.Abi, name);
        if (guest.Abi.FindCall(number) is not { } call) throw Errors.UnknownHypercall(guest.Abi, name);

        uint[] words = new uint[call.ArgumentCount];
        foreach (ArgumentMatch word in ArgumentMatches.For(guest, call, Argument)) words[word.Index] = word.Value;
        string text = $"{call.Name}({string.Join(' ', call.Parameters.Select(parameter => $"{parameter.Name}=0x{words[parameter.Index]:x}"))})";
        if (!ShouldProcess(guest.Name, $"Do the hypercall {text}")) return;
        if (guest.Hypercalls.Invoke(MyInvocation.MyCommand.Name, number, words) is { } result) WriteObject(result);
    }
}
