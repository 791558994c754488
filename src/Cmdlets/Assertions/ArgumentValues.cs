using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Values that arguments of a hypercall must have, by their names.</summary>
internal sealed class ArgumentValues
{
    private readonly (string Name, uint Value)[] wanted;

    /// <param name="calls">The names of the calls they are arguments of.</param>
    /// <param name="wanted">Names with numbers; null for none.</param>
    /// <exception cref="LguestException">InvalidDefinition: none of the calls has an argument of that name, or the value is not a number.</exception>
    public ArgumentValues(WildcardPattern calls, Hashtable? wanted)
    {
        this.wanted = [.. (wanted ?? []).Cast<DictionaryEntry>().Select(entry => ($"{entry.Key}", Word($"{entry.Key}", entry.Value)))];
        HypercallDefinition[] known = [.. AbiProfile.All.SelectMany(profile => profile.Hypercalls).Where(call => calls.IsMatch(call.Name)).DistinctBy(call => call.Name)];
        string[] names = [.. known.SelectMany(call => call.Parameters).Select(parameter => parameter.Name).Distinct()];
        if (known.Length == 0 || Array.Find(this.wanted, value => !names.Contains(value.Name, StringComparer.OrdinalIgnoreCase)).Name is not { } unknown) return;
        string who = known.Length == 1 ? known[0].Name : $"none of {string.Join(", ", known.Select(call => call.Name))}";
        throw new LguestException(LguestError.InvalidDefinition, $"{who} has {(known.Length == 1 ? "no" : "an")} argument '{unknown}'{(names.Length == 0 ? "; it has none" : DefinitionText.Instead(unknown, names))}");
    }

    /// <summary>Whether this event of a hypercall has them all.</summary>
    public bool Fit(PSObject call)
    {
        if (wanted.Length == 0) return true;
        if (DefinitionOf(call) is not { } definition) return false;
        PSObject[] values = [.. EventAssertions.Items(call.Properties[nameof(HypercallEvent.Arguments)]?.Value)];
        return Array.TrueForAll(wanted, value =>
            definition.Parameters.FirstOrDefault(known => string.Equals(known.Name, value.Name, StringComparison.OrdinalIgnoreCase)) is { } parameter
            && parameter.Index < values.Length && LanguagePrimitives.ConvertTo<uint>(values[parameter.Index].BaseObject) == value.Value);
    }

    public override string ToString() => wanted.Length == 0 ? "" : $" with {string.Join(", ", wanted.Select(value => $"{value.Name} 0x{value.Value:x}"))}";

    /// <remarks>An event that went through a job or a file has only its name left.</remarks>
    private static HypercallDefinition? DefinitionOf(PSObject call) => call.BaseObject is HypercallEvent happened
        ? happened.Call.Definition
        : AbiProfile.All.Select(profile => profile.FindCall(EventAssertions.Text(call, nameof(HypercallEvent.Name)))).FirstOrDefault(found => found is not null);

    /// <remarks>PowerShell reads 0xC0000000 as a negative number; it means the address.</remarks>
    private static uint Word(string name, object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        int number => unchecked((uint)number),
        null => throw NoNumber(name, value),
        { } other => LanguagePrimitives.TryConvertTo(other, out uint word) ? word : throw NoNumber(name, value),
    };

    private static LguestException NoNumber(string name, object? value) => new(LguestError.InvalidDefinition, $"argument {name}: '{value}' is not a number of 32 bits");
}
