using System.Collections;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes words of a hypercall of a table such as <c>@{ key = 0; dma = 0x1000 }</c>.</summary>
internal static class ArgumentMatches
{
    /// <param name="guest">Has the symbols that values may name.</param>
    /// <param name="call">Has the parameters that keys name.</param>
    /// <param name="arguments">Names, or indexes from 0, with numbers, or texts that <see cref="AddressArgument"/> knows.</param>
    /// <exception cref="LguestException">InvalidDefinition: the call has no such parameter; InvalidAddress: a value is not valid.</exception>
    public static IReadOnlyList<ArgumentMatch> For(Guest guest, HypercallDefinition call, IDictionary arguments)
    {
        List<ArgumentMatch> matches = [];
        foreach (DictionaryEntry entry in arguments)
        {
            string name = $"{entry.Key}";
            HypercallParameter? parameter = call.Parameters.FirstOrDefault(parameter => string.Equals(parameter.Name, name, StringComparison.OrdinalIgnoreCase));
            if (parameter is null && (!int.TryParse(name, out int index) || index < 0 || index >= call.ArgumentCount)) throw Errors.UnknownArgument(call, name);
            matches.Add(new ArgumentMatch(parameter?.Index ?? int.Parse(name), parameter?.Name ?? name, Word(guest, parameter, entry.Value)));
        }
        return matches;
    }

    private static uint Word(Guest guest, HypercallParameter? parameter, object? value)
    {
        bool physical = parameter is { IsPhysical: true };
        return (value is PSObject wrapped ? wrapped.BaseObject : value) is string text
            ? new AddressArgument(text).In(guest, physical)
            : new AddressArgument(LanguagePrimitives.ConvertTo<long>(value)).In(guest, physical);
    }
}
