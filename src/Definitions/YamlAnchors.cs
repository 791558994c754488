using YamlDotNet.Core;

namespace LguestPS.Definitions;

/// <summary>The values of a file that are used again: by aliases ('*name'), and merged into mappings ('&lt;&lt;: *name').</summary>
/// <remarks>Values are shared, not copied. What reads them visits each as often as it stands there, so that number is bounded.</remarks>
internal sealed class YamlAnchors
{
    /// <summary>The key that merges mappings.</summary>
    public const string MergeKey = "<<";

    private const int MostRepeated = 10_000;

    private readonly Dictionary<string, YamlValue> values = [];
    private readonly HashSet<string> open = [];
    private int repeated;

    /// <summary>A value with this anchor begins; until it ends, nothing in it can be an alias of it.</summary>
    public void Begin(string name)
    {
        values.Remove(name);
        open.Add(name);
    }

    public void End(string name, YamlValue value)
    {
        open.Remove(name);
        values[name] = value;
    }

    /// <summary>The value of an anchor.</summary>
    /// <param name="name">The anchor's name.</param>
    /// <param name="problem">Why it cannot be had; else null.</param>
    public YamlValue? Find(string name, out string? problem)
    {
        problem = null;
        if (!values.TryGetValue(name, out YamlValue? value))
        {
            problem = open.Contains(name) ? $"'*{name}' stands inside the value that it repeats"
                : $"there is no anchor '&{name}' before this '*{name}'{(DefinitionText.Nearest(name, values.Keys) is { } nearest ? $"; did you mean '*{nearest}'?" : "")}";
            return null;
        }
        if ((repeated += value.Nodes) > MostRepeated) problem = $"the aliases up to here repeat more than {MostRepeated} values; a definition needs far fewer";
        return problem is null ? value : null;
    }

    /// <summary>Adds the entries of merged mappings that a mapping does not have itself; of several, the first one's.</summary>
    /// <param name="entries">The mapping's own entries.</param>
    /// <param name="merged">The value of its merge key.</param>
    /// <exception cref="LguestException">InvalidDefinition: it is no mapping, nor a list of them.</exception>
    public static void Merge(OrderedDictionary<string, YamlValue> entries, YamlValue merged)
    {
        foreach (YamlValue source in merged is YamlList list ? list.Items("mapping") : [merged])
        {
            if (source is not YamlMapping mapping) throw source.Problem($"'{MergeKey}' takes a mapping, such as '{MergeKey}: *base', or a list of mappings");
            foreach ((string name, YamlValue value) in mapping.Entries) entries.TryAdd(name, value);
        }
    }
}
