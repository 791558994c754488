using System.Runtime.InteropServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>A number in double extended precision: sign, 15 bits of exponent, and a significand whose integer bit is explicit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Float80(ulong Significand, ushort SignExponent)
{
    public const int Bias = 16383;
    public const int MaxExponent = 0x7FFF;
    public const ulong IntegerBit = 1UL << 63;
    public const ulong QuietBit = 1UL << 62;

    public static Float80 One => new(IntegerBit, Bias);

    /// <summary>The "real indefinite": the quiet NaN that masked invalid operations give.</summary>
    public static Float80 Indefinite => new(IntegerBit | QuietBit, 0xFFFF);

    public bool IsNegative => (short)SignExponent < 0;

    /// <summary>Biased.</summary>
    public int Exponent => SignExponent & MaxExponent;

    /// <summary>Neither zero, denormal, infinite, NaN nor unsupported.</summary>
    public bool IsNormal => (long)Significand < 0 && Exponent is not (0 or MaxExponent);

    public bool IsZero => Significand == 0 && Exponent == 0;

    /// <summary>True for pseudo-denormals too, whose integer bit is set.</summary>
    public bool IsDenormal => Significand != 0 && Exponent == 0;

    public bool IsInfinity => Significand == IntegerBit && Exponent == MaxExponent;

    public bool IsNaN => Significand > IntegerBit && Exponent == MaxExponent;

    public bool IsSignaling => IsNaN && (Significand & QuietBit) == 0;

    /// <summary>Encodings that the 387 gave up: unnormals, pseudo-infinities, pseudo-NaNs.</summary>
    public bool IsUnsupported => (long)Significand >= 0 && Exponent != 0;

    public Float80 Quiet => new(Significand | QuietBit, SignExponent);

    public Float80 Negated => new(Significand, (ushort)(SignExponent ^ 0x8000));

    public Float80 Magnitude => new(Significand, (ushort)Exponent);

    public static Float80 Zero(bool negative) => Pack(negative, 0, 0);

    public static Float80 Infinity(bool negative) => Pack(negative, MaxExponent, IntegerBit);

    public static Float80 Pack(bool negative, int exponent, ulong significand) =>
        new(significand, (ushort)(exponent | (negative ? 0x8000 : 0)));

    public override string ToString() => $"{SignExponent:x4}:{Significand:x16}";
}
