using System.Runtime.InteropServices;

namespace LguestPS.Tests.Cpu;

/// <summary>The FPU of the processor this test runs on, through tests/oracle/fpu.c.</summary>
public sealed class FpuOracle() : BatchOracle("fpu.c")
{
    public const int MaxBatch = 4096;

    internal FpuOutcome[] Run(ReadOnlySpan<FpuTest> tests) => Run<FpuTest, FpuOutcome>(tests);
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
