namespace LguestPS.Cpu.Emulated;

/// <summary>The functions that no number of bits holds exactly: series in <see cref="Wide"/>, rounded once.</summary>
internal static partial class FloatMath
{
    /// <summary>The processor's own π has 66 bits, and arguments are reduced by exactly that.</summary>
    private static readonly UInt128 piOf66Bits = new(3, 0x243F6A8885A308D3);

    private static readonly Wide[] sine = [.. Enumerable.Range(1, 14).Select(k => -(Wide.One / Wide.From(2 * k * (2 * k + 1))))];
    private static readonly Wide[] cosine = [.. Enumerable.Range(1, 14).Select(k => -(Wide.One / Wide.From((2 * k - 1) * 2 * k)))];
    private static readonly Wide[] reciprocals = [.. Enumerable.Range(1, 56).Select(k => Wide.One / Wide.From(k))];

    /// <summary>True if fsin, fcos, fsincos and fptan leave it alone and set C2.</summary>
    public static bool IsOutOfTrigonometricRange(Float80 x) => x.Exponent is >= Float80.Bias + 63 and < Float80.MaxExponent && !x.IsUnsupported;

    public static Float80 Sine(Float80 x, ref FloatContext context)
    {
        if (TryNotANumber(x, ref context, out Float80 nan)) return nan;
        if (x.IsZero) return x;
        context.NoteDenormal(x);
        int quadrant = Reduce(x, out Wide rest);
        Wide value = (quadrant & 1) == 0 ? SineSeries(rest) : CosineSeries(rest);
        return Trigonometric((quadrant & 2) != 0 ? -value : value, ref context);
    }

    public static Float80 Cosine(Float80 x, ref FloatContext context)
    {
        if (TryNotANumber(x, ref context, out Float80 nan)) return nan;
        if (x.IsZero) return Float80.One;
        context.NoteDenormal(x);
        int quadrant = Reduce(x, out Wide rest);
        Wide value = (quadrant & 1) == 0 ? CosineSeries(rest) : SineSeries(rest);
        return Trigonometric((quadrant & 3) is 1 or 2 ? -value : value, ref context);
    }

    public static Float80 Tangent(Float80 x, ref FloatContext context)
    {
        if (TryNotANumber(x, ref context, out Float80 nan)) return nan;
        if (x.IsZero) return x;
        context.NoteDenormal(x);
        if (x.Exponent < Float80.Bias - 66) return Trigonometric(Wide.From(x), ref context);  // a trace more than x, as rounding takes it
        int quadrant = Reduce(x, out Wide rest);
        Wide sin = SineSeries(rest), cos = CosineSeries(rest);
        if ((quadrant & 1) == 0) return Trigonometric(sin / cos, ref context);
        return sin.IsZero ? Float80.Infinity(x.IsNegative) : Trigonometric(-(cos / sin), ref context);
    }

    /// <summary>fpatan: the angle of the point (x, y).</summary>
    public static Float80 ArcTangent(Float80 y, Float80 x, ref FloatContext context)
    {
        if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
        context.NoteDenormal(x);
        context.NoteDenormal(y);
        Wide angle;
        if (y.IsInfinity && x.IsInfinity) angle = x.IsNegative ? Wide.ThreeQuarterPi : Wide.Pi.Scaled(-2);
        else if (y.IsInfinity || x.IsZero && !y.IsZero) angle = Wide.Pi.Scaled(-1);
        else if (x.IsInfinity || y.IsZero)
        {
            if (!x.IsNegative) return Float80.Zero(y.IsNegative);
            angle = Wide.Pi;
        }
        else angle = Angle(Wide.From(y.Magnitude), Wide.From(x));

        return (y.IsNegative ? -angle : angle).Round(ref context);
    }

    /// <summary>f2xm1: 2^x - 1 for |x| up to 1.</summary>
    public static Float80 PowerOfTwoMinusOne(Float80 x, ref FloatContext context)
    {
        if (TryNaN(x, ref context, out Float80 nan)) return nan;
        if (x.IsInfinity) return x.IsNegative ? Float80.One.Negated : x;
        if (x.IsZero) return x;
        context.NoteDenormal(x);

        // Beyond that range nothing is defined, and processors leave the operand as it is.
        if (x.Exponent >= Float80.Bias)
        {
            if (x.Magnitude != Float80.One) return x;
            context.Raise(FpuExceptions.Precision);
            return x.IsNegative ? Float80.Pack(true, Float80.Bias - 1, Float80.IntegerBit) : x;
        }

        // e^t - 1 = t (1 + t/2 (1 + t/3 (1 + …
        Wide t = Wide.From(x) * Wide.Ln2, sum = Wide.One;
        for (int k = 28; k >= 2; k--) sum = Wide.One + t * reciprocals[k - 1] * sum;
        return (t * sum).Round(ref context);
    }

    /// <summary>fyl2x: y log2(x).</summary>
    public static Float80 TimesLogarithm(Float80 x, Float80 y, ref FloatContext context)
    {
        if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
        if (x.IsNegative && !x.IsZero) return context.Invalid();
        if (x.IsZero)
        {
            if (y.IsZero) return context.Invalid();
            if (!y.IsInfinity) context.Raise(FpuExceptions.ZeroDivide);
            return Float80.Infinity(!y.IsNegative);
        }

        if (x == Float80.One)
        {
            if (y.IsInfinity) return context.Invalid();
            context.NoteDenormal(y);
            return Float80.Zero(y.IsNegative);
        }

        bool below = x.Exponent < Float80.Bias;
        if (x.IsInfinity && y.IsZero) return context.Invalid();
        context.NoteDenormal(x);
        context.NoteDenormal(y);
        if (x.IsInfinity || y.IsInfinity) return Float80.Infinity(y.IsNegative != below);
        if (y.IsZero) return Float80.Zero(y.IsNegative != below);

        Wide argument = Wide.From(x);
        if (argument.Significand == Wide.One.Significand)
        {
            // Exact, but the processor never says so.
            context.Raise(FpuExceptions.Precision);
            return Multiply(FromInteger(argument.Exponent), y, ref context);
        }

        // x = 2^k m with m between √½ and √2.
        int k = argument.Exponent;
        Wide m = argument with { Exponent = 0 };
        if (m.Significand >> 96 > 0xB504F333)
        {
            m = m.Scaled(-1);
            k++;
        }

        Wide logarithm = Wide.From(k) + LogarithmSeries((m - Wide.One) / (m + Wide.One));
        return (logarithm * Wide.From(y)).Round(ref context);
    }

    /// <summary>fyl2xp1: y log2(x + 1), exact near x = 0.</summary>
    public static Float80 TimesLogarithmOfNext(Float80 x, Float80 y, ref FloatContext context)
    {
        if (TryNaN(x, y, ref context, out Float80 nan)) return nan;
        bool negative = x.IsNegative != y.IsNegative;
        if (x.IsInfinity && (x.IsNegative || y.IsZero) || x.IsZero && y.IsInfinity) return context.Invalid();
        if (x.IsNegative && x.Exponent >= Float80.Bias) return context.Invalid();
        context.NoteDenormal(x);
        context.NoteDenormal(y);
        if (x.IsInfinity || y.IsInfinity) return Float80.Infinity(negative);
        if (x.IsZero || y.IsZero) return Float80.Zero(negative);

        Wide argument = Wide.From(x);
        if (x.Exponent < Float80.Bias - 1)
            return (LogarithmSeries(argument / (argument + Wide.From(2))) * Wide.From(y)).Round(ref context);

        // Outside the defined range, but a result is easily had.
        Wide next = argument + Wide.One;
        int k = next.Exponent;
        Wide m = next with { Exponent = 0 };
        Wide logarithm = Wide.From(k) + LogarithmSeries((m - Wide.One) / (m + Wide.One));
        return logarithm.IsZero ? Float80.Zero(negative) : (logarithm * Wide.From(y)).Round(ref context);
    }

    private static bool TryNotANumber(Float80 x, ref FloatContext context, out Float80 result)
    {
        if (TryNaN(x, ref context, out result)) return true;
        if (!x.IsInfinity) return false;
        result = context.Invalid();
        return true;
    }

    private static Float80 Trigonometric(Wide value, ref FloatContext context) =>
        value.IsZero ? Float80.Zero(value.IsNegative) : value.Round(ref context);

    /// <summary>The rest after the nearest multiple of π/2, and that multiple.</summary>
    private static int Reduce(Float80 x, out Wide rest)
    {
        rest = Wide.From(x);
        if (x.Exponent < Float80.Bias - 1) return 0;

        // In units of 2^-65, where π/2 is an integer and everything below 2^63 is too.
        UInt128 value = (UInt128)x.Significand << x.Exponent - Float80.Bias + 2;
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem(value, piOf66Bits);
        bool over = remainder > piOf66Bits >> 1;
        if (over)
        {
            quotient++;
            remainder = piOf66Bits - remainder;
        }

        rest = Wide.Normalize(over != x.IsNegative, 127 - 65, remainder);
        int quadrant = (int)(quotient & 3);
        return x.IsNegative ? -quadrant & 3 : quadrant;
    }

    private static Wide SineSeries(Wide x) => x * Series(sine, x * x);

    private static Wide CosineSeries(Wide x) => Series(cosine, x * x);

    /// <summary>1 + c1 s (1 + c2 s (1 + …</summary>
    private static Wide Series(Wide[] coefficients, Wide s)
    {
        Wide sum = Wide.One;
        for (int k = coefficients.Length - 1; k >= 0; k--) sum = Wide.One + coefficients[k] * s * sum;
        return sum;
    }

    /// <summary>The arc between 0 and π of a point with y above zero.</summary>
    private static Wide Angle(Wide y, Wide x)
    {
        Wide magnitude = x with { IsNegative = false };
        bool steep = y.Exponent > x.Exponent || y.Exponent == x.Exponent && y.Significand > x.Significand;
        Wide slope = steep ? magnitude / y : y / magnitude;

        // Above tan(π/12) turn by π/6, which leaves at most that.
        bool turned = slope.Exponent >= -1 || slope.Exponent == -2 && slope.Significand >> 120 > 0x89;
        if (turned) slope = (slope * Wide.SquareRootOf3 - Wide.One) / (Wide.SquareRootOf3 + slope);
        Wide angle = slope * AlternatingOddSeries(-(slope * slope), 56);
        if (turned) angle += Wide.SixthOfPi;
        if (steep) angle = Wide.Pi.Scaled(-1) - angle;
        return x.IsNegative ? Wide.Pi - angle : angle;
    }

    /// <summary>log2((1 + s) / (1 - s)).</summary>
    private static Wide LogarithmSeries(Wide s) => s.IsZero ? default : (s * AlternatingOddSeries(s * s, 56) * Wide.Log2OfE).Scaled(1);

    /// <summary>1 + s/3 + s²/5 + …; the sign of s makes it alternate or not.</summary>
    private static Wide AlternatingOddSeries(Wide s, int last)
    {
        Wide sum = default;
        for (int k = last - 1 | 1; k >= 1; k -= 2) sum = reciprocals[k - 1] + s * sum;
        return sum;
    }
}
