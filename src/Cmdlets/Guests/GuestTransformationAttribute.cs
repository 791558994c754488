using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes for a guest whatever a user may write or pipe where one is meant, but nothing that comes from another process.</summary>
internal sealed class GuestTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] NamingProperties = ["Guest", "Name", "InputObject"];

    /// <summary>Whether objects with a property Guest or Name are taken, too: for parameters that are not bound by property name.</summary>
    public bool ByProperty { get; set; }

    public override object Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is IEnumerable many and not (string or IDictionary)
            ? many.Cast<object?>().Select(Argument).ToArray()
            : Argument(inputData);

    /// <summary>Whether an object is the copy of one in another process or on another machine. Plain text is just text.</summary>
    internal static bool IsFromElsewhere(PSObject given) => given.BaseObject is not string
        && (given.TypeNames.Any(name => name.Contains("Deserialized.", StringComparison.Ordinal)) || given.Properties["PSComputerName"] is PSNoteProperty);

    private GuestArgument Argument(object? given)
    {
        if (given is null) throw Invalid("nothing is no guest");
        PSObject shown = PSObject.AsPSObject(given);
        if (IsFromElsewhere(shown)) throw new ArgumentTransformationMetadataException(Errors.FromElsewhere(shown));
        switch (shown.BaseObject)
        {
            case GuestArgument argument: return argument;
            case Guest guest: return new GuestArgument(guest);
            case GuestJob job: return new GuestArgument(job);
            case GuestView seen: return new GuestArgument(seen);
            case FileInfo file: return new GuestArgument(file);
            case string text: return new GuestArgument(text);
            case ScriptBlock or IDictionary or SymbolLocation or ValueType: return GuestArgument.Keeping(shown.BaseObject);
        }
        if (ByProperty && NamingProperties.Select(name => shown.Properties[name]?.Value).FirstOrDefault(value => value is not null) is { } named) return Argument(named);
        throw Invalid($"a {shown.BaseObject.GetType().Name} is not a guest");
    }

    /// <remarks>With this inner exception, PowerShell goes on to look for a property that has the guest.</remarks>
    private static ArgumentTransformationMetadataException Invalid(string problem) => new(problem, new PSInvalidCastException(problem));
}
