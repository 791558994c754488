using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that acts on guests, named in any of the ways <see cref="GuestArgument"/> knows.</summary>
public abstract class GuestCommand : LguestCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "InputObject")]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public GuestArgument[] Guest { get; set; } = [];

    /// <summary>Whether this cmdlet also takes the path of a definition.</summary>
    private protected virtual bool TakesPaths => false;

    protected override void ProcessRecord()
    {
        foreach (GuestArgument argument in Guest)
            foreach (Guest guest in Resolve(argument))
                Attempt(guest);
    }

    private protected abstract void Process(Guest guest);

    /// <summary>For a definition, by its path; makes no guest yet.</summary>
    private protected virtual void ProcessFile(string path)
    {
    }

    /// <summary>Shows what the engine has to say about a guest; after the pipeline was stopped there is nobody to show it to.</summary>
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

    private IEnumerable<Guest> Resolve(GuestArgument argument)
    {
        if (argument.Guest is { } itself) return [itself];
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
        if (files.Count == 0) WriteError(argument.LooksLikePath && TakesPaths ? Errors.DefinitionNotFound(argument.Text) : Errors.GuestNotFound(argument.Text, TakesPaths));
        foreach (string file in files) ProcessFile(file);
        return [];
    }
}
