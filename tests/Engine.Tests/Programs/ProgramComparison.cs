using System.Text;

namespace LguestPS.Tests.Programs;

/// <summary>Runs of the same programs on this machine's processor and somewhere else, line by line.</summary>
internal sealed class ProgramComparison(ProgramDifferences explained, Version? kernel)
{
    private const int MostReports = 40;

    /// <summary>How far one side may be ahead of the other when a line is missing.</summary>
    private const int Reach = 200;

    private readonly Dictionary<string, int> reasons = [];
    private readonly StringBuilder report = new();
    private int unexplained;

    public int Lines { get; private set; }

    /// <summary>What differs for no known reason; empty if nothing does.</summary>
    public string Report => unexplained == 0 ? "" : $"{unexplained} unexplained:\n{report}";

    /// <summary>The reasons that were needed, with the lines or endings for which they were.</summary>
    public IReadOnlyDictionary<string, int> Reasons => reasons;

    public void Compare(IReadOnlyList<ProgramRun> here, IReadOnlyList<ProgramRun> there)
    {
        foreach (string name in here.Concat(there).Select(run => run.Name).Distinct())
        {
            ProgramRun? truth = here.FirstOrDefault(run => run.Name == name), found = there.FirstOrDefault(run => run.Name == name);
            if (truth is null || found is null)
            {
                Differs(name, truth?.Ending, found?.Ending);
                continue;
            }
            if (truth.Status != found.Status) Differs(name, truth.Ending, found.Ending);
            if (!truth.Output.AsSpan().SequenceEqual(found.Output)) CompareLines(name, truth.Lines, found.Lines);
            Lines += truth.Output.AsSpan().Count((byte)'\n');
        }
    }

    private void CompareLines(string name, string[] here, string[] there)
    {
        int i = 0, j = 0;
        while (i < here.Length || j < there.Length)
        {
            if (i < here.Length && j < there.Length && here[i] == there[j])
            {
                i++;
                j++;
                continue;
            }
            (int missing, int added) = NextEqual(here.AsSpan(i), there.AsSpan(j));
            for (int k = 0; k < Math.Max(missing, added); k++)
                Differs(name, k < missing ? here[i + k] : null, k < added ? there[j + k] : null);
            i += missing;
            j += added;
        }
    }

    /// <summary>How many lines of each stand before the nearest two that are equal; all of them if there are none within reach.</summary>
    private static (int Here, int There) NextEqual(ReadOnlySpan<string> here, ReadOnlySpan<string> there)
    {
        for (int sum = 1; sum <= Reach; sum++)
            for (int step = 0; step <= sum; step++)
            {
                // Lines that were changed, as many on both sides, are the usual case: the middle is looked at first.
                int i = step % 2 == 0 ? sum / 2 - step / 2 : sum / 2 + step / 2 + 1, j = sum - i;
                if (i >= 0 && j >= 0 && i < here.Length && j < there.Length && here[i] == there[j]) return (i, j);
            }
        return (here.Length, there.Length);
    }

    private void Differs(string program, string? here, string? there)
    {
        if (explained.Reason(program, kernel, here, there) is { } reason)
        {
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            return;
        }
        if (unexplained++ < MostReports) report.Append($"{program}\n  - {here ?? "(nothing)"}\n  + {there ?? "(nothing)"}\n");
    }
}
