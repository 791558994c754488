using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes new guests of the definitions of others.</summary>
[Cmdlet(VerbsCommon.Copy, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class CopyLguestGuestCommand : GuestCommand
{
    // -Name is the new guest's here.
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("InputObject")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [SupportsWildcards]
    [GuestTransformation(ByProperty = true)]
    [ValidateNotNullOrEmpty]
    public new object[] Guest
    {
        get => base.Guest;
        set => base.Guest = [.. value.Cast<GuestArgument>()];
    }

    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [new(nameof(Name), () => Name, written => Name = LanguagePrimitives.ConvertTo<string>(written))];

    private protected override void Process(Guest guest)
    {
        if (guest.IsScripted()) throw Errors.NoDefinition(guest);
        GuestDefinition definition = guest.Definition with { Name = GuestRegistry.FreeName(Name.Length > 0 ? Name : guest.Name) };
        if (ShouldLoad(definition)) WriteObject(CreateGuest(definition));
    }
}
