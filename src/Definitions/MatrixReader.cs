using System.Globalization;

namespace LguestPS.Definitions;

/// <summary>Reads matrices written in YAML.</summary>
internal static class MatrixReader
{
    private const string What = "matrix";

    private static readonly YamlKeys<MatrixCheck> CheckKeys = new()
    {
        ["ending"] = (check, value) => check with { Ending = value.OneOf<EndingKind>() },
        ["reason"] = (check, value) => check with { Reason = value.Text() },
        ["console"] = (check, value) => check with { Console = value.Text() },
        ["consoleNot"] = (check, value) => check with { ConsoleNot = value.Text() },
        ["eventHash"] = (check, value) => check with { EventHash = value.Text() },
        ["instructionsAtMost"] = (check, value) => check with { InstructionsAtMost = value.Count() },
        ["guestTimeAtMost"] = (check, value) => check with { GuestTimeAtMost = value.Time() },
        ["script"] = (check, value) => check with { Script = value.Text().Trim() },
    };

    private static readonly YamlKeys<Draft> Keys = new()
    {
        ["name"] = (draft, value) => draft with { Name = value.Text() },
        ["definitions"] = (draft, value) => draft with { Definitions = Definitions(value, draft.ReadFile) },
        ["parameters"] = (draft, value) => draft with { Parameters = [.. value.Members("a mapping from parameters to their values").Select(Parameter)] },
        ["repeat"] = (draft, value) => draft with { Repeat = value.Count() is > 0 and <= GuestMatrix.MostCells and var count ? (int)count : throw value.Problem($"'repeat' is a number from 1 to {GuestMatrix.MostCells.ToString("N0", CultureInfo.InvariantCulture)}") },
        ["timeLimit"] = (draft, value) => draft with { TimeLimit = value.Time() },
        ["record"] = (draft, value) => draft with { Record = value.OneOf<RecordChoice>() },
        ["checks"] = (draft, value) => draft with { Checks = [.. value.Members("a mapping from the names of checks to their conditions").Select(Check)] },
    };

    /// <summary>Every key that may be written, by where it may stand.</summary>
    internal static IReadOnlyDictionary<string, IEnumerable<string>> Vocabulary => new Dictionary<string, IEnumerable<string>>
    {
        ["matrix"] = Keys.Keys,
        ["check"] = CheckKeys.Keys,
        ["parameter"] = MatrixParameter.Names,
        ["record"] = DefinitionText.Names<RecordChoice>(),
        ["ending"] = DefinitionText.Names<EndingKind>(),
    };

    /// <param name="path">The file.</param>
    /// <param name="readFile">Reads the definitions in a file.</param>
    /// <exception cref="LguestException">FileUnavailable; or InvalidDefinition with the line and column.</exception>
    public static GuestMatrix Read(string path, Func<string, IReadOnlyList<GuestDefinition>> readFile)
    {
        YamlSource source = YamlSource.Open(path, What);
        YamlValue root = YamlParser.Parse(source);
        Draft draft = root.WithoutExtensions().Read(new Draft(readFile) { Name = GuestDefinition.NameFrom(Path.GetFileNameWithoutExtension(source.Path)) }, Keys, required: "definitions");
        GuestMatrix matrix = new()
        {
            Name = draft.Name,
            Definitions = draft.Definitions,
            Parameters = draft.Parameters,
            Checks = draft.Checks,
            Repeat = draft.Repeat,
            TimeLimit = draft.TimeLimit,
            Record = draft.Record,
            Folder = Path.GetDirectoryName(source.Path)!,
            Source = source.Path,
        };
        try
        {
            _ = matrix.Cells;
        }
        catch (LguestException e) when (e.Line is null)
        {
            throw root.FindKey(draft.Parameters.Length > 0 ? "Parameters" : "Definitions").Problem(e.Message);
        }
        return matrix;
    }

    /// <summary>A list of files and of definitions written out; or a mapping, which gives them other names.</summary>
    private static GuestDefinition[] Definitions(YamlValue value, Func<string, IReadOnlyList<GuestDefinition>> readFile) => value.IsMapping
        ? [.. value.Members("").Select(entry => Only(entry, ReadOne(entry, readFile)) with { Name = entry.Key })]
        : [.. value.Items("definition").SelectMany(item => ReadOne(item, readFile))];

    private static IReadOnlyList<GuestDefinition> ReadOne(YamlValue value, Func<string, IReadOnlyList<GuestDefinition>> readFile)
    {
        if (!value.IsMapping) return value.Located(() => readFile(value.FullPath()));
        YamlValue? kernel = value.Members("").FirstOrDefault(entry => entry.Key == "kernel");
        return [GuestDefinitionReader.Read(value, kernel is null ? "guest" : GuestDefinition.NameFrom(Path.GetFileNameWithoutExtension(kernel.Text())), source: null)];
    }

    private static GuestDefinition Only(YamlValue value, IReadOnlyList<GuestDefinition> read) => read is [var only]
        ? only
        : throw value.Problem($"this file defines {read.Count} guests, which have their names; list it below 'definitions' without one");

    private static MatrixParameter Parameter(YamlValue value)
    {
        try
        {
            if (value.IsMapping) return new MatrixParameter(value.Key, value.Members("").Select(entry => new MatrixValue(entry.Key, TextOf(entry))));
            return new MatrixParameter(value.Key, value.IsList ? value.Items("value").Select(TextOf) : [TextOf(value)]);
        }
        catch (LguestException e) when (e.Line is null)
        {
            throw value.KeyProblem(e.Message);
        }
    }

    // An empty command line is one, too.
    private static string TextOf(YamlValue value) => value.IsEmpty ? "" : value.Text();

    private static MatrixCheck Check(YamlValue value)
    {
        MatrixCheck check = value.Read(new MatrixCheck(value.Key), CheckKeys);
        return check.Problem is { } problem ? throw value.KeyProblem(problem) : check;
    }

    private sealed record Draft(Func<string, IReadOnlyList<GuestDefinition>> ReadFile)
    {
        public required string Name { get; init; }
        public GuestDefinition[] Definitions { get; init; } = [];
        public MatrixParameter[] Parameters { get; init; } = [];
        public MatrixCheck[] Checks { get; init; } = [];
        public int Repeat { get; init; } = 1;
        public TimeSpan? TimeLimit { get; init; }
        public RecordChoice Record { get; init; }
    }
}
