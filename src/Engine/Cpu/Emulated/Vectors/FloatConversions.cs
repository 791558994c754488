using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>A conversion of one number.</summary>
internal interface IFloatConversion
{
    /// <summary>The quick way; false if the result is not certain, or an exception may have to be raised that is not raised already.</summary>
    static abstract bool TryConvert(ulong from, FloatMode mode, out ulong result);

    static abstract ulong Convert(ulong from, ref FloatLanes lanes);
}

/// <summary>Whether a conversion to an integer rounds as MXCSR says, or towards zero.</summary>
internal interface IIntegerRounding
{
    static abstract bool Truncates { get; }
}

internal readonly struct ByMxcsr : IIntegerRounding
{
    public static bool Truncates => false;
}

internal readonly struct TowardsZero : IIntegerRounding
{
    public static bool Truncates => true;
}

/// <summary>To a signed integer of 32 bits.</summary>
internal readonly struct ToInteger<TFormat, TRounding> : IFloatConversion where TFormat : IFloatFormat where TRounding : IIntegerRounding
{
    private const ulong IntegerIndefinite = 0x80000000;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryConvert(ulong from, FloatMode mode, out ulong result)
    {
        double number = Widened(from);
        double rounded = TRounding.Truncates ? Math.Truncate(number) : Math.Round(number);
        result = (uint)(int)rounded;
        return rounded >= int.MinValue && rounded <= int.MaxValue && (mode == FloatMode.PlainInexact || rounded == number);
    }

    public static ulong Convert(ulong from, ref FloatLanes lanes)
    {
        double number = Widened(SoftFloat.Operand<TFormat>(from, lanes));
        double rounded = (TRounding.Truncates ? RoundingMode.Zero : lanes.Rounding) switch
        {
            RoundingMode.Nearest => Math.Round(number),
            RoundingMode.Down => Math.Floor(number),
            RoundingMode.Up => Math.Ceiling(number),
            _ => Math.Truncate(number),
        };
        if (!(rounded >= int.MinValue && rounded <= int.MaxValue))
        {
            lanes.Raise(FpuExceptions.Invalid);
            return IntegerIndefinite;
        }

        if (rounded != number) lanes.Raise(FpuExceptions.Precision);
        return (uint)(int)rounded;
    }

    private static double Widened(ulong bits) =>
        TFormat.Bits == 32 ? BitConverter.UInt32BitsToSingle((uint)bits) : BitConverter.UInt64BitsToDouble(bits);
}

internal readonly struct IntegerToSingle : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryConvert(ulong from, FloatMode mode, out ulong result)
    {
        float number = (int)from;
        result = BitConverter.SingleToUInt32Bits(number);
        return mode == FloatMode.PlainInexact || number == (double)(int)from;
    }

    public static ulong Convert(ulong from, ref FloatLanes lanes)
    {
        long number = (int)from;
        return number == 0 ? 0 : SoftNumber.Normalized(number < 0, SoftNumber.LeadingBit, (ulong)Math.Abs(number)).Round<BinarySingle>(ref lanes);
    }
}

/// <summary>Always exact.</summary>
internal readonly struct IntegerToDouble : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryConvert(ulong from, FloatMode mode, out ulong result)
    {
        result = BitConverter.DoubleToUInt64Bits((int)from);
        return true;
    }

    public static ulong Convert(ulong from, ref FloatLanes lanes) => BitConverter.DoubleToUInt64Bits((int)from);
}

internal readonly struct SingleToDouble : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryConvert(ulong from, FloatMode mode, out ulong result)
    {
        float number = BitConverter.UInt32BitsToSingle((uint)from);
        result = BitConverter.DoubleToUInt64Bits(number);
        return float.IsNormal(number) || number == 0;
    }

    public static ulong Convert(ulong from, ref FloatLanes lanes)
    {
        ulong sign = (from & SoftFloat.Sign<BinarySingle>()) << 32;
        from = SoftFloat.Operand<BinarySingle>(from, lanes);
        if (SoftFloat.IsNaN<BinarySingle>(from)) return sign | (SoftFloat.PropagateNaN<BinarySingle>(from, from, ref lanes) & 0x3FFFFF) << 29 | 0x7FF8000000000000;
        if (SoftFloat.IsInfinity<BinarySingle>(from)) return sign | SoftFloat.Infinity<BinaryDouble>();
        if (SoftFloat.IsZero<BinarySingle>(from)) return sign;
        SoftFloat.NoteDenormals<BinarySingle>(from, from, ref lanes);
        return SoftNumber.From<BinarySingle>(from).Round<BinaryDouble>(ref lanes);
    }
}

internal readonly struct DoubleToSingle : IFloatConversion
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryConvert(ulong from, FloatMode mode, out ulong result)
    {
        double number = BitConverter.UInt64BitsToDouble(from);
        float rounded = (float)number;
        uint bits = BitConverter.SingleToUInt32Bits(rounded);
        result = bits;
        if (number == 0) return true;
        bool normal = double.IsNormal(number) && (bits & 0x7FFFFFFF) is > 1 << 24 and < 0x7F800000;
        return normal && (mode == FloatMode.PlainInexact || rounded == number);
    }

    public static ulong Convert(ulong from, ref FloatLanes lanes)
    {
        ulong sign = (from & SoftFloat.Sign<BinaryDouble>()) >> 32;
        from = SoftFloat.Operand<BinaryDouble>(from, lanes);
        if (SoftFloat.IsNaN<BinaryDouble>(from)) return sign | SoftFloat.PropagateNaN<BinaryDouble>(from, from, ref lanes) >> 29 & 0x3FFFFF | 0x7FC00000;
        if (SoftFloat.IsInfinity<BinaryDouble>(from)) return sign | SoftFloat.Infinity<BinarySingle>();
        if (SoftFloat.IsZero<BinaryDouble>(from)) return sign;
        SoftFloat.NoteDenormals<BinaryDouble>(from, from, ref lanes);
        return SoftNumber.From<BinaryDouble>(from).Round<BinarySingle>(ref lanes);
    }
}

/// <summary>Where a conversion finds its numbers and puts its results.</summary>
internal interface IConversionShape
{
    static abstract int Lanes { get; }
    static abstract bool FromDoubles { get; }
    static abstract bool ToDoubles { get; }

    /// <summary>Other lanes of the result are the destination's, not zero.</summary>
    static abstract bool KeepsOthers { get; }
}

/// <summary>Between lanes of 4 bytes.</summary>
internal readonly struct FourToFour : IConversionShape
{
    public static int Lanes => 4;
    public static bool FromDoubles => false;
    public static bool ToDoubles => false;
    public static bool KeepsOthers => false;
}

/// <summary>The two lower lanes of 4 bytes, both in mm and in xmm; what is above stays.</summary>
internal readonly struct TwoToTwo : IConversionShape
{
    public static int Lanes => 2;
    public static bool FromDoubles => false;
    public static bool ToDoubles => false;
    public static bool KeepsOthers => true;
}

internal readonly struct TwoToDoubles : IConversionShape
{
    public static int Lanes => 2;
    public static bool FromDoubles => false;
    public static bool ToDoubles => true;
    public static bool KeepsOthers => false;
}

/// <summary>The upper half of the result is zero.</summary>
internal readonly struct TwoFromDoubles : IConversionShape
{
    public static int Lanes => 2;
    public static bool FromDoubles => true;
    public static bool ToDoubles => false;
    public static bool KeepsOthers => false;
}

internal readonly struct OneToOne : IConversionShape
{
    public static int Lanes => 1;
    public static bool FromDoubles => false;
    public static bool ToDoubles => false;
    public static bool KeepsOthers => true;
}

internal readonly struct OneToDouble : IConversionShape
{
    public static int Lanes => 1;
    public static bool FromDoubles => false;
    public static bool ToDoubles => true;
    public static bool KeepsOthers => true;
}

internal readonly struct OneFromDouble : IConversionShape
{
    public static int Lanes => 1;
    public static bool FromDoubles => true;
    public static bool ToDoubles => false;
    public static bool KeepsOthers => true;
}

/// <summary>cvtXX2YY, by lanes.</summary>
internal readonly unsafe struct Converted<TConversion, TShape> : IVectorAction where TConversion : IFloatConversion where TShape : IConversionShape
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        FloatMode mode = cpu->Vectors.Mode;
        result = TShape.KeepsOthers ? first : default;
        bool certain = TConversion.TryConvert(From(second, 0), mode, out ulong lane);
        result = With(result, 0, lane);
        if (TShape.Lanes > 1)
        {
            certain &= TConversion.TryConvert(From(second, 1), mode, out lane);
            result = With(result, 1, lane);
        }

        if (TShape.Lanes > 2)
        {
            certain &= TConversion.TryConvert(From(second, 2), mode, out lane);
            result = With(result, 2, lane);
            certain &= TConversion.TryConvert(From(second, 3), mode, out lane);
            result = With(result, 3, lane);
        }

        return certain;
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        var lanes = new FloatLanes(cpu->Vectors.Mxcsr);
        Vector128<byte> result = TShape.KeepsOthers ? first : default;
        for (int i = 0; i < TShape.Lanes; i++) result = With(result, i, TConversion.Convert(From(second, i), ref lanes));
        lanes.Finish(cpu);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong From(Vector128<byte> vector, int lane) =>
        TShape.FromDoubles ? vector.AsUInt64().GetElement(lane) : vector.AsUInt32().GetElement(lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> With(Vector128<byte> vector, int lane, ulong value) =>
        TShape.ToDoubles ? vector.AsUInt64().WithElement(lane, value).AsByte() : vector.AsUInt32().WithElement(lane, (uint)value).AsByte();
}
