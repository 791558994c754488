using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>rcpps, rsqrtss and their like.</summary>
/// <remarks>
/// The manuals promise a relative error below 1.5 × 2^-12, and processors use that freedom each in their own way. Guests here get the same
/// on every host: the nearest number of 12 bits. No flags are raised and MXCSR is not asked.
/// </remarks>
internal interface IApproximation
{
    static abstract double Of(double x);
}

internal readonly struct Reciprocal : IApproximation
{
    public static double Of(double x) => 1 / x;
}

internal readonly struct ReciprocalSquareRoot : IApproximation
{
    public static double Of(double x) => 1 / Math.Sqrt(x);
}

internal readonly unsafe struct PackedApproximation<TFunction> : IVectorOperation where TFunction : IApproximation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < 4; i++) result = result.WithElement(i, Approximation.Of<TFunction>(second.AsUInt32().GetElement(i)));
        return result.AsByte();
    }
}

internal readonly unsafe struct ScalarApproximation<TFunction> : IVectorOperation where TFunction : IApproximation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.AsUInt32().WithElement(0, Approximation.Of<TFunction>(second.AsUInt32().ToScalar())).AsByte();
}

internal static class Approximation
{
    /// <summary>Bits of a single's significand that are cut off.</summary>
    private const int Spare = 24 - 12;
    private const uint Sign = 0x80000000, QuietBit = 0x400000, Infinity = 0x7F800000, Indefinite = 0xFFC00000, SmallestNormal = 0x800000;

    public static uint Of<TFunction>(uint bits) where TFunction : IApproximation
    {
        uint magnitude = bits & ~Sign;
        if (magnitude > Infinity) return bits | QuietBit;
        if (magnitude < SmallestNormal) return bits & Sign | Infinity;      // zero, or a denormal, which counts as zero

        double result = TFunction.Of(BitConverter.UInt32BitsToSingle(bits));
        if (double.IsNaN(result)) return Indefinite;
        uint rounded = BitConverter.SingleToUInt32Bits((float)result) + (1 << Spare - 1) & uint.MaxValue << Spare;
        return (rounded & ~Sign) < SmallestNormal ? rounded & Sign : rounded;
    }
}
