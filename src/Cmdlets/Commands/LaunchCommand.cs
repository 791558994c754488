using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that drives guests, and makes them first of definitions it is given.</summary>
public abstract class LaunchCommand : RunningCommand, IDefinitionParameters
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

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Initrd { get; set; } = "";

    [Parameter]
    [SizeArgument]
    [ValidateRange(GuestDefinition.MinimumMemory, GuestDefinition.MaximumMemory)]
    public long Memory { get; set; }

    [Parameter]
    [AllowEmptyString]
    public string CommandLine { get; set; } = "";

    [Parameter]
    [ArgumentCompleter(typeof(AbiChoiceCompleter))]
    public string Abi { get; set; } = "";

    [Parameter]
    public CpuChoice Cpu { get; set; }

    [Parameter]
    public ClockKind Clock { get; set; }

    [Parameter]
    public TscChoice Tsc { get; set; }

    [Parameter]
    public DirectTrapChoice DirectTraps { get; set; }

    [Parameter]
    public CompileChoice Compile { get; set; }

    [Parameter]
    public long SampleEvery { get; set; }

    [Parameter]
    public long InstructionLimit { get; set; }

    [Parameter]
    public int SocketLimit { get; set; }

    [Parameter]
    public long RebootLimit { get; set; }

    // They say of a guest what it is, so they are for one that is made now.
    private static readonly string[] OfNewGuests = [nameof(SymbolPath), nameof(Select), .. DefinitionParameters.Names];

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
        GuestDefinition changed = DefinitionParameters.Apply(this, definition, Given, FullPath) with { Name = NameOr(definition.Name), Symbols = SymbolsOr(definition.Symbols) };
        DefinitionParameters.Check(changed, [.. OfNewGuests.Where(Given)]);
        changed = changed with { Name = GuestRegistry.FreeName(changed.Name) };
        return ShouldLoad(changed) ? CreateGuest(changed) : null;
    }

    /// <exception cref="LguestException">InvalidValue: a parameter of new guests was given beside a guest that has been made already.</exception>
    private protected void CheckIsNotForNew(Guest guest)
    {
        if (guest == made) return;
        if (OfNewGuests.FirstOrDefault(Given) is { } parameter)
            throw new LguestException(LguestError.InvalidValue, $"Guest '{guest.Name}' has been made already; -{parameter} is for a guest that is made from a definition{(parameter == nameof(SymbolPath) ? " or a recording" : "")}.");
        if (Given(nameof(Name)) && Given(nameof(Guest)))
            throw new LguestException(LguestError.InvalidValue, $"Guest '{guest.Name}' has its name already; -Name is for a guest that is made from a definition or a recording.");
    }

    /// <exception cref="LguestException">InvalidValue: a parameter of definitions was given for a recording, which has its guest's.</exception>
    private protected void CheckIsNotForReplay(string path)
    {
        if (OfNewGuests.FirstOrDefault(name => name != nameof(SymbolPath) && Given(name)) is { } parameter)
            throw new LguestException(LguestError.InvalidValue, $"A replay is of the guest that was recorded; -{parameter} is for a guest that is made from a definition.") { Path = path };
    }
}
