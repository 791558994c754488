using System.Text.RegularExpressions;

namespace LguestPS.Tests.Programs;

/// <summary>The rows of differences.txt: what of known programs is right though it differs, each with a reason.</summary>
internal sealed class ProgramDifferences
{
    private const string NotRun = "not run", Nothing = "-";

    private readonly List<Row> rows = [];

    public ProgramDifferences(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            string[] columns = [.. line.Split(" | ").Select(column => column.Trim())];
            if (columns.Length != 5 || columns[4].Length == 0) throw new InvalidDataException($"not a row of five columns: {line}");
            rows.Add(new Row(Whole(columns[0]), Version.Parse(columns[1] == "*" ? "99.0" : columns[1]), columns[2] == NotRun ? null : Line(columns[2]), Line(columns[3]), columns[4]));
        }
    }

    public static ProgramDifferences Load() => new(File.ReadLines(Repository.Path("tests", "Engine.Tests", "Programs", "differences.txt")));

    /// <returns>Why a line or an ending differs, or null if no row says so.</returns>
    public string? Reason(string program, Version? kernel, string? here, string? there) =>
        rows.FirstOrDefault(row => row.IsOf(program, kernel) && row.Here is { } line && line.IsMatch(here ?? Nothing) && row.There.IsMatch(there ?? Nothing))?.Reason;

    /// <returns>Why a program is not run in a guest with this kernel, or null if it is.</returns>
    public string? WhyNotRun(string program, Version? kernel) => rows.FirstOrDefault(row => row.Here is null && row.IsOf(program, kernel))?.Reason;

    private static Regex Line(string pattern) => Whole(pattern == Nothing ? "-" : pattern);

    private static Regex Whole(string pattern) => new($"^(?:{pattern})$", RegexOptions.CultureInvariant | RegexOptions.Singleline);

    private sealed record Row(Regex Program, Version Before, Regex? Here, Regex There, string Reason)
    {
        public bool IsOf(string program, Version? kernel) => Program.IsMatch(program) && (kernel is null ? Before.Major == 99 : kernel < Before);
    }
}
