using System.Numerics;

namespace LguestPS.Cpu.Emulated;

/// <summary>A finite number other than zero: its significand times 2^(<see cref="Exponent"/> − 62).</summary>
/// <param name="Negative">Its sign.</param>
/// <param name="Exponent">Without bias and without limits.</param>
/// <param name="Significand">Its leading one is bit 62. The last bit may stand for all that came after it.</param>
internal readonly record struct SoftNumber(bool Negative, int Exponent, ulong Significand)
{
    public const int LeadingBit = 62;

    /// <summary>A number that is neither zero, infinite nor a NaN.</summary>
    public static SoftNumber From<TFormat>(ulong x) where TFormat : IFloatFormat
    {
        ulong magnitude = SoftFloat.Magnitude<TFormat>(x), fraction = magnitude & (1UL << TFormat.Precision - 1) - 1;
        int exponent = (int)(magnitude >> TFormat.Precision - 1);
        bool negative = SoftFloat.IsNegative<TFormat>(x);
        return exponent == 0
            ? Normalized(negative, LeadingBit - (TFormat.Precision - 1) + 1 - TFormat.Bias, fraction)
            : new SoftNumber(negative, exponent - TFormat.Bias, (fraction | 1UL << TFormat.Precision - 1) << LeadingBit + 1 - TFormat.Precision);
    }

    /// <summary>Moves the leading one to its place.</summary>
    /// <param name="negative">Its sign.</param>
    /// <param name="exponent">As if the leading one were there already.</param>
    /// <param name="significand">Any but zero.</param>
    public static SoftNumber Normalized(bool negative, int exponent, ulong significand)
    {
        int shift = BitOperations.LeadingZeroCount(significand) - 1;
        return shift < 0
            ? new SoftNumber(negative, exponent + 1, ShiftRightJamming(significand, 1))
            : new SoftNumber(negative, exponent - shift, significand << shift);
    }

    /// <summary>Shifts right; bits that fall out leave a trace in the last one.</summary>
    public static ulong ShiftRightJamming(ulong value, int count) =>
        count == 0 ? value : count < 64 ? value >> count | (value << 64 - count != 0 ? 1UL : 0) : value != 0 ? 1UL : 0;

    /// <summary>The nearest number of a format in the direction that MXCSR says, with the exceptions that this raises.</summary>
    public ulong Round<TFormat>(ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        int spare = LeadingBit + 1 - TFormat.Precision, smallest = 1 - TFormat.Bias;
        ulong sign = Negative ? SoftFloat.Sign<TFormat>() : 0, lost = Significand & (1UL << spare) - 1;
        ulong rounded = Rounded(Significand, spare, lanes.Rounding);
        bool carries = rounded >> LeadingBit > 1;
        if (Exponent + (carries ? 1 : 0) < smallest) return RoundTiny<TFormat>(sign, lost != 0, ref lanes);
        if (Exponent < smallest)
        {
            lanes.Raise(FpuExceptions.Precision);
            return sign | 1UL << TFormat.Precision - 1;
        }

        if (Exponent + (carries ? 1 : 0) > TFormat.Bias)
        {
            bool trapped = lanes.IsUnmasked(FpuExceptions.Overflow);
            lanes.Raise(FpuExceptions.Overflow | (trapped && lost == 0 ? FpuExceptions.None : FpuExceptions.Precision));
            return sign | SoftFloat.Infinity<TFormat>() - (OverflowsToInfinity(lanes.Rounding) ? 0UL : 1);
        }

        if (lost != 0) lanes.Raise(FpuExceptions.Precision);

        // The leading one adds itself to the exponent, and so does a carry.
        return sign | ((ulong)(Exponent + TFormat.Bias - 1) << TFormat.Precision - 1) + (rounded >> spare);
    }

    private ulong RoundTiny<TFormat>(ulong sign, bool inexact, ref FloatLanes lanes) where TFormat : IFloatFormat
    {
        if (lanes.IsUnmasked(FpuExceptions.Underflow))
        {
            lanes.Raise(FpuExceptions.Underflow | (inexact ? FpuExceptions.Precision : FpuExceptions.None));
            return sign;
        }

        if (lanes.FlushesToZero)
        {
            lanes.Raise(FpuExceptions.Underflow | FpuExceptions.Precision);
            return sign;
        }

        int spare = LeadingBit + 1 - TFormat.Precision;
        ulong shifted = ShiftRightJamming(Significand, 1 - TFormat.Bias - Exponent);
        if ((shifted & (1UL << spare) - 1) != 0) lanes.Raise(FpuExceptions.Underflow | FpuExceptions.Precision);
        return sign | Rounded(shifted, spare, lanes.Rounding) >> spare;
    }

    private ulong Rounded(ulong significand, int spare, RoundingMode mode)
    {
        ulong unit = 1UL << spare, half = unit >> 1, lost = significand & unit - 1;
        bool up = lost != 0 && mode switch
        {
            RoundingMode.Nearest => lost > half || lost == half && (significand & unit) != 0,
            RoundingMode.Down => Negative,
            RoundingMode.Up => !Negative,
            _ => false,
        };
        return significand - lost + (up ? unit : 0);
    }

    private bool OverflowsToInfinity(RoundingMode mode) => mode switch
    {
        RoundingMode.Nearest => true,
        RoundingMode.Down => Negative,
        RoundingMode.Up => !Negative,
        _ => false,
    };
}
