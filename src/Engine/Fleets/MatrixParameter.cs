namespace LguestPS;

/// <summary>One of the values of a parameter.</summary>
/// <param name="Label">What it is called in the names of cells.</param>
/// <param name="Text">The value as a definition writes it.</param>
public sealed record MatrixValue(string Label, string Text)
{
    public override string ToString() => Label;
}

/// <summary>A setting of definitions that a matrix varies, and the values it takes.</summary>
public sealed class MatrixParameter
{
    /// <summary>The parameter that tells apart the runs of a repeated cell.</summary>
    internal const string Run = "run";

    private const int LongestLabel = 32;

    private delegate GuestDefinition Setter(GuestDefinition definition, string text, Func<string, string> toPath);

    private static readonly OrderedDictionary<string, Setter> Setters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["kernel"] = (guest, text, toPath) => guest with { Kernel = toPath(text) },
        ["initrd"] = (guest, text, toPath) => guest with { Initrd = text.Length == 0 ? null : toPath(text) },
        ["symbols"] = (guest, text, toPath) => guest with { Symbols = text.Length == 0 ? null : toPath(text) },
        ["memory"] = (guest, text, _) => guest with { Memory = DefinitionText.TryParseSize(text, out long bytes) ? bytes : throw Problem(DefinitionText.SizeProblem(text)) },
        ["commandLine"] = (guest, text, _) => guest with { CommandLine = text },
        ["abi"] = (guest, text, _) => guest with { Abi = text },
        ["cpu"] = (guest, text, _) => guest with { Cpu = OneOf<CpuChoice>(text) },
        ["clock"] = (guest, text, _) => guest with { Clock = OneOf<ClockKind>(text) },
        ["tsc"] = (guest, text, _) => guest with { Tsc = OneOf<TscChoice>(text) },
        ["directTraps"] = (guest, text, _) => guest with { DirectTraps = OneOf<DirectTrapChoice>(text) },
        ["compile"] = (guest, text, _) => guest with { Compile = OneOf<CompileChoice>(text) },
        ["reboot"] = (guest, text, _) => guest with { Reboot = text switch { "true" => true, "false" => false, _ => throw Problem($"'{text}' is not true or false") } },
        ["timeLimit"] = (guest, text, _) => guest with { Limits = guest.Limits with { Time = DefinitionText.TryParseTime(text, out TimeSpan time) ? time : throw Problem(DefinitionText.TimeProblem(text)) } },
        ["instructionLimit"] = (guest, text, _) => guest with { Limits = guest.Limits with { Instructions = Count(text) } },
        ["rebootLimit"] = (guest, text, _) => guest with { Limits = guest.Limits with { Reboots = Count(text) } },
        ["socketLimit"] = (guest, text, _) => guest with { Limits = guest.Limits with { Sockets = (int)Math.Min(Count(text), int.MaxValue) } },
    };

    private readonly Setter set;

    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <param name="values">Its values with their labels; at least one.</param>
    /// <exception cref="LguestException">InvalidDefinition: there is no such parameter, or it cannot have such values.</exception>
    public MatrixParameter(string name, IEnumerable<MatrixValue> values)
    {
        int at = Setters.IndexOf(name);
        if (at < 0) throw Problem($"there is no parameter '{name}'{DefinitionText.Instead(name, [.. Names])}");
        (Name, set) = (Setters.GetAt(at).Key, Setters.GetAt(at).Value);
        Values = values.ToArray();
        if (Values.Count == 0) throw Problem($"parameter '{Name}' has no values");
        if (Values.GroupBy(value => value.Label, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw Problem($"parameter '{Name}' has '{twice.Key}' twice");
    }

    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <param name="values">Its values; they are their own labels, and the first 32 characters of longer ones.</param>
    /// <exception cref="LguestException">InvalidDefinition, likewise.</exception>
    public MatrixParameter(string name, IEnumerable<string> values)
        : this(name, values.Select((text, index) => new MatrixValue(text.Length <= LongestLabel ? text : $"{text[..LongestLabel]}…#{index + 1}", text)))
    {
    }

    /// <summary>The parameters there are.</summary>
    public static IEnumerable<string> Names => Setters.Keys;

    public string Name { get; }

    public IReadOnlyList<MatrixValue> Values { get; }

    /// <summary>Whether its values are paths.</summary>
    public bool IsPath => Name is "kernel" or "initrd" or "symbols";

    public override string ToString() => $"{Name}: {string.Join(", ", Values)}";

    /// <summary>A definition with one of the values.</summary>
    /// <param name="definition">What it is applied to.</param>
    /// <param name="value">The value.</param>
    /// <param name="toPath">Makes an absolute path of a written one.</param>
    /// <exception cref="LguestException">InvalidDefinition: this parameter cannot have this value.</exception>
    internal GuestDefinition Apply(GuestDefinition definition, MatrixValue value, Func<string, string> toPath) => set(definition, value.Text, toPath);

    private static long Count(string text) => DefinitionText.TryParseCount(text, out long count) ? count : throw Problem(DefinitionText.CountProblem(text));

    private static T OneOf<T>(string text) where T : struct, Enum =>
        DefinitionText.Names<T>().FirstOrDefault(known => known.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name && DefinitionText.TryParseName(name, out T value)
            ? value
            : throw Problem($"there is no '{text}'{DefinitionText.Instead(text, DefinitionText.Names<T>())}");

    private static LguestException Problem(string text) => new(LguestError.InvalidDefinition, text);
}
