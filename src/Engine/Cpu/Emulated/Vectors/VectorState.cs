using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>What SSE adds to a processor: eight registers of 16 bytes, and MXCSR (Intel SDM volume 1, 10.2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VectorState
{
    private Registers xmm;
    private uint mxcsr;
    private FloatMode mode;

    public readonly uint Mxcsr => mxcsr;

    /// <summary>How much of MXCSR an instruction has to look at.</summary>
    public readonly FloatMode Mode => mode;

    /// <summary>Where MXCSR is in here, for machine code; after it has changed it, <see cref="SetMxcsr"/> must be told.</summary>
    public const int MxcsrOffset = 8 * 16;

    public static Vector128<byte>* Xmm(VectorState* state, int number) => (Vector128<byte>*)state + number;

    public void SetMxcsr(uint value)
    {
        mxcsr = value;
        mode = (value & (MxcsrBits.Control | (uint)FpuExceptions.Precision)) switch
        {
            MxcsrBits.AllMasked => FloatMode.Plain,
            MxcsrBits.AllMasked | (uint)FpuExceptions.Precision => FloatMode.PlainInexact,
            _ => FloatMode.Any,
        };
    }

    /// <summary>What a processor starts with.</summary>
    public void Initialize() => SetMxcsr(MxcsrBits.Initial);

    [InlineArray(8)]
    private struct Registers
    {
        private Vector128<byte> first;
    }
}

/// <summary>What holds of MXCSR, as far as it makes instructions simpler.</summary>
internal enum FloatMode : byte
{
    /// <summary>Nothing: every bit must be looked at.</summary>
    Any,

    /// <summary>All exceptions masked, rounding to nearest, denormals kept.</summary>
    Plain,

    /// <summary>That, and the precision flag is set already, so that whether a result is exact need not be found out.</summary>
    PlainInexact,
}

/// <summary>Bits of MXCSR. The exception flags are the low six, as in <see cref="FpuExceptions"/>; the masks follow at <see cref="MaskShift"/>.</summary>
internal static class MxcsrBits
{
    public const int MaskShift = 7;
    public const int RoundingShift = 13;
    public const uint DenormalsAreZero = 1 << 6;
    public const uint AllMasked = (uint)FpuExceptions.All << MaskShift;
    public const uint FlushToZero = 1 << 15;

    /// <summary>All but the flags.</summary>
    public const uint Control = 0xFFC0;

    /// <summary>The bits there are, which is what fxsave gives as MXCSR_MASK; others must be zero.</summary>
    public const uint Defined = 0xFFFF;
    public const uint Initial = AllMasked;
}
