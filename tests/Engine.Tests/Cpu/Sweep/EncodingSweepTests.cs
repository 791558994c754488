using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Cpu.Sweep;

/// <summary>The encoding space on the emulated CPU and on the processor the test runs on: same result, same length or same fault.</summary>
/// <remarks>Without LGUEST_CPU_SWEEP=all it takes an evenly spread sample, and on a slow machine less of it.</remarks>
public class EncodingSweepTests(ITestOutputHelper output)
{
    private const int Batch = 512, SampleStride = 97, MaxReports = 60;
    private static readonly TimeSpan sampleTime = TimeSpan.FromSeconds(20);

    [SkippableTheory]
    [InlineData(false, null)]
    [InlineData(false, 0)]
    [InlineData(true, null)]
    public void Every_encoding_does_what_it_does_on_this_processor_or_there_is_a_reason(bool inShortCode, int? heat)
    {
        int bitness = inShortCode ? 16 : 32;
        bool all = Environment.GetEnvironmentVariable("LGUEST_CPU_SWEEP") == "all";
        (string? program, string? whyNot) = Oracle.Build();
        Skip.If(program is null, whyNot);
        byte[] window = SweepData.Window(), image = SweepData.Image();
        UserSegment[] local = inShortCode ? SweepData.Local() : [];
        using Oracle? oracle = Oracle.TryStart(program!, window, image, SnippetGenerator.Segments, local, out whyNot);
        File.Delete(program!);
        Skip.If(oracle is null, whyNot);
        using var machine = new DifferentialMachine(window, SnippetGenerator.Segments, oracle!.Selectors, image, heat, local);
        string[] tables = inShortCode ? ["differences.txt", "short-code.txt"] : ["differences.txt"];
        var explained = new ExplainedDifferences(tables.SelectMany(table => File.ReadLines(Repository.Path("tests/Engine.Tests/Cpu/Sweep", table))));

        var counts = new Counts();
        var unexplained = new SortedDictionary<string, (int Count, string Report)>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        var batch = new List<(Encoding Encoding, TestCase Test, Outcome Mine)>();
        for (int number = 0; number < EncodingSpace.Count; number += all ? 1 : SampleStride)
        {
            Encoding encoding = EncodingSpace.At(number);
            if (EncodingSpace.IsWorthRunning(encoding, bitness))
            {
                TestCase test = EncodingSpace.CaseFor(encoding, oracle.Selectors, bitness);
                if (machine.Run(test) is { } mine && !DifferentialTests.TouchesOracle(mine)) batch.Add((encoding, test, mine));
                else counts.Unjudged++;
            }

            if (batch.Count < Batch && number + SampleStride < EncodingSpace.Count) continue;
            Judge(batch, oracle, explained, counts, unexplained);
            batch.Clear();
            if (!all && clock.Elapsed > sampleTime) break;
        }

        Judge(batch, oracle, explained, counts, unexplained);
        output.WriteLine($"{counts.Same} the same, {counts.Explained.Values.Sum()} explained, {counts.Unjudged} not judged, in {clock.Elapsed.TotalSeconds:f0} s");
        foreach ((string reason, int count) in counts.Explained.OrderByDescending(pair => pair.Value)) output.WriteLine($"{count,8}  {reason}");
        Assert.True(unexplained.Count == 0, $"{unexplained.Values.Sum(u => u.Count)} unexplained:\n\n" + string.Join('\n', unexplained.Take(MaxReports)
            .Select(u => $"{u.Key} ({u.Value.Count}×): {u.Value.Report}")));
    }

    private static void Judge(
        List<(Encoding Encoding, TestCase Test, Outcome Mine)> batch, Oracle oracle, ExplainedDifferences explained, Counts counts,
        SortedDictionary<string, (int Count, string Report)> unexplained)
    {
        OracleTest[] tests = [.. batch.Select(entry => entry.Test.ForOracle() with { Extended = 1 })];
        Outcome[] truths = oracle.Run(tests);
        for (int i = 0; i < truths.Length; i++)
        {
            (Encoding encoding, TestCase test, Outcome mine) = batch[i];
            if (DifferentialTests.KnowsMore(truths[i])) counts.Unjudged++;
            else if (Cpu.Judge.Difference(test, mine, truths[i]) is not { } difference) counts.Same++;
            else if (explained.Reason(encoding, mine, truths[i]) is { } reason) counts.Explained[reason] = counts.Explained.GetValueOrDefault(reason) + 1;
            else Add(unexplained, encoding, Cpu.Judge.Report(test, difference, mine, truths[i]));
        }
    }

    /// <summary>One report for an opcode, its digit and the kind of its operand; the others are counted.</summary>
    private static void Add(SortedDictionary<string, (int Count, string Report)> unexplained, in Encoding encoding, string report)
    {
        string key = $"{Convert.ToHexString(encoding.Opcode)} /{encoding.Digit} {(encoding.Mod < 3 ? "mem" : "reg")}";
        unexplained[key] = unexplained.TryGetValue(key, out var seen) ? (seen.Count + 1, seen.Report) : (1, report);
    }

    private sealed class Counts
    {
        public int Same { get; set; }

        public int Unjudged { get; set; }

        public Dictionary<string, int> Explained { get; } = [];
    }
}
