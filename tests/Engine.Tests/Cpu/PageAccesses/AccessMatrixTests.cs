using System.Diagnostics;
using LguestPS.Cpu.Emulated;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Cpu.PageAccesses;

/// <summary>Page tables with everything that an entry can have, against every way to touch a page, on the emulated CPU in chains and compiled.</summary>
/// <remarks>It takes an evenly spread sample; LGUEST_ACCESS_MATRIX says how large, or <c>all</c>.</remarks>
public class AccessMatrixTests(ITestOutputHelper output)
{
    private const int Sample = 150_000, MaxReports = 12;

    [Theory]
    [InlineData(TableKind.TwoLevel)]
    [InlineData(TableKind.TwoLevelWriteThrough)]
    [InlineData(TableKind.Pae)]
    public void Whatever_stands_in_the_entries_an_access_ends_as_the_manual_and_the_ABI_say(TableKind tables)
    {
        AccessMatrix matrix = new(tables);
        using AccessMachine chains = new(tables, memory => new EmulatedCpu(memory, () => 0)), compiled = new(tables, memory => new EmulatedCpu(memory, () => 0, heat: 0));
        long stride = matrix.Stride(Wanted(matrix));
        long cases = 0, stale = 0;
        List<string> wrong = [];
        var clock = Stopwatch.StartNew();
        for (long number = 0; number < matrix.Count && wrong.Count < MaxReports; number += stride, cases++)
        {
            AccessCase test = matrix[number];
            bool isStale = matrix.Try(test, chains, "in chains", wrong);
            if (matrix.Try(test, compiled, "compiled", wrong) != isStale) wrong.Add($"{test}: {(isStale ? "a chain" : "compiled code")} alone uses what was known before");
            if (isStale) stale++;
        }

        output.WriteLine($"{cases} of {matrix.Count} cases, {stale} with what was known before, in {clock.Elapsed.TotalSeconds:f1} s");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.InRange(stale, 1, cases / 4);
        if (OperatingSystem.IsLinux()) Assert.InRange(compiled.Cpu.CompiledInstructionCount, cases / 4, long.MaxValue);
        Assert.Equal(0, chains.Cpu.CompiledInstructionCount);
    }

    private static long Wanted(AccessMatrix matrix) => Environment.GetEnvironmentVariable("LGUEST_ACCESS_MATRIX") switch
    {
        "all" => matrix.Count,
        string number when long.TryParse(number, out long wanted) => wanted,
        _ => Sample,
    };
}
