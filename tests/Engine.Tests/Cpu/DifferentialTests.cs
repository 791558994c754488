using System.Diagnostics;
using Iced.Intel;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Cpu;

/// <summary>Random code on the emulated CPU and on the processor the test runs on: both must do the same.</summary>
/// <remarks>LGUEST_CPU_SEED and LGUEST_CPU_CASES choose other cases and more of them; without, a slow machine stops early.</remarks>
public class DifferentialTests(OracleFixture fixture, ITestOutputHelper output) : IClassFixture<OracleFixture>
{
    private const int DefaultSeed = 1, DefaultCases = 150_000, Batch = 512, MaxReports = 25;

    [SkippableTheory]
    [InlineData(null)]
    [InlineData(0)]
    public void The_emulated_cpu_does_what_this_processor_does(int? heat)
    {
        Oracle oracle = fixture.Require();
        int seed = Setting("LGUEST_CPU_SEED", DefaultSeed), cases = Setting("LGUEST_CPU_CASES", 0);
        TimeSpan limit = cases == 0 ? TimeSpan.FromSeconds(20) : TimeSpan.MaxValue;
        if (cases == 0) cases = DefaultCases;
        var generator = new SnippetGenerator(seed, oracle.Selectors);
        using var machine = new DifferentialMachine(SnippetGenerator.Data(), SnippetGenerator.Segments, oracle.Selectors, heat: heat);
        var failures = new Dictionary<string, (int Count, string Report)>();
        int judged = 0, endless = 0;
        var clock = Stopwatch.StartNew();

        for (int done = 0; done < cases && failures.Count < MaxReports && clock.Elapsed < limit; done += Batch)
        {
            var tests = new List<TestCase>();
            var mine = new List<Outcome>();
            for (int i = 0; i < Batch; i++)
            {
                TestCase test = generator.Next();
                Outcome? outcome = machine.Run(test);
                if (outcome is null) endless++;
                if (outcome is null || TouchesOracle(outcome)) continue;
                tests.Add(test);
                mine.Add(outcome);
            }

            Outcome[] truth = oracle.Run(tests.Select(t => t.ForOracle()).ToArray());
            for (int i = 0; i < truth.Length; i++)
            {
                if (KnowsMore(truth[i])) continue;
                judged++;
                if (Judge.Difference(tests[i], mine[i], truth[i]) is null) continue;
                (string key, string report) = Shrink(tests[i], machine, oracle);
                failures[key] = failures.TryGetValue(key, out var seen) ? (seen.Count + 1, seen.Report) : (1, report);
            }
        }

        output.WriteLine($"{judged} cases judged, {judged / clock.Elapsed.TotalSeconds:f0} a second; {endless} did not end");
        Assert.True(failures.Count == 0, $"seed {seed}, {judged} cases:\n\n" + string.Join('\n', failures
            .OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key} ({f.Value.Count}×): {f.Value.Report}")));
        Assert.InRange(endless, 0, cases / 100);
    }

    /// <summary>Finds the fewest of the case's instructions that still make the difference.</summary>
    private static (string Key, string Report) Shrink(TestCase test, DifferentialMachine machine, Oracle oracle)
    {
        IEnumerable<int> subsets = Enumerable.Range(1, (1 << test.Pieces.Count) - 1).OrderBy(int.PopCount);
        foreach (int subset in subsets)
        {
            Piece[] pieces = [.. test.Pieces.Where((_, i) => (subset >> i & 1) != 0)];
            TestCase smaller = test with { Pieces = pieces };
            if (smaller.ReadsUndefined || machine.Run(smaller) is not { } mine || TouchesOracle(mine)) continue;
            Outcome truth = oracle.Run([smaller.ForOracle()])[0];
            if (!KnowsMore(truth) && Judge.Difference(smaller, mine, truth) is { } difference)
                return (Key(pieces), Judge.Report(smaller, difference, mine, truth));
        }

        return ($"{Key([.. test.Pieces])}, once", $"seen once, not when repeated\n{test.Disassembly()}\n");
    }

    private static string Key(Piece[] pieces) => string.Join(" + ", pieces.Select(p =>
    {
        Decoder.Create(32, p.Bytes).Decode(out Instruction instruction);
        return instruction.IsInvalid ? "invalid" : instruction.Mnemonic.ToString().ToLowerInvariant();
    }));

    /// <summary>What Linux turns on and an lguest host does not: alignment checks (CR0.AM), data that cannot be executed (NX), and 64-bit code.</summary>
    internal static bool KnowsMore(Outcome truth) => truth.Head.Trap == 17 || (truth.Head.Trap == 14 && (truth.Head.Error & 0x11) == 0x11) || truth.Head.Cs == Oracle.LongModeCode;

    /// <summary>Whether a case strays to where the oracle's own program is, or leaves its stack there, which signals would then be taken on.</summary>
    internal static bool TouchesOracle(Outcome outcome) =>
        outcome.Head.Trap == 14 && IsOracles(outcome.Head.Address) || IsOracles(outcome.Head.Gpr[4]);

    private static bool IsOracles(uint address) => address is >= Oracle.SelfBase and < Oracle.SelfEnd;

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out int value) ? value : otherwise;
}
