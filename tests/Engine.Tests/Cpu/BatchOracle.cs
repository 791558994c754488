using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>A program of tests/oracle that runs batches of tests on this processor: a count and the structs go in, as many outcomes come out.</summary>
public abstract class BatchOracle : IDisposable
{
    private readonly Process? process;
    private readonly string? whyNot;

    /// <param name="source">The program's source in tests/oracle, which is compiled here.</param>
    protected BatchOracle(string source)
    {
        (string? program, whyNot) = Oracle.Build(source);
        if (program is null) return;
        process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true });
    }

    public void Require() => Skip.If(process is null, whyNot);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (process is null) return;
        process.StandardInput.Close();
        if (!process.WaitForExit(2000)) process.Kill();
        File.Delete(process.StartInfo.FileName);
        process.Dispose();
    }

    private protected TOutcome[] Run<TTest, TOutcome>(ReadOnlySpan<TTest> tests) where TTest : unmanaged where TOutcome : unmanaged
    {
        Stream to = process!.StandardInput.BaseStream, from = process.StandardOutput.BaseStream;
        uint count = (uint)tests.Length;
        to.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in count)));
        to.Write(MemoryMarshal.AsBytes(tests));
        to.Flush();
        var outcomes = new TOutcome[tests.Length];
        from.ReadExactly(MemoryMarshal.AsBytes(outcomes.AsSpan()));
        return outcomes;
    }
}
