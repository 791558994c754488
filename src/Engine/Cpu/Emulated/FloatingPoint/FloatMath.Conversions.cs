using System.Numerics;

namespace LguestPS.Cpu.Emulated;

/// <summary>To and from the formats that live in memory.</summary>
internal static partial class FloatMath
{
    /// <summary>What a store of an integer gives if the value has no place in it; the sign bit alone.</summary>
    public static long IntegerIndefinite(int bits) => long.MinValue >> 64 - bits;

    public static Float80 FromInteger(long value)
    {
        if (value == 0) return default;
        ulong magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        int shift = BitOperations.LeadingZeroCount(magnitude);
        return Float80.Pack(value < 0, Float80.Bias + 63 - shift, magnitude << shift);
    }

    /// <summary>Widens a single. Signaling NaNs stay what they are.</summary>
    public static Float80 FromSingle(uint bits) => FromBinary(bits, 23, 8);

    /// <summary>Widens a double. Signaling NaNs stay what they are.</summary>
    public static Float80 FromDouble(ulong bits)
    {
        uint exponent = (uint)(bits >> 52) & 0x7FF;
        if (exponent - 1 >= 0x7FE) return FromBinary(bits, 52, 11);
        return new Float80(bits << 11 | Float80.IntegerBit, (ushort)((bits >> 63 << 15) + exponent + (Float80.Bias - 1023)));
    }

    public static bool IsDenormalSingle(uint bits) => (bits & 0x7F800000) == 0 && (bits & 0x7FFFFF) != 0;

    public static bool IsDenormalDouble(ulong bits) => (bits & 0x7FF0000000000000) == 0 && (bits & 0xFFFFFFFFFFFFF) != 0;

    public static uint ToSingle(Float80 x, ref FloatContext context) => (uint)ToBinary(x, 23, 8, ref context);

    public static ulong ToDouble(Float80 x, ref FloatContext context)
    {
        int exponent = x.Exponent - Float80.Bias + 1023;
        if ((x.Significand & 0x7FF) != 0 || exponent is <= 0 or >= 0x7FF || (long)x.Significand >= 0) return ToBinary(x, 52, 11, ref context);
        return (ulong)(x.SignExponent >> 15) << 63 | (ulong)exponent << 52 | x.Significand << 1 >> 12;
    }

    /// <summary>Rounds to an integer of 16, 32 or 64 bits.</summary>
    public static long ToInteger(Float80 x, int bits, ref FloatContext context)
    {
        if (TryRoundToInteger(x, ref context, out ulong magnitude))
        {
            ulong limit = 1UL << bits - 1;
            if (magnitude < limit || magnitude == limit && x.IsNegative) return x.IsNegative ? (long)(0 - magnitude) : (long)magnitude;
        }

        context.RoundedUp = false;
        context.Raised = FpuExceptions.Invalid;
        return IntegerIndefinite(bits);
    }

    /// <summary>frndint.</summary>
    public static Float80 RoundToIntegral(Float80 x, ref FloatContext context)
    {
        if (TryNaN(x, ref context, out Float80 nan)) return nan;
        if (x.IsZero || x.Exponent >= Float80.Bias + 63) return x;
        context.NoteDenormal(x);
        TryRoundToInteger(x, ref context, out ulong magnitude);
        if (magnitude == 0) return Float80.Zero(x.IsNegative);
        int shift = BitOperations.LeadingZeroCount(magnitude);
        return Float80.Pack(x.IsNegative, Float80.Bias + 63 - shift, magnitude << shift);
    }

    /// <summary>fbld: eighteen packed decimal digits and a sign.</summary>
    public static Float80 FromPackedDecimal(ulong low, ushort high)
    {
        // The 18th digit and the 17th are in the high part; digits above nine simply count for what they are.
        ulong value = (ulong)(high >> 4 & 15) * 10 + (ulong)(high & 15);
        for (int shift = 60; shift >= 0; shift -= 4) value = value * 10 + (low >> shift & 15);
        Float80 magnitude = value == 0 ? default : FromInteger((long)value);
        return (high & 0x8000) != 0 ? magnitude.Negated : magnitude;
    }

    /// <summary>fbstp.</summary>
    public static (ulong Low, ushort High) ToPackedDecimal(Float80 x, ref FloatContext context)
    {
        if (!TryRoundToInteger(x, ref context, out ulong magnitude) || magnitude > 999_999_999_999_999_999)
        {
            context.RoundedUp = false;
            context.Raised = FpuExceptions.Invalid;
            return (0xC000000000000000, 0xFFFF);
        }

        ulong low = 0;
        for (int shift = 0; shift < 64; shift += 4, magnitude /= 10) low |= magnitude % 10 << shift;
        uint high = (uint)(magnitude / 10 << 4 | magnitude % 10);
        return (low, (ushort)(high | (x.IsNegative ? 0x8000u : 0)));
    }

    /// <returns>False if there is no such integer below 2^64.</returns>
    private static bool TryRoundToInteger(Float80 x, ref FloatContext context, out ulong magnitude)
    {
        magnitude = x.Significand;
        if (x.IsUnsupported || x.Exponent > Float80.Bias + 63) return false;
        if (x.IsZero) return true;

        // The point to the right of the significand; what falls after it decides the rounding.
        ulong fraction = 0;
        FloatContext.ShiftRightJamming(ref magnitude, ref fraction, Math.Min(Float80.Bias + 63 - Math.Max(x.Exponent, 1), 200));
        if (fraction == 0) return true;
        context.Raise(FpuExceptions.Precision);
        if (!context.RoundsUp(x.IsNegative, (magnitude & 1) != 0, fraction)) return true;
        context.RoundedUp = true;
        return ++magnitude != 0;
    }

    private static Float80 FromBinary(ulong bits, int fractionBits, int exponentBits)
    {
        bool negative = (bits >> fractionBits + exponentBits) != 0;
        int maxExponent = (1 << exponentBits) - 1;
        int exponent = (int)(bits >> fractionBits) & maxExponent;
        ulong fraction = bits << 64 - fractionBits;
        if (exponent == maxExponent) return Float80.Pack(negative, Float80.MaxExponent, fraction >> 1 | Float80.IntegerBit);
        int rebias = Float80.Bias - (maxExponent >> 1);
        if (exponent != 0) return Float80.Pack(negative, exponent + rebias, fraction >> 1 | Float80.IntegerBit);
        if (fraction == 0) return Float80.Zero(negative);
        int shift = BitOperations.LeadingZeroCount(fraction);
        return Float80.Pack(negative, rebias - shift, fraction << shift);
    }

    private static ulong ToBinary(Float80 x, int fractionBits, int exponentBits, ref FloatContext context)
    {
        bool negative = x.IsNegative;
        int maxExponent = (1 << exponentBits) - 1;
        int spare = 63 - fractionBits;
        if (TryNaN(x, ref context, out Float80 nan))
            return Assemble(nan.IsNegative, maxExponent, nan.Significand);
        if (x.IsInfinity) return Assemble(negative, maxExponent, Float80.IntegerBit);
        if (x.IsZero) return Assemble(negative, 0, 0);

        ulong high = Normalize(x, out int exponent), low = 0;
        exponent += (maxExponent >> 1) - Float80.Bias;
        if (exponent <= 0)
        {
            ulong trialHigh = high;
            FloatContext trial = context;
            bool tiny = exponent < 0 || !trial.RoundSignificand(negative, spare, ref trialHigh, 0);
            FloatContext.ShiftRightJamming(ref high, ref low, 1 - exponent);
            context.RoundSignificand(negative, spare, ref high, low);
            if (tiny && ((context.Raised & FpuExceptions.Precision) != 0 || context.IsUnmasked(FpuExceptions.Underflow)))
                context.Raise(FpuExceptions.Underflow);
            return Assemble(negative, (long)high < 0 ? 1 : 0, high);
        }

        if (context.RoundSignificand(negative, spare, ref high, low)) exponent++;
        if (exponent < maxExponent) return Assemble(negative, exponent, high);
        context.Raise(FpuExceptions.Overflow | FpuExceptions.Precision);
        context.RoundedUp = context.OverflowsToInfinity(negative);
        return context.RoundedUp
            ? Assemble(negative, maxExponent, Float80.IntegerBit)
            : Assemble(negative, maxExponent - 1, ulong.MaxValue);

        ulong Assemble(bool sign, int biased, ulong significand) =>
            (sign ? 1UL : 0) << fractionBits + exponentBits | (ulong)biased << fractionBits | significand << 1 >> spare + 1;
    }
}
