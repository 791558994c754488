namespace LguestPS.Cpu.Emulated;

/// <summary>Operations that take numbers apart: remainders, scaling, exponent and significand.</summary>
internal static partial class FloatMath
{
    /// <summary>fprem and fprem1: one step of a remainder. The quotient is rounded towards zero, or to the nearest integer (fprem1);
    /// its low bits are known once the remainder is final, and null while there is more to do.</summary>
    public static Float80 Remainder(Float80 x, Float80 y, bool nearest, ref FloatContext context, out ulong? quotient)
    {
        quotient = 0;
        if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
        if (x.IsInfinity || y.IsZero) return context.Invalid();
        context.NoteDenormal(x);
        context.NoteDenormal(y);
        if (x.IsZero) return x;
        if (y.IsInfinity) return Exact(x, ref context);

        ulong a = Normalize(x, out int exponent), b = Normalize(y, out int exponentY);
        int distance = exponent - exponentY;
        if (distance < -1 || distance == -1 && !nearest) return Exact(x, ref context);
        if (distance >= 64)
        {
            // The quotient of so many bits at a time is the processor's choice, as long as it is from 32 to 63.
            quotient = null;
            int step = distance & 31 | 32;
            ulong rest = ReduceOnce(a, b, out _);
            DivideWide(rest >> 64 - step, rest << step, b, out rest);
            if (rest == 0) return Float80.Zero(x.IsNegative);
            return NormalizeAndRound(x.IsNegative, exponent - step, rest, ref context);
        }

        bool negative = x.IsNegative;
        ulong remainder = a, whole = 0;
        if (distance >= 0)
        {
            remainder = ReduceOnce(a, b, out whole);
            if (distance > 0) whole = whole << distance | DivideWide(remainder >> 64 - distance, remainder << distance, b, out remainder);
        }

        if (nearest)
        {
            // One half of the divisor decides; at distance -1 the dividend is in units of half the divisor's.
            bool more = distance < 0
                ? remainder > b
                : remainder > b - remainder || remainder == b - remainder && (whole & 1) != 0;
            if (more)
            {
                whole++;
                negative = !negative;
                if (distance >= 0)
                {
                    remainder = b - remainder;
                }
                else
                {
                    UInt128 difference = ((UInt128)b << 1) - remainder;
                    quotient = whole;
                    return NormalizeWideAndRound(negative, exponent, difference, ref context);
                }
            }
        }

        quotient = whole;
        if (remainder == 0) return Float80.Zero(x.IsNegative);
        return NormalizeAndRound(negative, distance < 0 ? exponent : exponentY, remainder, ref context);
    }

    /// <summary>fscale: x times two to the power of y, cut to an integer.</summary>
    public static Float80 Scale(Float80 x, Float80 y, ref FloatContext context)
    {
        if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
        if (y.IsInfinity)
        {
            if (y.IsNegative ? x.IsInfinity : x.IsZero) return context.Invalid();
            context.NoteDenormal(x);
            return y.IsNegative ? Float80.Zero(x.IsNegative) : Float80.Infinity(x.IsNegative);
        }

        context.NoteDenormal(x);
        context.NoteDenormal(y);
        if (x.IsInfinity || x.IsZero) return x;

        int shift = 0;
        if (y.Exponent >= Float80.Bias)
        {
            int digits = y.Exponent - Float80.Bias;
            shift = digits > 16 ? 0x20000 : (int)(y.Significand >> 63 - digits);
            if (y.IsNegative) shift = -shift;
        }

        ulong significand = Normalize(x, out int exponent);
        return context.Round(x.IsNegative, exponent + shift, significand, 0);
    }

    /// <summary>fxtract.</summary>
    public static (Float80 Exponent, Float80 Significand) Extract(Float80 x, ref FloatContext context)
    {
        if (TryNaN(x, ref context, out Float80 nan)) return (nan, nan);
        if (x.IsInfinity) return (x.Magnitude, x);
        if (x.IsZero)
        {
            context.Raise(FpuExceptions.ZeroDivide);
            return (Float80.Infinity(true), x);
        }

        context.NoteDenormal(x);
        ulong significand = Normalize(x, out int exponent);
        return (FromInteger(exponent - Float80.Bias), Float80.Pack(x.IsNegative, Float80.Bias, significand));
    }

    /// <summary>An unchanged number as a result: a denormal one is an underflow if that is not masked.</summary>
    private static Float80 Exact(Float80 x, ref FloatContext context)
    {
        ulong significand = Normalize(x, out int exponent);
        return context.Round(x.IsNegative, exponent, significand, 0);
    }

    private static Float80 NormalizeAndRound(bool negative, int exponent, ulong significand, ref FloatContext context) =>
        NormalizeWideAndRound(negative, exponent, significand, ref context);

    /// <summary>The exponent belongs to a significand of 64 bits; this one may have 65 or fewer.</summary>
    private static Float80 NormalizeWideAndRound(bool negative, int exponent, UInt128 significand, ref FloatContext context)
    {
        int shift = (int)UInt128.LeadingZeroCount(significand);
        UInt128 normalized = significand << shift;
        return context.Round(negative, exponent + 64 - shift, (ulong)(normalized >> 64), (ulong)normalized);
    }

    private static ulong ReduceOnce(ulong a, ulong b, out ulong quotient)
    {
        quotient = a >= b ? 1UL : 0;
        return a >= b ? a - b : a;
    }
}
