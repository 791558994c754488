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

    [Parameter]
    [ArgumentCompleter(typeof(FileGuestCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Select { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string SymbolPath { get; set; } = "";

    [Parameter]
    public SwitchParameter NoReboot { get; set; }

    private Guest? made;

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

    /// <summary>The symbols for a guest that is made now.</summary>
    /// <exception cref="LguestException">FileUnavailable: there is no such file.</exception>
    private protected string? SymbolsOr(string? own) => Given(nameof(SymbolPath)) ? ExistingSymbols(SymbolPath) : own;

    private protected override void ProcessNew(Guest guest)
    {
        made = guest;
        base.ProcessNew(guest);
    }

    private protected override IReadOnlyList<Func<Guest?>> Plan(string path)
    {
        IReadOnlyList<GuestDefinition> definitions = ReadDefinitions(path, Select);
        if (definitions.Count > 1 && Given(nameof(Name)) && Given(nameof(Guest))) throw Errors.OneNameForMany(path, [.. definitions.Select(guest => guest.Name)]);
        return [.. definitions.Select(definition => (Func<Guest?>)(() => Make(definition)))];
    }

    private Guest? Make(GuestDefinition definition)
    {
        definition = definition with { Name = GuestRegistry.FreeName(NameOr(definition.Name)), Symbols = SymbolsOr(definition.Symbols) };
        return ShouldLoad(definition) ? CreateGuest(definition) : null;
    }

    /// <exception cref="LguestException">InvalidValue: -Name or -SymbolPath was given beside a guest that has these already.</exception>
    private protected void CheckIsNotForNew(Guest guest)
    {
        if (guest == made) return;
        if (Given(nameof(SymbolPath)))
            throw new LguestException(LguestError.InvalidValue, $"Guest '{guest.Name}' has been made already; -SymbolPath is for a guest that is made from a definition or a recording.");
        if (Given(nameof(Name)) && Given(nameof(Guest)))
            throw new LguestException(LguestError.InvalidValue, $"Guest '{guest.Name}' has its name already; -Name is for a guest that is made from a definition or a recording.");
    }
}
