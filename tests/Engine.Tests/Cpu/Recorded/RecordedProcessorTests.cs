using System.Diagnostics;
using Iced.Intel;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Cpu.Recorded;

/// <summary>Instructions that others have recorded on processors of the 286's and 386's families, on the emulated CPU: it must do the same.</summary>
/// <remarks>LGUEST_RECORDED_TESTS names a folder of MOO files, in whose subfolders they may be, and perhaps a list of revoked ones.</remarks>
public class RecordedProcessorTests(ITestOutputHelper output)
{
    private const int MaxReports = 60;

    [SkippableTheory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(true, 0)]
    public void Every_recorded_instruction_is_done_as_recorded_or_there_is_a_reason(bool recoded, int? heat)
    {
        string? folder = Environment.GetEnvironmentVariable("LGUEST_RECORDED_TESTS");
        Skip.If(string.IsNullOrEmpty(folder), "LGUEST_RECORDED_TESTS names no folder of recorded tests (MOO files)");
        string[] files = [.. Directory.EnumerateFiles(folder!, "*.MOO*", new EnumerationOptions { RecurseSubdirectories = true, MatchCasing = MatchCasing.CaseInsensitive }).Order(StringComparer.Ordinal)];
        Assert.True(files.Length > 0, $"{folder} holds no MOO files");

        var revoked = new HashSet<string>(Directory.EnumerateFiles(folder!, "revocation_list.txt", SearchOption.AllDirectories).SelectMany(File.ReadLines), StringComparer.OrdinalIgnoreCase);
        using var machine = new RecordedMachine(recoded, heat);
        var score = new RecordedScore(revoked, recoded);
        var clock = Stopwatch.StartNew();
        foreach (string file in files) score.Take(MooFile.Open(file), Path.GetFileName(file), machine);

        output.WriteLine($"{files.Length} files, {score.Same} the same, {score.Argued.Values.Sum()} argued, {score.LeftOut.Values.Sum()} left out, in {clock.Elapsed.TotalSeconds:f0} s");
        if (heat is not null) output.WriteLine($"{machine.CompiledInstructions} of {machine.Instructions} instructions ran compiled");
        foreach ((string reason, int count) in score.Argued.OrderByDescending(pair => pair.Value)) output.WriteLine($"{count,9}  argued: {reason}");
        foreach ((string reason, int count) in score.LeftOut.OrderByDescending(pair => pair.Value)) output.WriteLine($"{count,9}  left out: {reason}");
        Assert.True(score.Unexplained.Count == 0, $"{score.Unexplained.Values.Sum(u => u.Count)} unexplained:\n\n"
            + string.Join('\n', score.Unexplained.Take(MaxReports).Select(u => $"{u.Key} ({u.Value.Count}×): {u.Value.Report}")));
    }
}

/// <summary>Counts what became of recorded tests.</summary>
internal sealed class RecordedScore(IReadOnlySet<string> revoked, bool recoded)
{
    public int Same { get; private set; }

    public Dictionary<string, int> Argued { get; } = [];

    public Dictionary<string, int> LeftOut { get; } = [];

    /// <summary>By file and kind: how many, and the first of them.</summary>
    public SortedDictionary<string, (int Count, string Report)> Unexplained { get; } = new(StringComparer.Ordinal);

    public void Take(MooFile file, string name, RecordedMachine machine)
    {
        bool isBefore386 = !file.Processor.StartsWith("386", StringComparison.Ordinal);
        foreach (RecordedTest test in file.Tests())
        {
            Instruction instruction = RecordedRun.Decode(test);
            string? reason = test.Hash is not null && revoked.Contains(test.Hash) ? "revoked" : Recorded.LeftOut.Reason(test, instruction, isBefore386);
            RecordedRun? run = null;
            if (reason is null) run = recoded ? RecordedRun.Recoded(test, instruction, out reason) : RecordedRun.AsRecorded(test, instruction);
            if (run is null) Count(LeftOut, reason!);
            else if (machine.Run(test, run) is not { } difference) Same++;
            else if (ArguedDifferences.Reason(file.Processor, test, run, machine) is { } argument) Count(Argued, argument);
            else Add(name, test, run, difference);
        }
    }

    private static void Count(Dictionary<string, int> counts, string reason) => counts[reason] = counts.GetValueOrDefault(reason) + 1;

    private void Add(string name, RecordedTest test, RecordedRun run, string difference)
    {
        string key = $"{name} {run.Instruction.Mnemonic} {string.Join(' ', difference.Split(' ').Where(word => !word.All(char.IsAsciiHexDigit)))}";
        string report = $"test {test.Index}, {test.Name}, {Convert.ToHexString(test.Code)}: {difference}\n    before {State(test.Before)}\n    after  {State(test.After)} {test.Exception}";
        Unexplained[key] = Unexplained.TryGetValue(key, out var seen) ? (seen.Count + 1, seen.Report) : (1, report);
    }

    private static string State(RecordedState state) =>
        string.Join(' ', state.Registers.Select((value, i) => value is null ? null : $"{((RecordedRegister)i).ToString().ToLowerInvariant()}={value:x}").Where(text => text is not null))
        + " " + string.Join(' ', state.Memory.Take(40).Select(entry => $"[{entry.Address:x}]={entry.Value:x2}"));
}
