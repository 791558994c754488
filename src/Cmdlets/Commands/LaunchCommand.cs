using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that drives guests, and makes them first of definitions it is given.</summary>
public abstract class LaunchCommand : RunningCommand
{
    // -Name is the new guest's here; and object[] because a script block in the first position is an argument, not something to ask each piped guest with.
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("InputObject")]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [SupportsWildcards]
    [GuestTransformation(ByProperty = true)]
    [ValidateNotNullOrEmpty]
    public new object[] Guest
    {
        get => base.Guest;
        set => base.Guest = [.. value.Cast<GuestArgument>()];
    }

    [Parameter]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    private protected override bool TakesPaths => true;

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Given(nameof(Guest)) || MyInvocation.ExpectingInput) return;
        if (!Given(nameof(Name))) ThrowTerminatingError(Errors.ArgumentMissing("The guest", nameof(Guest)));
        base.Guest = [new GuestArgument(Name)];
    }

    /// <summary>The name for a guest that is made now.</summary>
    private protected string NameOr(string own) => Given(nameof(Name)) && Given(nameof(Guest)) ? Name : own;

    private protected override Guest? Make(string path)
    {
        GuestDefinition definition = ReadDefinition(path);
        definition = definition with { Name = GuestRegistry.FreeName(NameOr(definition.Name)) };
        return ShouldLoad(definition) ? CreateGuest(definition) : null;
    }

    /// <exception cref="LguestException">InvalidValue: -Name was given beside a guest that has a name already.</exception>
    private protected void CheckName(Guest guest)
    {
        if (Given(nameof(Name)) && Given(nameof(Guest)))
            throw new LguestException(LguestError.InvalidValue, $"Guest '{guest.Name}' has its name already; -Name is for a guest that is made from a definition or a recording.");
    }
}
