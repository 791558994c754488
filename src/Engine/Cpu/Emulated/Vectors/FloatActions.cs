using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>addps, mulpd and their like: every lane.</summary>
/// <remarks>
/// Between normal numbers only precision can be lost. While everything is masked and the precision flag is set (it stays set until
/// the guest clears it), there is nothing to find out but that operands and results are normal.
/// </remarks>
internal readonly unsafe struct PackedArithmetic<TOp, TFormat> : IVectorAction where TOp : IFloatArithmetic where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = TFormat.Run<TOp>(first, second);
        return cpu->Vectors.Mode == FloatMode.PlainInexact && TFormat.AreNormal(TOp.IsUnary ? second : first, second, result);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulFloat.Run<TOp, TFormat>(cpu, first, second, 128 / TFormat.Bits);
}

/// <summary>addss, mulsd and their like: the lowest lane.</summary>
internal readonly unsafe struct ScalarArithmetic<TOp, TFormat> : IVectorAction where TOp : IFloatArithmetic where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = TFormat.RunScalar<TOp>(first, second);
        return cpu->Vectors.Mode == FloatMode.PlainInexact && TFormat.AreNormalScalars(TOp.IsUnary ? second : first, second, result);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulFloat.Run<TOp, TFormat>(cpu, first, second, 1);
}

/// <summary>addsubps and addsubpd: even lanes are subtracted, odd ones added.</summary>
internal readonly unsafe struct AddSubtract<TFormat> : IVectorAction where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        Vector128<byte> negated = second ^ EvenSigns;
        result = TFormat.Run<VectorAdd>(first, negated);
        return cpu->Vectors.Mode == FloatMode.PlainInexact && TFormat.AreNormal(first, second, result);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        var lanes = new FloatLanes(cpu->Vectors.Mxcsr);
        Vector128<byte> result = first;
        for (int i = 0; i < 128 / TFormat.Bits; i++)
        {
            ulong x = TFormat.Get(first, i), y = TFormat.Get(second, i);
            result = TFormat.With(result, i, (i & 1) == 0 ? SoftFloat.Subtract<TFormat>(x, y, ref lanes) : SoftFloat.Add<TFormat>(x, y, ref lanes));
        }

        lanes.Finish(cpu);
        return result;
    }

    private static Vector128<byte> EvenSigns => TFormat.Bits == 32 ? Vector128.Create(0x80000000, 0, 0x80000000, 0).AsByte() : Vector128.Create(1UL << 63, 0).AsByte();
}

/// <summary>haddps, hsubpd and their like: neighbouring lanes of the first operand, then of the second.</summary>
internal readonly unsafe struct HorizontalArithmetic<TOp, TFormat> : IVectorAction where TOp : IFloatArithmetic where TFormat : IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        (Vector128<byte> even, Vector128<byte> odd) = (Even(first, second), Odd(first, second));
        result = TFormat.Run<TOp>(even, odd);
        return cpu->Vectors.Mode == FloatMode.PlainInexact && TFormat.AreNormal(even, odd, result);
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        CarefulFloat.Run<TOp, TFormat>(cpu, Even(first, second), Odd(first, second), 128 / TFormat.Bits);

    private static Vector128<byte> Even(Vector128<byte> first, Vector128<byte> second) => TFormat.Bits == 32
        ? IntegerLanes.Even(first.AsInt32(), second.AsInt32()).AsByte()
        : Vector128.Create(first.GetLower(), second.GetLower());

    private static Vector128<byte> Odd(Vector128<byte> first, Vector128<byte> second) => TFormat.Bits == 32
        ? IntegerLanes.Odd(first.AsInt32(), second.AsInt32()).AsByte()
        : Vector128.Create(first.GetUpper(), second.GetUpper());
}

/// <summary>Arithmetic with every operand and under every MXCSR.</summary>
internal static unsafe class CarefulFloat
{
    /// <returns>The first operand with so many lanes, from the lowest, replaced by results.</returns>
    public static Vector128<byte> Run<TOp, TFormat>(CpuState* cpu, Vector128<byte> first, Vector128<byte> second, int count)
        where TOp : IFloatArithmetic where TFormat : IFloatFormat
    {
        var lanes = new FloatLanes(cpu->Vectors.Mxcsr);
        FloatMode mode = cpu->Vectors.Mode;
        Vector128<byte> result = first;
        for (int i = 0; i < count; i++)
        {
            ulong x = TFormat.Get(first, i), y = TFormat.Get(second, i);
            if (mode == FloatMode.Any || !TryRun<TOp, TFormat>(x, y, mode, out ulong lane)) lane = TOp.RunSoftly<TFormat>(x, y, ref lanes);
            result = TFormat.With(result, i, lane);
        }

        lanes.Finish(cpu);
        return result;
    }

    /// <summary>By the host's processor, if nothing but precision can be lost, or nothing at all. Everything is masked and rounding is to nearest.</summary>
    private static bool TryRun<TOp, TFormat>(ulong x, ulong y, FloatMode mode, out ulong result)
        where TOp : IFloatArithmetic where TFormat : IFloatFormat
    {
        result = TFormat.Run<TOp>(x, y, out bool exact);
        bool zero = TOp.IsExactWithZero && (SoftFloat.IsZero<TFormat>(x) || SoftFloat.IsZero<TFormat>(y));
        if (zero && IsZeroOrNormal<TFormat>(x) && IsZeroOrNormal<TFormat>(y)) return true;
        if (!IsNormal<TFormat>(TOp.IsUnary ? y : x) || !IsNormal<TFormat>(y) || !IsNormal<TFormat>(result)) return false;
        return mode == FloatMode.PlainInexact || exact;
    }

    private static bool IsNormal<TFormat>(ulong x) where TFormat : IFloatFormat
    {
        ulong magnitude = SoftFloat.Magnitude<TFormat>(x);
        return magnitude >= 1UL << TFormat.Precision && magnitude < SoftFloat.Infinity<TFormat>();
    }

    private static bool IsZeroOrNormal<TFormat>(ulong x) where TFormat : IFloatFormat => SoftFloat.IsZero<TFormat>(x) || IsNormal<TFormat>(x);
}
