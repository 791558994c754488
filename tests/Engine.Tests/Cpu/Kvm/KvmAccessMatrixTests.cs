using System.Diagnostics;
using LguestPS.Cpu.Kvm;
using LguestPS.Tests.Cpu.PageAccesses;
using Xunit;
using Xunit.Abstractions;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>A sample of <see cref="AccessMatrix"/> on the machine's KVM, whose shadow tables must come to the same.</summary>
[Trait("Cpu", "kvm")]
public class KvmAccessMatrixTests(ITestOutputHelper output)
{
    private const int Sample = 2000, MaxReports = 12;

    [SkippableTheory]
    [InlineData(TableKind.TwoLevel)]
    [InlineData(TableKind.TwoLevelWriteThrough)]
    [InlineData(TableKind.Pae)]
    public void Whatever_stands_in_the_entries_an_access_ends_as_the_manual_and_the_ABI_say(TableKind tables)
    {
        KvmHost.Require();
        AccessMatrix matrix = new(tables, AccessKind.All.Where(IsDoneAsByAProcessor));
        using AccessMachine machine = new(tables, memory => KvmHost.Make(memory, () => 0));
        List<string> wrong = [];
        long stride = matrix.Stride(Sample), cases = 0, stale = 0;
        var clock = Stopwatch.StartNew();
        for (long number = 0; number < matrix.Count && wrong.Count < MaxReports; number += stride, cases++)
            if (matrix.Try(matrix[number], machine, "on KVM", wrong)) stale++;

        output.WriteLine($"{cases} cases, {stale} with what was known before, in {clock.Elapsed.TotalSeconds:f1} s");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>A KVM that only emulates writes half of a store whose other half is missing, and QEMU's processor faults as for reading where an instruction reads and writes.</summary>
    private static bool IsDoneAsByAProcessor(AccessKind kind) =>
        (KvmHost.Verdict.State == KvmState.Ready || !(kind.Crosses && kind.Writes)) && (KvmHost.IsRealProcessor || !kind.Reads);
}
