using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Binary floating point by integers: right for every operand, rounding mode and mask, as SSE defines it (Intel SDM volume 1, 4.8 and 11.5).</summary>
/// <remarks>It serves what the host's processor cannot be asked for, since .NET has no access to its MXCSR.</remarks>
internal static class SoftFloat
{
    public static ulong Sign<TFormat>() where TFormat : IFloatFormat => 1UL << TFormat.Bits - 1;

    public static ulong Infinity<TFormat>() where TFormat : IFloatFormat => (ulong)(2 * TFormat.Bias + 1) << TFormat.Precision - 1;

    public static ulong QuietBit<TFormat>() where TFormat : IFloatFormat => 1UL << TFormat.Precision - 2;

    /// <summary>The quiet NaN that masked invalid operations give.</summary>
    public static ulong Indefinite<TFormat>() where TFormat : IFloatFormat => Sign<TFormat>() | Infinity<TFormat>() | QuietBit<TFormat>();

    public static ulong Magnitude<TFormat>(ulong x) where TFormat : IFloatFormat => x & Sign<TFormat>() - 1;

    public static bool IsNegative<TFormat>(ulong x) where TFormat : IFloatFormat => (x & Sign<TFormat>()) != 0;

    public static bool IsNaN<TFormat>(ulong x) where TFormat : IFloatFormat => Magnitude<TFormat>(x) > Infinity<TFormat>();

    public static bool IsSignaling<TFormat>(ulong x) where TFormat : IFloatFormat => IsNaN<TFormat>(x) && (x & QuietBit<TFormat>()) == 0;

    public static bool IsInfinity<TFormat>(ulong x) where TFormat : IFloatFormat => Magnitude<TFormat>(x) == Infinity<TFormat>();

    public static bool IsZero<TFormat>(ulong x) where TFormat : IFloatFormat => Magnitude<TFormat>(x) == 0;

    public static bool IsDenormal<TFormat>(ulong x) where TFormat : IFloatFormat => Magnitude<TFormat>(x) - 1 < (1UL << TFormat.Precision - 1) - 1;

    /// <summary>An operand as the instruction sees it: zero if it is denormal and MXCSR says so.</summary>
    public static ulong Operand<TFormat>(ulong x, in FloatLanes lanes) where TFormat : IFloatFormat =>
        lanes.DenormalsAreZero && IsDenormal<TFormat>(x) ? x & Sign<TFormat>() : x;

    /// <summary>The first operand that is a NaN, made quiet.</summary>
    public static ulong PropagateNaN<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (IsSignaling<TFormat>(x) || IsSignaling<TFormat>(y)) lanes.Raise(FpuExceptions.Invalid);
        return (IsNaN<TFormat>(x) ? x : y) | QuietBit<TFormat>();
    }

    public static ulong Add<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (IsNaN<TFormat>(x) || IsNaN<TFormat>(y)) return PropagateNaN<TFormat>(x, y, ref lanes);
        (x, y) = (Operand<TFormat>(x, lanes), Operand<TFormat>(y, lanes));
        if (IsInfinity<TFormat>(x) && IsInfinity<TFormat>(y) && x != y) return Invalid<TFormat>(ref lanes);
        NoteDenormals<TFormat>(x, y, ref lanes);
        if (IsInfinity<TFormat>(x)) return x;
        if (IsInfinity<TFormat>(y)) return y;
        if (IsZero<TFormat>(x) && IsZero<TFormat>(y)) return x == y ? x : ZeroOfDifference<TFormat>(lanes);
        if (IsZero<TFormat>(x)) return SoftNumber.From<TFormat>(y).Round<TFormat>(ref lanes);
        if (IsZero<TFormat>(y)) return SoftNumber.From<TFormat>(x).Round<TFormat>(ref lanes);

        SoftNumber large = SoftNumber.From<TFormat>(x), small = SoftNumber.From<TFormat>(y);
        if (large.Exponent < small.Exponent) (large, small) = (small, large);
        ulong aligned = SoftNumber.ShiftRightJamming(small.Significand, large.Exponent - small.Exponent);
        if (large.Negative == small.Negative)
            return SoftNumber.Normalized(large.Negative, large.Exponent, large.Significand + aligned).Round<TFormat>(ref lanes);
        if (large.Significand == aligned) return ZeroOfDifference<TFormat>(lanes);
        bool negative = large.Significand > aligned ? large.Negative : small.Negative;
        ulong difference = large.Significand > aligned ? large.Significand - aligned : aligned - large.Significand;
        return SoftNumber.Normalized(negative, large.Exponent, difference).Round<TFormat>(ref lanes);
    }

    public static ulong Subtract<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat =>
        Add<TFormat>(x, IsNaN<TFormat>(y) ? y : y ^ Sign<TFormat>(), ref lanes);

    public static ulong Multiply<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (IsNaN<TFormat>(x) || IsNaN<TFormat>(y)) return PropagateNaN<TFormat>(x, y, ref lanes);
        (x, y) = (Operand<TFormat>(x, lanes), Operand<TFormat>(y, lanes));
        ulong sign = (x ^ y) & Sign<TFormat>();
        bool infinite = IsInfinity<TFormat>(x) || IsInfinity<TFormat>(y), zero = IsZero<TFormat>(x) || IsZero<TFormat>(y);
        if (infinite && zero) return Invalid<TFormat>(ref lanes);
        NoteDenormals<TFormat>(x, y, ref lanes);
        if (infinite) return sign | Infinity<TFormat>();
        if (zero) return sign;

        SoftNumber one = SoftNumber.From<TFormat>(x), other = SoftNumber.From<TFormat>(y);
        UInt128 product = (UInt128)one.Significand * other.Significand;
        ulong significand = (ulong)(product >> SoftNumber.LeadingBit) | ((product & (1UL << SoftNumber.LeadingBit) - 1) != 0 ? 1UL : 0);
        return SoftNumber.Normalized(sign != 0, one.Exponent + other.Exponent, significand).Round<TFormat>(ref lanes);
    }

    public static ulong Divide<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (IsNaN<TFormat>(x) || IsNaN<TFormat>(y)) return PropagateNaN<TFormat>(x, y, ref lanes);
        (x, y) = (Operand<TFormat>(x, lanes), Operand<TFormat>(y, lanes));
        ulong sign = (x ^ y) & Sign<TFormat>();
        if (IsInfinity<TFormat>(x) && IsInfinity<TFormat>(y) || IsZero<TFormat>(x) && IsZero<TFormat>(y)) return Invalid<TFormat>(ref lanes);
        if (IsZero<TFormat>(y) && !IsInfinity<TFormat>(x))
        {
            lanes.Raise(FpuExceptions.ZeroDivide);
            return sign | Infinity<TFormat>();
        }

        NoteDenormals<TFormat>(x, y, ref lanes);
        if (IsInfinity<TFormat>(x)) return sign | Infinity<TFormat>();
        if (IsInfinity<TFormat>(y) || IsZero<TFormat>(x)) return sign;

        SoftNumber dividend = SoftNumber.From<TFormat>(x), divisor = SoftNumber.From<TFormat>(y);
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem((UInt128)dividend.Significand << SoftNumber.LeadingBit, divisor.Significand);

        // The quotient has 62 bits at least, one of which would be lost to the trace of the remainder if nothing were left below them.
        ulong significand = (ulong)quotient << 1 | (remainder != 0 ? 1UL : 0);
        return SoftNumber.Normalized(sign != 0, dividend.Exponent - divisor.Exponent - 1, significand).Round<TFormat>(ref lanes);
    }

    public static ulong SquareRoot<TFormat>(ulong x, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (IsNaN<TFormat>(x)) return PropagateNaN<TFormat>(x, x, ref lanes);
        x = Operand<TFormat>(x, lanes);
        if (IsZero<TFormat>(x)) return x;
        if (IsNegative<TFormat>(x)) return Invalid<TFormat>(ref lanes);
        NoteDenormals<TFormat>(x, x, ref lanes);
        if (IsInfinity<TFormat>(x)) return x;

        SoftNumber number = SoftNumber.From<TFormat>(x);
        UInt128 square = (UInt128)number.Significand << SoftNumber.LeadingBit + (number.Exponent & 1);
        ulong root = FloorOfRoot(square);
        return SoftNumber.Normalized(false, number.Exponent >> 1, root | ((UInt128)root * root != square ? 1UL : 0)).Round<TFormat>(ref lanes);
    }

    /// <summary>An invalid operation; the masked response.</summary>
    private static ulong Invalid<TFormat>(ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        lanes.Raise(FpuExceptions.Invalid);
        return Indefinite<TFormat>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void NoteDenormals<TFormat>(ulong x, ulong y, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (IsDenormal<TFormat>(x) || IsDenormal<TFormat>(y)) lanes.Raise(FpuExceptions.Denormal);
    }

    /// <summary>x − x.</summary>
    private static ulong ZeroOfDifference<TFormat>(in FloatLanes lanes) where TFormat : IFloatFormat =>
        lanes.Rounding == RoundingMode.Down ? Sign<TFormat>() : 0;

    private static ulong FloorOfRoot(UInt128 square)
    {
        var root = (ulong)Math.Sqrt((double)square);
        root = (ulong)((root + square / root) >> 1);
        while ((UInt128)root * root > square) root--;
        while ((UInt128)(root + 1) * (root + 1) <= square) root++;
        return root;
    }
}
