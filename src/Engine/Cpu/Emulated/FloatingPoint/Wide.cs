namespace LguestPS.Cpu.Emulated;

/// <summary>A number with 128 bits of significand and no special values, to work out transcendental functions in.</summary>
/// <remarks>Operations cut instead of rounding; that leaves some 50 bits more than a <see cref="Float80"/> has.</remarks>
/// <param name="IsNegative">The sign.</param>
/// <param name="Exponent">The value is Significand × 2^(Exponent - 127).</param>
/// <param name="Significand">Its top bit is set, or it is zero and so is the number.</param>
internal readonly record struct Wide(bool IsNegative, int Exponent, UInt128 Significand)
{
    public static readonly Wide One = From(1);
    public static readonly Wide Pi = new(1, 0xC90FDAA22168C234, 0xC4C6628B80DC1CD1);
    public static readonly Wide ThreeQuarterPi = new(1, 0x96CBE3F9990E91A7, 0x9394C9E8A0A5159D);
    public static readonly Wide SixthOfPi = new(-1, 0x860A91C16B9B2C23, 0x2DD99707AB3D688B);
    public static readonly Wide Ln2 = new(-1, 0xB17217F7D1CF79AB, 0xC9E3B39803F2F6AF);
    public static readonly Wide Log2OfE = new(0, 0xB8AA3B295C17F0BB, 0xBE87FED0691D3E89);
    public static readonly Wide Log2Of10 = new(1, 0xD49A784BCD1B8AFE, 0x492BF6FF4DAFDB4D);
    public static readonly Wide Log10Of2 = new(-2, 0x9A209A84FBCFF798, 0x8F8959AC0B7C9178);
    public static readonly Wide SquareRootOf3 = new(0, 0xDDB3D742C265539D, 0x92BA16B83C5C1DC5);

    private Wide(int exponent, ulong high, ulong low)
        : this(false, exponent, new UInt128(high, low))
    {
    }

    public bool IsZero => Significand == 0;

    public static Wide operator -(Wide x) => x with { IsNegative = !x.IsNegative };

    public static Wide operator -(Wide x, Wide y) => x + -y;

    public static Wide operator +(Wide x, Wide y)
    {
        if (x.IsZero) return y;
        if (y.IsZero) return x;
        if (x.Exponent < y.Exponent || x.Exponent == y.Exponent && x.Significand < y.Significand) (x, y) = (y, x);
        int distance = x.Exponent - y.Exponent;
        UInt128 other = distance < 128 ? y.Significand >> distance : 0;
        if (x.IsNegative != y.IsNegative)
        {
            // However little is taken away, it shows: the cosine of anything but zero is less than one.
            if (distance >= 128 || other << distance != y.Significand) other++;
            return Normalize(x.IsNegative, x.Exponent, x.Significand - other);
        }

        UInt128 sum = x.Significand + other;
        if (sum >= x.Significand) return x with { Significand = sum };
        return new Wide(x.IsNegative, x.Exponent + 1, sum >> 1 | UInt128.One << 127);
    }

    public static Wide operator *(Wide x, Wide y)
    {
        if (x.IsZero || y.IsZero) return default;
        (ulong xHigh, ulong xLow) = ((ulong)(x.Significand >> 64), (ulong)x.Significand);
        (ulong yHigh, ulong yLow) = ((ulong)(y.Significand >> 64), (ulong)y.Significand);
        UInt128 middle = (UInt128)Math.BigMul(xHigh, yLow, out _) + Math.BigMul(xLow, yHigh, out _);
        UInt128 product = new UInt128(Math.BigMul(xHigh, yHigh, out ulong low), low) + middle;
        return Normalize(x.IsNegative != y.IsNegative, x.Exponent + y.Exponent + 1, product);
    }

    public static Wide operator /(Wide x, Wide y)
    {
        if (x.IsZero) return default;
        UInt128 rest = x.Significand, divisor = y.Significand, quotient = 0;
        bool carry = false;
        for (int i = 0; i < 128; i++)
        {
            bool fits = carry || rest >= divisor;
            if (fits) rest -= divisor;
            quotient = quotient << 1 | (fits ? 1u : 0u);
            carry = rest >> 127 != 0;
            rest <<= 1;
        }

        return Normalize(x.IsNegative != y.IsNegative, x.Exponent - y.Exponent, quotient);
    }

    public static Wide From(long value) => value == 0 ? default : From(FloatMath.FromInteger(value));

    /// <summary>A finite number.</summary>
    public static Wide From(Float80 x)
    {
        if (x.IsZero) return default;
        ulong significand = FloatMath.Normalize(x, out int exponent);
        return new Wide(x.IsNegative, exponent - Float80.Bias, new UInt128(significand, 0));
    }

    public static Wide Normalize(bool negative, int exponent, UInt128 significand)
    {
        if (significand == 0) return default;
        int shift = (int)UInt128.LeadingZeroCount(significand);
        return new Wide(negative, exponent - shift, significand << shift);
    }

    /// <summary>Half, quarter, double, …</summary>
    public Wide Scaled(int powerOfTwo) => IsZero ? this : this with { Exponent = Exponent + powerOfTwo };

    /// <summary>The nearest number; it counts as inexact, as all but a few values of transcendental functions are.</summary>
    public Float80 Round(ref FloatContext context) =>
        context.Round(IsNegative, Exponent + Float80.Bias, (ulong)(Significand >> 64), (ulong)Significand | 1);
}
