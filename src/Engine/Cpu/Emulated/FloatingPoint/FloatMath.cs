using System.Numerics;
using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Arithmetic on <see cref="Float80"/> as the x87 does it: correctly rounded, with its rules for everything that is not a number.</summary>
internal static partial class FloatMath
{
    public static Float80 Add(Float80 x, Float80 y, ref FloatContext context)
    {
        if (!x.IsNormal || !y.IsNormal)
        {
            if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
            if (x.IsInfinity && y.IsInfinity && x.IsNegative != y.IsNegative) return context.Invalid();
            context.NoteDenormal(x);
            context.NoteDenormal(y);
            if (x.IsInfinity) return x;
            if (y.IsInfinity) return y;
            if (x.IsZero && y.IsZero)
                return x.IsNegative == y.IsNegative ? x : Float80.Zero(context.Rounding == RoundingMode.Down);
            if (x.IsZero || y.IsZero)
            {
                Float80 other = x.IsZero ? y : x;
                ulong significand = Normalize(other, out int exponent);
                return context.Round(other.IsNegative, exponent, significand, 0);
            }
        }

        return x.IsNegative == y.IsNegative ? AddMagnitudes(x, y, ref context) : SubtractMagnitudes(x, y, ref context);
    }

    public static Float80 Subtract(Float80 x, Float80 y, ref FloatContext context) =>
        Add(x, y.IsNaN ? y : y.Negated, ref context);

    public static Float80 Multiply(Float80 x, Float80 y, ref FloatContext context)
    {
        bool negative = x.IsNegative != y.IsNegative;
        if (!x.IsNormal || !y.IsNormal)
        {
            if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
            if (x.IsInfinity && y.IsZero || x.IsZero && y.IsInfinity) return context.Invalid();
            context.NoteDenormal(x);
            context.NoteDenormal(y);
            if (x.IsInfinity || y.IsInfinity) return Float80.Infinity(negative);
            if (x.IsZero || y.IsZero) return Float80.Zero(negative);
        }

        ulong a = Normalize(x, out int exponentX), b = Normalize(y, out int exponentY);
        ulong high = Math.BigMul(a, b, out ulong low);
        int exponent = exponentX + exponentY - (Float80.Bias - 1);
        if ((long)high >= 0)
        {
            high = high << 1 | low >> 63;
            low <<= 1;
            exponent--;
        }

        return context.Round(negative, exponent, high, low);
    }

    public static Float80 Divide(Float80 x, Float80 y, ref FloatContext context)
    {
        bool negative = x.IsNegative != y.IsNegative;
        if (!x.IsNormal || !y.IsNormal)
        {
            if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
            if (x.IsInfinity && y.IsInfinity || x.IsZero && y.IsZero) return context.Invalid();
            if (y.IsZero)
            {
                if (!x.IsInfinity) context.Raise(FpuExceptions.ZeroDivide);
                return Float80.Infinity(negative);
            }

            context.NoteDenormal(x);
            context.NoteDenormal(y);
            if (x.IsInfinity) return Float80.Infinity(negative);
            if (x.IsZero || y.IsInfinity) return Float80.Zero(negative);
        }

        ulong a = Normalize(x, out int exponentX), b = Normalize(y, out int exponentY);
        int exponent = exponentX - exponentY + Float80.Bias - 1;
        ulong low = 0;
        if (a >= b)
        {
            exponent++;
            low = a << 63;
            a >>= 1;
        }

        ulong quotient = DivideWide(a, low, b, out ulong remainder);
        return context.Round(negative, exponent, quotient, Fraction(remainder, b));
    }

    public static Float80 SquareRoot(Float80 x, ref FloatContext context)
    {
        if (TryNaN(x, ref context, out Float80 nan)) return nan;
        if (x.IsZero) return x;
        if (x.IsNegative) return context.Invalid();
        if (x.IsInfinity) return x;
        context.NoteDenormal(x);

        ulong significand = Normalize(x, out int exponent);
        int unbiased = exponent - Float80.Bias;
        bool odd = (unbiased & 1) != 0;
        ulong high = odd ? significand : significand >> 1;
        ulong low = odd ? 0 : significand << 63;
        ulong root = SquareRootWide(high, low, out UInt128 remainder);

        // Above the middle exactly if the remainder is more than the root; the middle itself is no integer's root.
        ulong fraction = remainder == 0 ? 0 : remainder > root ? Float80.IntegerBit | 1 : 1;
        return context.Round(false, (unbiased >> 1) + Float80.Bias, root, fraction);
    }

    /// <summary>-1, 0, 1, or null if they cannot be compared; whether quiet NaNs are an invalid operation is the caller's choice.</summary>
    public static int? Compare(Float80 x, Float80 y, bool quiet, ref FloatContext context)
    {
        if (x.IsUnsupported || y.IsUnsupported || x.IsNaN || y.IsNaN)
        {
            if (!quiet || x.IsUnsupported || y.IsUnsupported || x.IsSignaling || y.IsSignaling) context.Raise(FpuExceptions.Invalid);
            return null;
        }

        context.NoteDenormal(x);
        context.NoteDenormal(y);
        if (x.IsZero && y.IsZero) return 0;
        if (x.IsNegative != y.IsNegative) return x.IsNegative ? -1 : 1;
        int order = EffectiveExponent(x).CompareTo(EffectiveExponent(y));
        if (order == 0) order = x.Significand.CompareTo(y.Significand);
        return x.IsNegative ? -order : order;
    }

    /// <summary>Is there a NaN or something worse? Then the result is clear.</summary>
    public static bool TryNaN(Float80 x, Float80 y, ref FloatContext context, out Float80 result)
    {
        result = default;
        if (x.IsUnsupported || y.IsUnsupported)
        {
            result = context.Invalid();
            return true;
        }

        if (!x.IsNaN && !y.IsNaN) return false;
        if (x.IsSignaling || y.IsSignaling) context.Raise(FpuExceptions.Invalid);
        result = Choose(x, y).Quiet;
        return true;
    }

    public static bool TryNaN(Float80 x, ref FloatContext context, out Float80 result)
    {
        result = x.Quiet;
        if (x.IsUnsupported) result = context.Invalid();
        else if (!x.IsNaN) return false;
        else if (x.IsSignaling) context.Raise(FpuExceptions.Invalid);
        return true;
    }

    /// <summary>The significand of a finite number with its integer bit set, and the biased exponent that belongs to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Normalize(Float80 x, out int exponent)
    {
        exponent = x.Exponent;
        if (exponent != 0) return x.Significand;
        int shift = BitOperations.LeadingZeroCount(x.Significand);
        exponent = 1 - shift;
        return x.Significand << shift;
    }

    /// <summary>Divides high:low by the divisor, which must be more than high and have its top bit set.</summary>
    public static ulong DivideWide(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        ulong upper = DivideDigit(high, low >> 32, divisor, out ulong rest);
        ulong lower = DivideDigit(rest, (uint)low, divisor, out remainder);
        return upper << 32 | lower;
    }

    /// <summary>What a remainder is worth after the quotient's last bit: exact as to half, and whether there is more.</summary>
    public static ulong Fraction(ulong remainder, ulong divisor)
    {
        if (remainder == 0) return 0;
        ulong rest = divisor - remainder;
        return remainder < rest ? 1 : remainder == rest ? Float80.IntegerBit : Float80.IntegerBit | 1;
    }

    private static int EffectiveExponent(Float80 x) => Math.Max(x.Exponent, 1);

    /// <summary>A quiet NaN goes before a signaling one; else the larger significand wins, then the positive sign.</summary>
    private static Float80 Choose(Float80 x, Float80 y)
    {
        if (!x.IsNaN) return y;
        if (!y.IsNaN) return x;
        if (x.IsSignaling != y.IsSignaling) return x.IsSignaling ? y : x;
        if (x.Significand != y.Significand) return x.Significand > y.Significand ? x : y;
        return x.IsNegative ? y : x;
    }

    private static Float80 AddMagnitudes(Float80 x, Float80 y, ref FloatContext context)
    {
        ulong a = Normalize(x, out int exponentX), b = Normalize(y, out int exponentY);
        if (exponentX < exponentY) (a, b, exponentX, exponentY) = (b, a, exponentY, exponentX);
        ulong low = 0;
        FloatContext.ShiftRightJamming(ref b, ref low, exponentX - exponentY);
        ulong high = a + b;
        if (high < a)
        {
            low = high << 63 | low >> 1 | low & 1;
            high = high >> 1 | Float80.IntegerBit;
            exponentX++;
        }

        return context.Round(x.IsNegative, exponentX, high, low);
    }

    private static Float80 SubtractMagnitudes(Float80 x, Float80 y, ref FloatContext context)
    {
        bool negative = x.IsNegative;
        ulong a = Normalize(x, out int exponent), b = Normalize(y, out int exponentY);
        if (exponent < exponentY || exponent == exponentY && a < b)
        {
            (a, b, exponent, exponentY) = (b, a, exponentY, exponent);
            negative = !negative;
        }

        ulong low = 0;
        FloatContext.ShiftRightJamming(ref b, ref low, exponent - exponentY);
        ulong high = a - b - (low != 0 ? 1UL : 0);
        low = 0 - low;
        if ((high | low) == 0) return Float80.Zero(context.Rounding == RoundingMode.Down);

        if (high == 0)
        {
            high = low;
            low = 0;
            exponent -= 64;
        }

        int shift = BitOperations.LeadingZeroCount(high);
        if (shift != 0)
        {
            high = high << shift | low >> 64 - shift;
            low <<= shift;
        }

        return context.Round(negative, exponent - shift, high, low);
    }

    /// <summary>One digit of 32 bits (Knuth, volume 2, 4.3.1, algorithm D).</summary>
    private static ulong DivideDigit(ulong high, ulong next, ulong divisor, out ulong remainder)
    {
        ulong divisorHigh = divisor >> 32, divisorLow = (uint)divisor;
        (ulong digit, ulong rest) = Math.DivRem(high, divisorHigh);
        while (digit > uint.MaxValue || digit * divisorLow > (rest << 32 | next))
        {
            digit--;
            rest += divisorHigh;
            if (rest > uint.MaxValue) break;
        }

        remainder = (high << 32 | next) - digit * divisor;
        return digit;
    }

    /// <summary>The integer square root of high:low, whose top two bits are not both zero.</summary>
    private static ulong SquareRootWide(ulong high, ulong low, out UInt128 remainder)
    {
        var radicand = new UInt128(high, low);
        double estimate = Math.Sqrt(high) * 4294967296.0;
        ulong root = estimate >= 18446744073709549568.0 ? ulong.MaxValue : (ulong)estimate;

        // The estimate has 52 good bits; one step of Newton's makes them more than 64.
        if (root > high)
        {
            ulong quotient = DivideWide(high, low, root, out _);
            root = (root >> 1) + (quotient >> 1) + (root & quotient & 1);
        }

        while ((UInt128)root * root > radicand) root--;
        remainder = radicand - (UInt128)root * root;
        while (remainder > (UInt128)root * 2)
        {
            root++;
            remainder = radicand - (UInt128)root * root;
        }

        return root;
    }
}
