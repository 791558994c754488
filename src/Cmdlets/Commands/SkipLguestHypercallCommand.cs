using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Lets a guest believe that the hypercall it stands before was done.</summary>
[Cmdlet(VerbsCommon.Skip, "LguestHypercall", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class SkipLguestHypercallCommand : GuestCommand
{
    [Parameter(Position = 1)]
    public uint? Result { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<uint>(nameof(Result), () => Result, value => Result = value)];

    private protected override void Process(Guest guest)
    {
        if (!ShouldProcess($"{guest.Name}: {guest.NextCall}", Result is { } value ? $"Skip, with result {value}" : "Skip")) return;
        guest.Hypercalls.Skip(MyInvocation.MyCommand.Name, Result);
        if (PassThru) WriteObject(guest);
    }
}
