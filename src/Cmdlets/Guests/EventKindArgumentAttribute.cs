using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes kinds of events as PowerShell takes the names of any enumeration, and says of a misspelt one which was probably meant.</summary>
internal sealed class EventKindArgumentAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] Names = Enum.GetNames<EventKinds>();

    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        foreach (string name in Words(inputData).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
            if (!Names.Any(known => known.StartsWith(name, StringComparison.OrdinalIgnoreCase)) && !long.TryParse(name, out _))
                throw new ArgumentTransformationMetadataException($"there is no kind of event '{name}'{DefinitionText.Instead(name, Names)}");
        return inputData;
    }

    private static IEnumerable<string> Words(object? given) => (given is PSObject wrapped ? wrapped.BaseObject : given) switch
    {
        string text => [text],
        IEnumerable many => many.Cast<object?>().SelectMany(Words),
        _ => [],
    };
}
