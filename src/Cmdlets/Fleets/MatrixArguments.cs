using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Makes a matrix of what PowerShell has: of parameters, or of the tables of a data file with the keys of a matrix file.</summary>
/// <param name="folder">What relative paths are relative to.</param>
/// <param name="read">Reads the definitions in a file.</param>
internal sealed class MatrixArguments(string folder, Func<string, IReadOnlyList<GuestDefinition>> read)
{
    private static readonly string[] Keys = ["name", "definitions", "parameters", "repeat", "timeLimit", "record", "checks"];

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.OrdinalIgnoreCase) { ["SymbolPath"] = "symbols" };

    /// <summary>A matrix as a data file has it.</summary>
    /// <param name="table">The file's table.</param>
    /// <param name="name">Its name unless it has one.</param>
    /// <param name="source">The file.</param>
    /// <exception cref="LguestException">InvalidDefinition, or FileUnavailable.</exception>
    public GuestMatrix OfTable(IDictionary table, string name, string source)
    {
        foreach (object key in table.Keys)
            if (!Keys.Contains($"{key}", StringComparer.OrdinalIgnoreCase)) throw Invalid($"unknown key '{key}'{DefinitionText.Instead($"{key}", Keys)}");
        IEnumerable<object?> definitions = Find(table, "definitions") switch
        {
            null => throw Invalid("'definitions' is missing"),
            IEnumerable many and not (string or IDictionary) => many.Cast<object?>(),
            var one => [one],
        };
        return new GuestMatrix
        {
            Name = Find(table, "name") is { } written ? $"{written}" : name,
            Definitions = [.. definitions.SelectMany(Definitions)],
            Parameters = Find(table, "parameters") is { } parameters ? Parameters(Table(parameters, "parameters")) : [],
            Repeat = Find(table, "repeat") is { } repeat ? LanguagePrimitives.ConvertTo<int>(repeat) : 1,
            TimeLimit = Find(table, "timeLimit") is { } limit ? DefinitionText.TryParseTime(Text("timeLimit", limit), out TimeSpan time) ? time : throw Invalid(DefinitionText.TimeProblem($"{limit}")) : null,
            Record = Find(table, "record") is { } record ? LanguagePrimitives.ConvertTo<RecordChoice>(record) : RecordChoice.OnFailure,
            Checks = Find(table, "checks") is { } checks ? Checks(Table(checks, "checks")) : [],
            Folder = folder,
            Source = source,
        };
    }

    /// <summary>The definitions meant by a path, a definition, or a definition's keys in a table.</summary>
    public IReadOnlyList<GuestDefinition> Definitions(object? written)
    {
        object? plain = Plain(written);
        return plain switch
        {
            GuestDefinition definition => [definition],
            Guest guest => [guest.Definition],
            FileInfo file => read(file.FullName),
            IDictionary table => [Definition(table)],
            null => throw Invalid("a definition is null"),
            _ => read(Path.GetFullPath($"{plain}", folder)),
        };
    }

    /// <summary>What is varied: each value is a value, a list of them, or a table of values by their labels.</summary>
    public IReadOnlyList<MatrixParameter> Parameters(IDictionary table)
    {
        // The order of a plain hashtable changes from one process to the next, and cells must not.
        IEnumerable<DictionaryEntry> entries = table.Cast<DictionaryEntry>();
        if (table is Hashtable) entries = entries.OrderBy(entry => $"{entry.Key}", StringComparer.OrdinalIgnoreCase);
        return [.. entries.Select(entry => Parameter(OtherNames.GetValueOrDefault($"{entry.Key}", $"{entry.Key}"), Plain(entry.Value)))];
    }

    /// <summary>Checks by their names: a script block, the text of one, or a table of conditions.</summary>
    public IReadOnlyList<MatrixCheck> Checks(IDictionary table)
    {
        IEnumerable<DictionaryEntry> entries = table.Cast<DictionaryEntry>();
        if (table is Hashtable) entries = entries.OrderBy(entry => $"{entry.Key}", StringComparer.OrdinalIgnoreCase);
        return [.. entries.Select(entry => Check($"{entry.Key}", Plain(entry.Value)))];
    }

    private static MatrixParameter Parameter(string name, object? value)
    {
        if (value is IDictionary labelled)
        {
            IEnumerable<DictionaryEntry> entries = labelled.Cast<DictionaryEntry>();
            if (labelled is Hashtable) entries = entries.OrderBy(entry => $"{entry.Key}", StringComparer.OrdinalIgnoreCase);
            return new MatrixParameter(name, entries.Select(entry => new MatrixValue($"{entry.Key}", Text(name, entry.Value))));
        }
        return new MatrixParameter(name, value is IEnumerable many and not string ? many.Cast<object?>().Select(one => Text(name, one)) : [Text(name, value)]);
    }

    /// <summary>A value as a definition writes it.</summary>
    private static string Text(string name, object? value) => Plain(value) switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        SwitchParameter flag => flag ? "true" : "false",
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds}ms"),
        Enum choice => char.ToLowerInvariant($"{choice}"[0]) + $"{choice}"[1..],
        FileInfo file => file.FullName,
        IFormattable number when name.Equals("timeLimit", StringComparison.OrdinalIgnoreCase) => number.ToString(null, CultureInfo.InvariantCulture) + "s",
        long bytes when name.Equals("memory", StringComparison.OrdinalIgnoreCase) => Size(bytes),
        int bytes when name.Equals("memory", StringComparison.OrdinalIgnoreCase) => Size(bytes),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        var other => $"{other}",
    };

    private static string Size(long bytes) => bytes switch
    {
        > 0 when bytes % (1L << 30) == 0 => $"{bytes >> 30}GiB",
        > 0 when bytes % (1L << 20) == 0 => $"{bytes >> 20}MiB",
        > 0 when bytes % (1L << 10) == 0 => $"{bytes >> 10}KiB",
        _ => $"{bytes}",
    };

    private static MatrixCheck Check(string name, object? value)
    {
        MatrixCheck check = new(name);
        if (value is IDictionary conditions)
        {
            foreach (DictionaryEntry condition in conditions) check = With(check, $"{condition.Key}", Plain(condition.Value));
        }
        else check = check with { Script = ScriptChecks.Unwrapped($"{value}") };
        string? problem = check.Problem ?? (check.Script is { } script ? ScriptChecks.Problem(script) : null);
        return problem is null ? check : throw Invalid(problem.StartsWith("it ", StringComparison.Ordinal) ? $"check '{name}': {problem}" : problem);
    }

    private static MatrixCheck With(MatrixCheck check, string condition, object? value) => condition.ToLowerInvariant() switch
    {
        "ending" => check with { Ending = LanguagePrimitives.ConvertTo<EndingKind>(value) },
        "reason" => check with { Reason = $"{value}" },
        "console" => check with { Console = $"{value}" },
        "consolenot" => check with { ConsoleNot = $"{value}" },
        "eventhash" => check with { EventHash = $"{value}" },
        "instructionsatmost" => check with { InstructionsAtMost = LanguagePrimitives.ConvertTo<long>(value) },
        "guesttimeatmost" => check with { GuestTimeAtMost = DefinitionText.TryParseTime(Text("timeLimit", value), out TimeSpan time) ? time : throw Invalid(DefinitionText.TimeProblem($"{value}")) },
        "script" => check with { Script = ScriptChecks.Unwrapped($"{value}") },
        _ => throw Invalid($"check '{check.Name}' has no condition '{condition}'{DefinitionText.Instead(condition, ["ending", "reason", "console", "consoleNot", "eventHash", "instructionsAtMost", "guestTimeAtMost", "script"])}"),
    };

    /// <summary>A definition written out: the parameters of a matrix, name and devices.</summary>
    private GuestDefinition Definition(IDictionary table)
    {
        string kernel = Find(table, "kernel") is { } path ? Path.GetFullPath($"{path}", folder) : throw Invalid("a definition needs 'kernel'");
        GuestDefinition definition = new() { Kernel = kernel, Name = Find(table, "name") is { } name ? $"{name}" : GuestDefinition.NameFrom(Path.GetFileNameWithoutExtension(kernel)) };
        foreach (DictionaryEntry entry in table)
        {
            string key = $"{entry.Key}";
            if (key.Equals("name", StringComparison.OrdinalIgnoreCase)) continue;
            if (key.Equals("devices", StringComparison.OrdinalIgnoreCase))
            {
                DeviceArgument[] devices = LanguagePrimitives.ConvertTo<DeviceArgument[]>(entry.Value);
                definition = definition with { Devices = [.. devices.Select(device => device.ToDefinition(written => Path.GetFullPath(written, folder)))] };
                continue;
            }
            MatrixParameter parameter = Parameter(key, Text(key, entry.Value));
            definition = parameter.Apply(definition, parameter.Values[0], written => Path.GetFullPath(written, folder));
        }
        return definition;
    }

    private static IDictionary Table(object value, string name) => value as IDictionary ?? throw Invalid($"'{name}' must be a table");

    private static object? Find(IDictionary table, string key) =>
        table.Cast<DictionaryEntry>().FirstOrDefault(entry => string.Equals($"{entry.Key}", key, StringComparison.OrdinalIgnoreCase)).Value is { } value ? Plain(value) : null;

    private static object? Plain(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    private static LguestException Invalid(string problem) => new(LguestError.InvalidDefinition, problem);
}
