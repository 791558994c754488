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

    private protected override void Process(Guest guest)
    {
        WildcardPattern[] patterns = [.. Register.Select(name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase))];
        foreach (GuestRegister register in guest.Inspector.Registers())
            if (patterns.Any(pattern => pattern.IsMatch(register.Name)) && Group?.Contains(register.Group) != false) WriteObject(register);
    }
}
