using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the registers of a guest that stands still.</summary>
[Cmdlet(VerbsCommon.Get, "LguestRegister")]
[OutputType(typeof(GuestRegister))]
public sealed class GetLguestRegisterCommand : GuestCommand
{
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(RegisterNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Register { get; set; } = ["*"];

    [Parameter]
    public RegisterGroup[]? Group { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<string[]>(nameof(Register), () => Register, value => Register = value)];

    private protected override void Process(Guest guest)
    {
        WildcardPattern[] patterns = [.. Register.Select(name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase))];
        IReadOnlyList<GuestRegister> registers = [.. guest.Inspector.Registers()];
        if (Register.FirstOrDefault(name => !WildcardPattern.ContainsWildcardCharacters(name) && !registers.Any(register => string.Equals(register.Name, name, StringComparison.OrdinalIgnoreCase))) is { } unknown)
            throw Errors.UnknownRegister(unknown);
        foreach (GuestRegister register in registers)
            if (patterns.Any(pattern => pattern.IsMatch(register.Name)) && Group?.Contains(register.Group) != false) WriteObject(register);
    }
}
