namespace LguestPS.Cmdlets;

/// <summary>What a user may write where a guest is meant: the guest itself, its name, or the path of a definition.</summary>
public sealed class GuestArgument
{
    /// <param name="nameOrPath">Name of a guest, perhaps with wildcards, or path of a definition.</param>
    public GuestArgument(string nameOrPath) => Written = Text = nameOrPath;

    /// <param name="guest">The guest itself.</param>
    public GuestArgument(Guest guest) => Written = Guest = guest;

    /// <param name="job">The job that runs the guest.</param>
    public GuestArgument(GuestJob job)
    {
        Written = job;
        Guest = job.Guest;
    }

    /// <param name="seen">Something seen in the guest, as Search-LguestMemory gives it.</param>
    public GuestArgument(GuestView seen)
    {
        Written = seen;
        Text = seen.Guest;
    }

    /// <param name="file">A definition, as Get-ChildItem gives it.</param>
    public GuestArgument(FileInfo file)
    {
        Written = file;
        Text = file.FullName;
        IsFile = true;
    }

    private GuestArgument(object written, string text)
    {
        Written = written;
        Text = text;
    }

    internal Guest? Guest { get; }

    internal string Text { get; } = "";

    internal bool IsFile { get; }

    /// <summary>What the user wrote: where a guest was piped, it is an argument of the verb.</summary>
    internal object Written { get; }

    /// <summary>Whether it can only be a path: no guest's name has a separator, and few end like a definition.</summary>
    internal bool LooksLikePath =>
        IsFile || Text.Contains('/') || Text.Contains('\\')
        || Text.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || Text.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);

    public override string ToString() => Guest?.Name ?? Text;

    /// <summary>Keeps something that cannot be a guest until it is known whose argument it is.</summary>
    internal static GuestArgument Keeping(object written) => new(written, $"{written}");
}
