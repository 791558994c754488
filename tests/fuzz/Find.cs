using System.Text.RegularExpressions;

namespace LguestPS.Tests.Fuzz;

/// <summary>A case that broke a promise.</summary>
/// <param name="Target">The target's name.</param>
/// <param name="Seed">What its first form was drawn from.</param>
/// <param name="Tape">The case, as short as it was made.</param>
/// <param name="Problem">What happened.</param>
internal sealed partial record Find(string Target, int Seed, byte[] Tape, string Problem)
{
    /// <summary>The same for finds that are probably one fault: the problem's first line without its numbers, and the place of an exception.</summary>
    public string Kind => KindOf(Problem);

    public static string KindOf(string problem)
    {
        string[] lines = problem.Split('\n');
        string? place = lines.Skip(1).FirstOrDefault(line => line.Contains(" at LguestPS.", StringComparison.Ordinal) && !line.Contains(".Tests.", StringComparison.Ordinal));
        return Numbers().Replace(lines[0], "#") + (place is null ? "" : " " + Location().Replace(place.Trim(), ""));
    }

    [GeneratedRegex("0x[0-9a-fA-F]+|[0-9][0-9a-fA-F]*")]
    private static partial Regex Numbers();

    [GeneratedRegex(" in .*$")]
    private static partial Regex Location();
}
