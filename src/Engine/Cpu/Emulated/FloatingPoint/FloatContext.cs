using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>The six exceptions, in their places in the status and the control word.</summary>
[Flags]
internal enum FpuExceptions : ushort
{
    None = 0,
    Invalid = 1,
    Denormal = 2,
    ZeroDivide = 4,
    Overflow = 8,
    Underflow = 16,
    Precision = 32,
    All = 63,

    /// <summary>The status word's SF: the invalid operation was a stack overflow or underflow.</summary>
    StackFault = 64,
}

/// <summary>As the control word encodes it.</summary>
internal enum RoundingMode
{
    Nearest,
    Down,
    Up,
    Zero,
}

/// <summary>How one operation rounds, and what came of it.</summary>
internal struct FloatContext
{
    /// <summary>What the exponent of a result is moved by if it does not fit and the exception is not masked.</summary>
    private const int Wrap = 0x6000;

    public readonly RoundingMode Rounding;

    /// <summary>Bits of the 64-bit significand that precision control leaves unused: 0, 11 or 40.</summary>
    public int Spare { readonly get; private set; }

    public readonly FpuExceptions Unmasked;
    public FpuExceptions Raised;

    /// <summary>The magnitude of the result is larger than it would be exactly.</summary>
    public bool RoundedUp;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FloatContext(RoundingMode rounding, int spare, FpuExceptions unmasked) => (Rounding, Spare, Unmasked) = (rounding, spare, unmasked);

    public static FloatContext From(ushort control) => new(
        (RoundingMode)(control >> 10 & 3),
        (control & 0x300) switch { 0 => 40, 0x200 => 11, _ => 0 },
        (FpuExceptions)~control & FpuExceptions.All);

    /// <summary>For the many instructions that precision control does not concern.</summary>
    public static FloatContext FromIgnoringPrecision(ushort control) => From((ushort)(control | 0x300));

    public readonly FloatContext TowardsZero => new(RoundingMode.Zero, Spare, Unmasked);

    public void IgnorePrecision() => Spare = 0;

    public readonly bool IsUnmasked(FpuExceptions exception) => (Unmasked & exception) != 0;

    public void Raise(FpuExceptions exceptions) => Raised |= exceptions;

    /// <summary>An invalid operation.</summary>
    /// <returns>The masked response.</returns>
    public Float80 Invalid()
    {
        Raised |= FpuExceptions.Invalid;
        return Float80.Indefinite;
    }

    public void NoteDenormal(Float80 x)
    {
        if (x.IsDenormal) Raised |= FpuExceptions.Denormal;
    }

    /// <summary>Rounds a normalised significand (and what follows its 64 bits) to a number. The exponent is biased and may be out of range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float80 Round(bool negative, int exponent, ulong high, ulong low)
    {
        if (low != 0 || Spare != 0 || (uint)(exponent - 1) >= Float80.MaxExponent - 1) return RoundInexact(negative, exponent, high, low);
        return Float80.Pack(negative, exponent, high);
    }

    private Float80 RoundInexact(bool negative, int exponent, ulong high, ulong low)
    {
        if (exponent <= 0)
        {
            if (!IsTiny(negative, exponent, high, low)) return Denormalize(negative, exponent, high, low);
            if (!IsUnmasked(FpuExceptions.Underflow))
            {
                Float80 result = Denormalize(negative, exponent, high, low);
                if ((Raised & FpuExceptions.Precision) != 0) Raise(FpuExceptions.Underflow);
                return result;
            }

            Raise(FpuExceptions.Underflow);
            exponent += Wrap;
            if (exponent <= 0)
            {
                // Only fscale gets so far that no moving of the exponent helps; then it is zero, whatever the rounding.
                Raise(FpuExceptions.Precision);
                return Float80.Zero(negative);
            }
        }

        if (RoundSignificand(negative, Spare, ref high, low)) exponent++;
        if (exponent < Float80.MaxExponent) return Float80.Pack(negative, exponent, high);

        Raise(FpuExceptions.Overflow);
        bool trapped = IsUnmasked(FpuExceptions.Overflow);
        if (trapped && exponent - Wrap < Float80.MaxExponent) return Float80.Pack(negative, exponent - Wrap, high);

        // As far away on this side, it is infinity.
        Raise(FpuExceptions.Precision);
        RoundedUp = trapped || OverflowsToInfinity(negative);
        return RoundedUp
            ? Float80.Infinity(negative)
            : Float80.Pack(negative, Float80.MaxExponent - 1, ulong.MaxValue << Spare);
    }

    /// <summary>Cuts the low bits off a significand and rounds.</summary>
    /// <returns>True if it became the next power of two.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool RoundSignificand(bool negative, int spare, ref ulong high, ulong low)
    {
        ulong lost = low;
        if (spare != 0)
        {
            lost = high << 64 - spare | (low != 0 ? 1UL : 0);
            high &= ulong.MaxValue << spare;
        }

        if (lost == 0) return false;
        Raised |= FpuExceptions.Precision;
        bool odd = (high >> spare & 1) != 0;
        if (!RoundsUp(negative, odd, lost)) return false;
        RoundedUp = true;
        high += 1UL << spare;
        if (high != 0) return false;
        high = Float80.IntegerBit;
        return true;
    }

    /// <summary>Decides from the bits after the last one kept; their topmost is worth half of that one.</summary>
    public readonly bool RoundsUp(bool negative, bool odd, ulong lost) => Rounding switch
    {
        RoundingMode.Nearest => lost > Float80.IntegerBit || lost == Float80.IntegerBit && odd,
        RoundingMode.Down => negative,
        RoundingMode.Up => !negative,
        _ => false,
    };

    public readonly bool OverflowsToInfinity(bool negative) => Rounding switch
    {
        RoundingMode.Nearest => true,
        RoundingMode.Down => negative,
        RoundingMode.Up => !negative,
        _ => false,
    };

    /// <summary>Shifts right; bits that fall out leave a trace in the last one.</summary>
    public static void ShiftRightJamming(ref ulong high, ref ulong low, int count)
    {
        if (count == 0) return;
        if (count < 64)
        {
            ulong trace = low << 64 - count != 0 ? 1UL : 0;
            low = high << 64 - count | low >> count | trace;
            high >>= count;
        }
        else
        {
            ulong trace = low != 0 ? 1UL : 0;
            if (count == 64) low = high | trace;
            else if (count < 128) low = high >> count - 64 | (high << 128 - count != 0 ? 1UL : 0) | trace;
            else low = (high | low) != 0 ? 1UL : 0;
            high = 0;
        }
    }

    /// <summary>Smaller than the smallest normal number even after rounding as if exponents had no end.</summary>
    private readonly bool IsTiny(bool negative, int exponent, ulong high, ulong low)
    {
        if (exponent < 0) return true;
        FloatContext trial = this;
        return !trial.RoundSignificand(negative, Spare, ref high, low);
    }

    private Float80 Denormalize(bool negative, int exponent, ulong high, ulong low)
    {
        ShiftRightJamming(ref high, ref low, 1 - exponent);
        RoundSignificand(negative, Spare, ref high, low);
        return Float80.Pack(negative, (long)high < 0 ? 1 : 0, high);
    }
}
