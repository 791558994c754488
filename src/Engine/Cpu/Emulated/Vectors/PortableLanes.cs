using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>The functions of <see cref="IntegerLanes"/> for processors that have no instruction for them.</summary>
internal static class PortableLanes
{
    public static Vector128<byte> PackSigned(Vector128<short> low, Vector128<short> high) => Vector128.NarrowWithSaturation(low, high).AsByte();

    public static Vector128<byte> PackSigned(Vector128<int> low, Vector128<int> high) => Vector128.NarrowWithSaturation(low, high).AsByte();

    public static Vector128<byte> PackUnsigned(Vector128<short> low, Vector128<short> high) =>
        Vector128.Narrow(Clamped(low), Clamped(high));

    /// <summary>Lanes of two vectors in turn, from the given one on.</summary>
    public static Vector128<byte> Interleave<T>(Vector128<T> first, Vector128<T> second, int from) where T : struct
    {
        Vector128<T> result = default;
        for (int i = 0; i < Vector128<T>.Count; i += 2)
            result = result.WithElement(i, first.GetElement(from + i / 2)).WithElement(i + 1, second.GetElement(from + i / 2));
        return result.AsByte();
    }

    public static Vector128<short> MultiplyHigh(Vector128<short> first, Vector128<short> second) => Vector128.Narrow(
        Vector128.ShiftRightArithmetic(Vector128.WidenLower(first) * Vector128.WidenLower(second), 16),
        Vector128.ShiftRightArithmetic(Vector128.WidenUpper(first) * Vector128.WidenUpper(second), 16));

    public static Vector128<ushort> MultiplyHigh(Vector128<ushort> first, Vector128<ushort> second) => Vector128.Narrow(
        Vector128.ShiftRightLogical(Vector128.WidenLower(first) * Vector128.WidenLower(second), 16),
        Vector128.ShiftRightLogical(Vector128.WidenUpper(first) * Vector128.WidenUpper(second), 16));

    public static Vector128<int> MultiplyAdd(Vector128<short> first, Vector128<short> second)
    {
        Vector128<int> low = Vector128.WidenLower(first) * Vector128.WidenLower(second);
        Vector128<int> high = Vector128.WidenUpper(first) * Vector128.WidenUpper(second);
        return IntegerLanes.Even(low, high) + IntegerLanes.Odd(low, high);
    }

    public static Vector128<ulong> MultiplyEven(Vector128<uint> first, Vector128<uint> second) =>
        (first.AsUInt64() & Vector128.Create((ulong)uint.MaxValue)) * (second.AsUInt64() & Vector128.Create((ulong)uint.MaxValue));

    public static Vector128<byte> Average(Vector128<byte> first, Vector128<byte> second) =>
        (first | second) - Vector128.ShiftRightLogical(first ^ second, 1);

    public static Vector128<ushort> Average(Vector128<ushort> first, Vector128<ushort> second) =>
        (first | second) - Vector128.ShiftRightLogical(first ^ second, 1);

    public static Vector128<ulong> SumOfDifferences(Vector128<byte> first, Vector128<byte> second)
    {
        Vector128<byte> differences = Vector128.Max(first, second) - Vector128.Min(first, second);
        Vector128<ushort> low = Vector128.WidenLower(differences), high = Vector128.WidenUpper(differences);
        return Vector128.Create((ulong)Vector128.Sum(low), Vector128.Sum(high));
    }

    public static Vector128<byte> Choose(Vector128<byte> from, Vector128<byte> by) =>
        Vector128.Shuffle(from, by & Vector128.Create((byte)0x8F));

    public static Vector128<short> MultiplyAddBytes(Vector128<byte> first, Vector128<sbyte> second)
    {
        Vector128<short> result = default;
        for (int i = 0; i < 8; i++)
        {
            int sum = first.GetElement(2 * i) * second.GetElement(2 * i) + first.GetElement(2 * i + 1) * second.GetElement(2 * i + 1);
            result = result.WithElement(i, (short)Math.Clamp(sum, short.MinValue, short.MaxValue));
        }

        return result;
    }

    public static Vector128<short> MultiplyHighRounded(Vector128<short> first, Vector128<short> second)
    {
        Vector128<int> half = Vector128.Create(1 << 14);
        return Vector128.Narrow(
            Vector128.ShiftRightArithmetic(Vector128.WidenLower(first) * Vector128.WidenLower(second) + half, 15),
            Vector128.ShiftRightArithmetic(Vector128.WidenUpper(first) * Vector128.WidenUpper(second) + half, 15));
    }

    private static Vector128<ushort> Clamped(Vector128<short> value) =>
        Vector128.Min(Vector128.Max(value, Vector128<short>.Zero), Vector128.Create((short)255)).AsUInt16();
}
