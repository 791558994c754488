using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>A binary format of IEEE 754, and its lanes in a vector. Its numbers travel as bits in a <c>ulong</c>.</summary>
internal interface IFloatFormat
{
    static abstract int Bits { get; }

    /// <summary>Bits of the significand, with the leading one that is not written down.</summary>
    static abstract int Precision { get; }

    /// <summary>What is added to an exponent; also the largest exponent.</summary>
    static abstract int Bias { get; }

    static abstract ulong Get(Vector128<byte> vector, int lane);
    static abstract Vector128<byte> With(Vector128<byte> vector, int lane, ulong bits);

    /// <summary>An operation on all lanes, by the host's processor.</summary>
    static abstract Vector128<byte> Run<TOp>(Vector128<byte> first, Vector128<byte> second) where TOp : IFloatArithmetic;

    /// <summary>An operation on the lowest lane; the others are the first operand's.</summary>
    static abstract Vector128<byte> RunScalar<TOp>(Vector128<byte> first, Vector128<byte> second) where TOp : IFloatArithmetic;

    /// <summary>An operation on two numbers, by the host's processor, and whether its result is exact; it may be that only this cannot be told.</summary>
    static abstract ulong Run<TOp>(ulong x, ulong y, out bool exact) where TOp : IFloatArithmetic;

    /// <summary>No lane of the three holds anything but a normal number, and none of the very smallest, which may have been rounded up to: then nothing but precision can be lost.</summary>
    static abstract bool AreNormal(Vector128<byte> one, Vector128<byte> other, Vector128<byte> third);

    /// <summary>The same of the lowest lanes alone.</summary>
    static abstract bool AreNormalScalars(Vector128<byte> one, Vector128<byte> other, Vector128<byte> third);

    /// <summary>No lane holds a NaN or a denormal.</summary>
    static abstract bool AreComparable(Vector128<byte> one, Vector128<byte> other);

    /// <summary>The same of the lowest lanes alone.</summary>
    static abstract bool AreComparableScalars(Vector128<byte> one, Vector128<byte> other);

    /// <summary>All ones in the lanes for which a comparison holds.</summary>
    static abstract Vector128<byte> Compare<TPredicate>(Vector128<byte> first, Vector128<byte> second) where TPredicate : IFloatPredicate;

    /// <summary>Of the lowest lanes.</summary>
    static abstract FloatRelation Relate(Vector128<byte> first, Vector128<byte> second);
}

internal readonly struct BinarySingle : IFloatFormat
{
    public static int Bits => 32;
    public static int Precision => 24;
    public static int Bias => 127;

    public static ulong Get(Vector128<byte> vector, int lane) => vector.AsUInt32().GetElement(lane);

    public static Vector128<byte> With(Vector128<byte> vector, int lane, ulong bits) => vector.AsUInt32().WithElement(lane, (uint)bits).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run<TOp>(Vector128<byte> first, Vector128<byte> second) where TOp : IFloatArithmetic =>
        TOp.Run(first.AsSingle(), second.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> RunScalar<TOp>(Vector128<byte> first, Vector128<byte> second) where TOp : IFloatArithmetic =>
        first.AsSingle().WithElement(0, TOp.Run(first.AsSingle().ToScalar(), second.AsSingle().ToScalar())).AsByte();

    public static ulong Run<TOp>(ulong x, ulong y, out bool exact) where TOp : IFloatArithmetic
    {
        float a = BitConverter.UInt32BitsToSingle((uint)x), b = BitConverter.UInt32BitsToSingle((uint)y), result = TOp.Run(a, b);
        exact = TOp.IsExact(a, b, result);
        return BitConverter.SingleToUInt32Bits(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(Vector128<byte> one, Vector128<byte> other, Vector128<byte> third) =>
        !Vector128.EqualsAny(Vector128.Min(Vector128.Min(Exponents(one), Exponents(other)), Exponents(third)), Vector128<int>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormalScalars(Vector128<byte> one, Vector128<byte> other, Vector128<byte> third) =>
        IsNormal(one.AsUInt32().ToScalar()) && IsNormal(other.AsUInt32().ToScalar()) && IsNormal(third.AsUInt32().ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreComparable(Vector128<byte> one, Vector128<byte> other) =>
        Vector128.EqualsAll((Comparable(one.AsSingle()) & Comparable(other.AsSingle())).AsUInt32(), Vector128<uint>.AllBitsSet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreComparableScalars(Vector128<byte> one, Vector128<byte> other) =>
        IsComparable(one.AsSingle().ToScalar()) && IsComparable(other.AsSingle().ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compare<TPredicate>(Vector128<byte> first, Vector128<byte> second) where TPredicate : IFloatPredicate =>
        TPredicate.Compare(first.AsSingle(), second.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatRelation Relate(Vector128<byte> first, Vector128<byte> second)
    {
        float x = first.AsSingle().ToScalar(), y = second.AsSingle().ToScalar();
        return x > y ? FloatRelation.Greater : x < y ? FloatRelation.Less : FloatRelation.Equal;
    }

    /// <summary>For each lane something positive, or zero if the exponent is the largest or one of the three smallest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Exponents(Vector128<byte> vector) =>
        ((vector.AsUInt32() >>> 23) + Vector128<uint>.One & Vector128.Create(0xFCu)).AsInt32();

    private static bool IsNormal(uint bits) => ((bits >> 23) + 1 & 0xFC) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Comparable(Vector128<float> vector) =>
        Vector128.GreaterThanOrEqual(Vector128.Abs(vector), Vector128.Create(SmallestNormal)) | Vector128.Equals(vector, Vector128<float>.Zero);

    private static bool IsComparable(float number) => MathF.Abs(number) >= SmallestNormal || number == 0;

    private const float SmallestNormal = 1.17549435E-38f;
}

internal readonly struct BinaryDouble : IFloatFormat
{
    public static int Bits => 64;
    public static int Precision => 53;
    public static int Bias => 1023;

    public static ulong Get(Vector128<byte> vector, int lane) => vector.AsUInt64().GetElement(lane);

    public static Vector128<byte> With(Vector128<byte> vector, int lane, ulong bits) => vector.AsUInt64().WithElement(lane, bits).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run<TOp>(Vector128<byte> first, Vector128<byte> second) where TOp : IFloatArithmetic =>
        TOp.Run(first.AsDouble(), second.AsDouble()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> RunScalar<TOp>(Vector128<byte> first, Vector128<byte> second) where TOp : IFloatArithmetic =>
        first.AsDouble().WithElement(0, TOp.Run(first.AsDouble().ToScalar(), second.AsDouble().ToScalar())).AsByte();

    public static ulong Run<TOp>(ulong x, ulong y, out bool exact) where TOp : IFloatArithmetic
    {
        double a = BitConverter.UInt64BitsToDouble(x), b = BitConverter.UInt64BitsToDouble(y), result = TOp.Run(a, b);
        exact = TOp.IsExact(a, b, result);
        return BitConverter.DoubleToUInt64Bits(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormal(Vector128<byte> one, Vector128<byte> other, Vector128<byte> third) =>
        !Vector128.EqualsAny(Vector128.Min(Vector128.Min(Exponents(one), Exponents(other)), Exponents(third)) | Vector128.Create(int.MaxValue, 0, int.MaxValue, 0), Vector128<int>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreNormalScalars(Vector128<byte> one, Vector128<byte> other, Vector128<byte> third) =>
        IsNormal(one.AsUInt64().ToScalar()) && IsNormal(other.AsUInt64().ToScalar()) && IsNormal(third.AsUInt64().ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreComparable(Vector128<byte> one, Vector128<byte> other) =>
        Vector128.EqualsAll((Comparable(one.AsDouble()) & Comparable(other.AsDouble())).AsUInt64(), Vector128<ulong>.AllBitsSet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreComparableScalars(Vector128<byte> one, Vector128<byte> other) =>
        IsComparable(one.AsDouble().ToScalar()) && IsComparable(other.AsDouble().ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compare<TPredicate>(Vector128<byte> first, Vector128<byte> second) where TPredicate : IFloatPredicate =>
        TPredicate.Compare(first.AsDouble(), second.AsDouble()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatRelation Relate(Vector128<byte> first, Vector128<byte> second)
    {
        double x = first.AsDouble().ToScalar(), y = second.AsDouble().ToScalar();
        return x > y ? FloatRelation.Greater : x < y ? FloatRelation.Less : FloatRelation.Equal;
    }

    /// <summary>In the upper half of each lane, as for <see cref="BinarySingle"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Exponents(Vector128<byte> vector) =>
        ((vector.AsUInt32() >>> 20) + Vector128<uint>.One & Vector128.Create(0x7FCu)).AsInt32();

    private static bool IsNormal(ulong bits) => ((bits >> 52) + 1 & 0x7FC) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Comparable(Vector128<double> vector) =>
        Vector128.GreaterThanOrEqual(Vector128.Abs(vector), Vector128.Create(SmallestNormal)) | Vector128.Equals(vector, Vector128<double>.Zero);

    private static bool IsComparable(double number) => Math.Abs(number) >= SmallestNormal || number == 0;

    private const double SmallestNormal = 2.2250738585072014E-308;
}
