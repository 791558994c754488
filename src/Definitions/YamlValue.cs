using System.Net;
using YamlDotNet.Core;

namespace LguestPS.Definitions;

/// <summary>The keys a mapping may have, and what each does to the object it describes.</summary>
internal sealed class YamlKeys<T> : Dictionary<string, Func<T, YamlValue, T>>;

/// <summary>A key and where it stands.</summary>
internal sealed record YamlKey(string Name, Mark Start);

/// <summary>A value in a YAML file, with its key and its place; reads itself as what is asked for, or says why it cannot.</summary>
internal abstract class YamlValue(YamlSource source, Mark start, YamlKey? key)
{
    public string Key => key?.Name ?? "";

    public long KeyLine => key?.Start.Line ?? start.Line;

    /// <summary>True if nothing, or null, is written.</summary>
    public virtual bool IsEmpty => false;

    public bool IsMapping => this is YamlMapping;

    /// <summary>How many values it consists of, itself among them; one that is repeated counts each time.</summary>
    public virtual int Nodes => 1;

    /// <summary>How many levels of values are below it.</summary>
    public virtual int Height => 0;

    public bool IsList => this is YamlList;

    protected YamlSource Source => source;

    protected Mark Start => start;

    protected YamlKey? OwnKey => key;

    /// <summary>What it is, for a message.</summary>
    protected abstract string Shape { get; }

    private string What => key is null ? "this" : $"'{key.Name}'";

    /// <summary>The same value at another place, with another key.</summary>
    public abstract YamlValue At(Mark place, YamlKey? otherKey);

    public LguestException Problem(string message) => source.Problem(start.Line, start.Column, message);

    public LguestException KeyProblem(string message) => key is null ? Problem(message) : source.Problem(key.Start.Line, key.Start.Column, message);

    public virtual string Text() => throw Problem($"{What} must be text, not {Shape}");

    public virtual IReadOnlyList<YamlValue> Items(string what) => throw Problem($"{What} must be a list with one {what} a line ('- …'), not {Shape}");

    /// <summary>The values of a mapping, each of which knows its key.</summary>
    public virtual IReadOnlyList<YamlValue> Members(string rule) => throw Problem($"{What} must be {rule}, not {Shape}");

    /// <summary>Reads a mapping into an object.</summary>
    /// <param name="initial">The object without it.</param>
    /// <param name="keys">The keys it may have.</param>
    /// <param name="required">A key it must have.</param>
    public virtual T Read<T>(T initial, YamlKeys<T> keys, string? required = null) =>
        throw Problem($"{(key is null ? $"a {source.What}" : What)} must be a mapping with {Choice(keys.Keys)}, not {Shape}");

    /// <summary>Without the keys that a definition may have for its own purposes, such as values to repeat.</summary>
    public virtual YamlValue WithoutExtensions() => this;

    /// <summary>The only entry of a mapping.</summary>
    public virtual YamlValue OnlyEntry(string rule) => throw Problem($"{rule}; this is {Shape}");

    /// <summary>A word standing alone, taken as a key without a value.</summary>
    public YamlValue AsKey() => new YamlText(source, start, new YamlKey(Text(), start), "", isEmpty: true);

    /// <summary>The value of the key for a property such as Limits.Time, or the nearest one around it that is there.</summary>
    public virtual YamlValue FindKey(string property) => AtKey();

    /// <summary>The text in or below this value that names a file.</summary>
    public virtual YamlValue? FindPath(string file) => null;

    /// <summary>The same problem, at this place.</summary>
    public LguestException Located(LguestException problem)
    {
        LguestException here = Problem(problem.Message);
        return new LguestException(problem.Error, here.Message, problem.InnerException) { Path = problem.Path, Line = here.Line, Column = here.Column };
    }

    /// <summary>Does something with what this names; a missing file is reported at this place.</summary>
    public T Located<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (LguestException e) when (e is { Error: LguestError.FileUnavailable, Line: null })
        {
            throw Located(e);
        }
    }

    public string FullPath()
    {
        string path = Text();
        if (path.Length == 0 || path.Contains('\0')) throw Problem($"{What} must be the path of a file");
        return FullPath(path);
    }

    public IPNetwork Network() => DefinitionText.TryParseNetwork(Text(), out IPNetwork network) ? network : throw Problem(DefinitionText.NetworkProblem(Text()));

    public IReadOnlyList<PortForward> PortForwards() => PortForward.TryParseRange(Text(), out IReadOnlyList<PortForward>? range) ? range : throw Problem(PortForward.Problem(Text()));

    /// <summary>A name that has this address, or these.</summary>
    public IEnumerable<NetworkName> NetworkNames() => (this is YamlList ? Items("address") : [this])
        .Select(address => NetworkName.TryMake(Key, address.Text(), out NetworkName? made) ? made : throw (NetworkName.TryMake(Key, "10.0.2.2", out _) ? address.Problem(NetworkName.Problem(Key, address.Text())) : KeyProblem(NetworkName.Problem(Key, ""))));

    public PortReach PortReach() => LguestPS.PortReach.TryParse(Text(), FullPath, out PortReach? reach) ? reach : throw Problem(LguestPS.PortReach.Problem(Text()));

    public long Size() => DefinitionText.TryParseSize(Text(), out long bytes) ? bytes : throw Problem(DefinitionText.SizeProblem(Text()));

    public TimeSpan Time() => DefinitionText.TryParseTime(Text(), out TimeSpan time) ? time : throw Problem(DefinitionText.TimeProblem(Text()));

    public long Count() => DefinitionText.TryParseCount(Text(), out long count) ? count : throw Problem(DefinitionText.CountProblem(Text()));

    public bool TrueOrFalse() => Text() switch { "true" => true, "false" => false, var other => throw Problem($"{What} is true or false, not '{other}'") };

    public T OneOf<T>() where T : struct, Enum => DefinitionText.TryParseName(Text(), out T value)
        ? value
        : throw Problem($"unknown {Key} '{Text()}'{DefinitionText.Instead(Text(), DefinitionText.Names<T>())}");

    private string FullPath(string path) => Path.GetFullPath(path, Path.GetDirectoryName(source.Path)!);

    /// <summary>This value, with problems reported at its key.</summary>
    protected YamlValue AtKey() => key is null ? this : new YamlText(source, key.Start, key, "", isEmpty: true);

    /// <summary>Nodes of a value with these in it. By hand, because the runtime compiles sums and maxima again at each start.</summary>
    protected static int CountOver(IEnumerable<YamlValue> values)
    {
        int count = 1;
        foreach (YamlValue value in values) count += value.Nodes;
        return count;
    }

    /// <summary>Height of a value with these in it.</summary>
    protected static int HeightOver(IEnumerable<YamlValue> values)
    {
        int height = 0;
        foreach (YamlValue value in values) height = Math.Max(height, value.Height + 1);
        return height;
    }

    protected static string Choice(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}

/// <summary>A scalar: definitions give it a type by where it stands, so 'off' and '5' are just text.</summary>
internal sealed class YamlText(YamlSource source, Mark start, YamlKey? key, string value, bool isEmpty) : YamlValue(source, start, key)
{
    public string Value => value;

    public override bool IsEmpty => isEmpty;

    protected override string Shape => isEmpty ? "nothing" : "text";

    public override YamlValue At(Mark place, YamlKey? otherKey) => new YamlText(Source, place, otherKey, value, isEmpty);

    public override string Text() => isEmpty ? base.Text() : value;

    public override YamlValue? FindPath(string file) => !isEmpty && value.Length > 0 && !value.Contains('\0') && FullPath() == file ? this : null;
}

internal sealed class YamlList(YamlSource source, Mark start, YamlKey? key, IReadOnlyList<YamlValue> items) : YamlValue(source, start, key)
{
    public override int Nodes { get; } = CountOver(items);

    public override int Height { get; } = HeightOver(items);

    protected override string Shape => "a list";

    public override YamlValue At(Mark place, YamlKey? otherKey) => new YamlList(Source, place, otherKey, items);

    public override IReadOnlyList<YamlValue> Items(string what) => items;

    public override YamlValue? FindPath(string file) => items.Select(item => item.FindPath(file)).FirstOrDefault(found => found is not null);
}

internal sealed class YamlMapping(YamlSource source, Mark start, YamlKey? key, OrderedDictionary<string, YamlValue> entries) : YamlValue(source, start, key)
{
    private const string ExtensionPrefix = "x-";

    /// <summary>Its entries, in the file's order; merged ones last.</summary>
    public IReadOnlyDictionary<string, YamlValue> Entries => entries;

    public override int Nodes { get; } = CountOver(entries.Values);

    public override int Height { get; } = HeightOver(entries.Values);

    protected override string Shape => "a mapping";

    public override YamlValue At(Mark place, YamlKey? otherKey) => new YamlMapping(Source, place, otherKey, entries);

    public override T Read<T>(T initial, YamlKeys<T> keys, string? required = null)
    {
        T result = initial;
        foreach ((string name, YamlValue value) in entries)
        {
            if (!keys.TryGetValue(name, out Func<T, YamlValue, T>? read))
                throw value.KeyProblem($"unknown key '{name}'{DefinitionText.Instead(name, keys.Keys)}");
            result = read(result, value);
        }
        return required is null || entries.ContainsKey(required)
            ? result
            : throw KeyProblem($"'{required}' is missing{(Key.Length == 0 ? "" : $" in '{Key}'")}");
    }

    public override YamlValue WithoutExtensions() => !entries.Keys.Any(IsExtension) ? this
        : new YamlMapping(Source, Start, OwnKey, new OrderedDictionary<string, YamlValue>(entries.Where(entry => !IsExtension(entry.Key))));

    public override IReadOnlyList<YamlValue> Members(string rule) => entries.Values.ToArray();

    public override YamlValue? FindPath(string file) => entries.Values.Select(value => value.FindPath(file)).FirstOrDefault(found => found is not null);

    public override YamlValue OnlyEntry(string rule)
    {
        if (entries.Count == 0) throw Problem(rule);
        return entries.Count == 1 ? entries.GetAt(0).Value : throw entries.GetAt(1).Value.KeyProblem($"'{entries.GetAt(1).Key}' is given along with '{entries.GetAt(0).Key}'; {rule}");
    }

    /// <summary>Whether a key says nothing of the guest.</summary>
    public static bool IsExtension(string name) => name.StartsWith(ExtensionPrefix, StringComparison.Ordinal);

    public override YamlValue FindKey(string property)
    {
        string[] parts = property.Split('.', 2);
        string name = char.ToLowerInvariant(parts[0][0]) + parts[0][1..];
        if (!entries.TryGetValue(name, out YamlValue? value)) return AtKey();
        return value.FindKey(parts[^1]);
    }
}
