using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LguestPS.Tests.Cpu;

/// <summary>MMX and SSE of the processor this test runs on, through tests/oracle/sse.c.</summary>
public sealed class VectorOracle() : BatchOracle("sse.c")
{
    public const int MaxBatch = 1024;

    internal VectorOutcome[] Run(ReadOnlySpan<VectorTest> tests) => Run<VectorTest, VectorOutcome>(tests);
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
