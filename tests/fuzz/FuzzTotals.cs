using System.Globalization;

namespace LguestPS.Tests.Fuzz;

/// <summary>What a run of a target came to, as a line that can be kept and summed.</summary>
/// <param name="Target">The target's name.</param>
/// <param name="Cases">Cases tried.</param>
/// <param name="Parts">What they were made of and compared; the cases, if they are one each.</param>
/// <param name="Repeated">Cases that were run twice and compared with themselves.</param>
/// <param name="Unequal">Those of them that did not do the same again.</param>
/// <param name="Hangs">Cases that did not end.</param>
/// <param name="Finds">Kinds of finds, those two among them.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record FuzzTotals(string Target, long Cases, long Parts, long Repeated, long Unequal, long Hangs, long Finds, double Seconds)
{
    private const char Separator = '\t';

    /// <summary>The line that <see cref="Parse"/> reads.</summary>
    public string ToLine() =>
        string.Join(Separator, new object[] { Target, Cases, Parts, Repeated, Unequal, Hangs, Finds, Seconds }.Select(value => Convert.ToString(value is double seconds ? Math.Round(seconds, 1) : value, CultureInfo.InvariantCulture)));

    /// <returns>Null if the line is none of them.</returns>
    public static FuzzTotals? Parse(string line)
    {
        string[] words = line.Split(Separator);
        long[] counts = [.. words.Skip(1).Take(6).Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : -1)];
        return words.Length == 8 && !counts.Contains(-1) && double.TryParse(words[7], CultureInfo.InvariantCulture, out double seconds)
            ? new FuzzTotals(words[0], counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], seconds)
            : null;
    }

    /// <summary>One line for each target, in the order of their names, and one of all.</summary>
    public static IEnumerable<FuzzTotals> Sum(IReadOnlyCollection<FuzzTotals> runs) =>
        [.. runs.GroupBy(run => run.Target, (target, its) => Sum(target, [.. its])).OrderBy(sum => sum.Target, StringComparer.Ordinal), Sum("all", runs)];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Target,-16} {Cases,13:N0} cases {Parts,15:N0} parts {Repeated,9:N0} repeated {Unequal,3:N0} unequal {Hangs,3:N0} hangs {Finds,3:N0} finds {Seconds,9:N0} s {(Seconds > 0 ? Parts / Seconds : 0),11:N0} parts/s");

    private static FuzzTotals Sum(string name, IReadOnlyCollection<FuzzTotals> runs) => new(
        name, runs.Sum(run => run.Cases), runs.Sum(run => run.Parts), runs.Sum(run => run.Repeated), runs.Sum(run => run.Unequal), runs.Sum(run => run.Hangs), runs.Sum(run => run.Finds),
        runs.Sum(run => run.Seconds));
}
