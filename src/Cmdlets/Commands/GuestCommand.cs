using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that acts on guests, named in any of the ways <see cref="GuestArgument"/> knows.</summary>
public abstract class GuestCommand : LguestCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "InputObject")]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [SupportsWildcards]
    [GuestTransformation]
    [ValidateNotNullOrEmpty]
    public virtual GuestArgument[] Guest { get; set; } = [];

    /// <summary>What is piped. It is the guest where the first position was taken by an argument of the verb.</summary>
    [Parameter(ValueFromPipeline = true, DontShow = true)]
    [GuestTransformation(ByProperty = true)]
    public GuestArgument[] PipedGuest { get; set; } = [];

    private bool isGuestWritten;
    private bool hasMoved;

    /// <summary>The verb's own arguments that have a position, in order.</summary>
    private protected virtual IReadOnlyList<OwnArgument> OwnArguments => [];

    /// <summary>Whether this cmdlet also takes the path of a definition.</summary>
    private protected virtual bool TakesPaths => false;

    /// <summary>Whether a text can be nothing else than a path.</summary>
    private protected virtual bool TakesOnlyPaths => false;

    protected override void BeginProcessing() => isGuestWritten = Given(nameof(Guest));

    protected override void ProcessRecord()
    {
        bool isPiped = isGuestWritten && Given(nameof(PipedGuest)) && PipedGuest.All(IsGuest);
        if (isPiped && !hasMoved) MoveArgumentsUp();
        foreach (GuestArgument argument in isPiped ? PipedGuest : Guest)
            foreach (Guest guest in Resolve(argument))
                Attempt(guest);
    }

    /// <summary>Whether something that was piped can only be a guest, and not an argument of the verb.</summary>
    private protected virtual bool IsGuest(GuestArgument piped) => true;

    private protected abstract void Process(Guest guest);

    /// <summary>For a definition, by its path; makes no guest yet.</summary>
    private protected virtual void ProcessFile(string path)
    {
    }

    /// <summary>The error of a path at which nothing is.</summary>
    private protected virtual ErrorRecord NoFile(string path) => Errors.DefinitionNotFound(path);

    /// <summary>Shows what the engine has to say about a guest; after the pipeline was stopped there is nowhere to show it.</summary>
    private protected Action<string> Warn(Guest guest) => text =>
    {
        try
        {
            WriteWarning($"Guest '{guest.Name}': {text}");
        }
        catch (PipelineStoppedException)
        {
        }
    };

    private protected void Attempt(Guest guest)
    {
        try
        {
            Process(guest);
        }
        catch (LguestException e)
        {
            WriteError(e, guest);
        }
    }

    /// <summary>What was written first was taken for the guest, and each further argument for its neighbour: puts all in their places.</summary>
    private void MoveArgumentsUp()
    {
        hasMoved = true;
        IReadOnlyCollection<string> positional = BoundByPosition;
        if (!positional.Contains(nameof(Guest))) ThrowTerminatingError(Errors.GuestGivenTwice(Guest));
        object?[] written = [
            Guest is [var only] ? only.Written : Guest.Select(argument => argument.Written).ToArray(),
            .. OwnArguments.Where(own => positional.Contains(own.Name)).Select(own => own.Get()),
        ];
        OwnArgument[] places = [.. OwnArguments.Where(own => !Given(own.Name) || positional.Contains(own.Name))];
        if (written.Length > places.Length) ThrowTerminatingError(Errors.ArgumentWithoutPlace(written[^1]));
        foreach ((OwnArgument place, object? value) in places.Zip(written))
        {
            try
            {
                place.Set(value);
            }
            catch (Exception e) when (e is PSInvalidCastException or LguestException)
            {
                ThrowTerminatingError(Errors.InvalidArgument(place.Name, e));
            }
        }
    }

    private IEnumerable<Guest> Resolve(GuestArgument argument)
    {
        if (argument.Guest is { } itself) return [itself];
        if (TakesOnlyPaths)
        {
            IReadOnlyList<string> found = argument.IsFile ? [argument.Text] : FindFiles(argument.Text);
            foreach (string file in found.Count > 0 ? found : [FullPath(argument.Text)]) ProcessFile(file);
            return [];
        }
        if (!argument.LooksLikePath || !TakesPaths)
        {
            if (GuestRegistry.Find(argument.Text) is { } found) return [found];
            if (WildcardPattern.ContainsWildcardCharacters(argument.Text) && !argument.LooksLikePath)
            {
                WildcardPattern pattern = WildcardPattern.Get(argument.Text, WildcardOptions.IgnoreCase);
                return GuestRegistry.All.Where(guest => pattern.IsMatch(guest.Name));
            }
        }

        IReadOnlyList<string> files = TakesPaths ? argument.IsFile ? [argument.Text] : FindFiles(argument.Text) : [];
        if (files.Count == 0) WriteError(argument.LooksLikePath && TakesPaths ? NoFile(argument.Text) : Errors.GuestNotFound(argument.Text, TakesPaths));
        foreach (string file in files) ProcessFile(file);
        return [];
    }
}
