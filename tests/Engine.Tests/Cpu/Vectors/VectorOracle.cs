using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>MMX and SSE of the processor this test runs on, through tests/oracle/sse.c.</summary>
public sealed class VectorOracle : IDisposable
{
    public const int MaxBatch = 1024;

    private readonly Process? process;
    private readonly string? whyNot;

    public VectorOracle()
    {
        (string? program, whyNot) = Oracle.Build("sse.c");
        if (program is null) return;
        process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true });
    }

    public void Require() => Skip.If(process is null, whyNot);

    internal VectorOutcome[] Run(ReadOnlySpan<VectorTest> tests)
    {
        Stream to = process!.StandardInput.BaseStream, from = process.StandardOutput.BaseStream;
        uint count = (uint)tests.Length;
        to.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in count)));
        to.Write(MemoryMarshal.AsBytes(tests));
        to.Flush();
        var outcomes = new VectorOutcome[tests.Length];
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

/// <summary>struct test of sse.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VectorTest
{
    public VectorCode Code;
    public uint CodeLength, Offset, Eax, Ecx, Edx, Eflags;
    public VectorMemory Operand;
    public VectorImage State;
}

/// <summary>struct outcome of sse.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VectorOutcome
{
    public const uint NoTrap = uint.MaxValue;

    public uint Trap, Eax, Ecx, Edx, Eflags;
    public VectorMemory Operand;
    public VectorImage State;
}

[InlineArray(12)]
internal struct VectorCode
{
    private byte first;
}

[InlineArray(Length)]
internal struct VectorMemory
{
    public const int Length = 64;
    private byte first;
}

/// <summary>What fxsave writes.</summary>
[InlineArray(Length)]
internal struct VectorImage
{
    public const int Length = 512, Control = 0, Status = 2, Used = 4, Mxcsr = 24, MxcsrMask = 28, Stack = 32, Xmm = 160;
    private byte first;
}
