using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>The FPU of the processor this test runs on, through tests/oracle/fpu.c.</summary>
public sealed class FpuOracle : IDisposable
{
    public const int MaxBatch = 4096;

    private readonly Process? process;
    private readonly string? whyNot;

    public FpuOracle()
    {
        (string? program, whyNot) = Oracle.Build("fpu.c");
        if (program is null) return;
        process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true });
    }

    public void Require() => Skip.If(process is null, whyNot);

    internal FpuOutcome[] Run(ReadOnlySpan<FpuTest> tests)
    {
        Stream to = process!.StandardInput.BaseStream, from = process.StandardOutput.BaseStream;
        uint count = (uint)tests.Length;
        to.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in count)));
        to.Write(MemoryMarshal.AsBytes(tests));
        to.Flush();
        var outcomes = new FpuOutcome[tests.Length];
        from.ReadExactly(MemoryMarshal.AsBytes(outcomes.AsSpan()));
        return outcomes;
    }

    public void Dispose()
    {
        if (process is null) return;
        process.StandardInput.Close();
        if (!process.WaitForExit(2000)) process.Kill();
        File.Delete(process.StartInfo.FileName);
        process.Dispose();
    }
}

/// <summary>struct test of fpu.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FpuTest
{
    public uint Code, CodeLength, Eax, Eflags;
    public OperandBytes Operand;
    public FpuImage State;
}

/// <summary>struct outcome of fpu.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FpuOutcome
{
    public uint Eax, Eflags;
    public OperandBytes Operand;
    public FpuImage State;
}

[System.Runtime.CompilerServices.InlineArray(16)]
internal struct OperandBytes
{
    private byte first;
}

/// <summary>The 108 bytes of fnsave in the 32-bit form.</summary>
[System.Runtime.CompilerServices.InlineArray(Length)]
internal struct FpuImage
{
    public const int Length = 108, Environment = 28;
    private byte first;
}
