using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LguestPS.Cpu.Emulated;

/// <summary>What .NET's vectors lack: by the processor's own instruction where it has one, else by <see cref="PortableLanes"/>.</summary>
internal static class IntegerLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> PackSigned(Vector128<short> low, Vector128<short> high) =>
        Sse2.IsSupported ? Sse2.PackSignedSaturate(low, high).AsByte() : PortableLanes.PackSigned(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> PackUnsigned(Vector128<short> low, Vector128<short> high) =>
        Sse2.IsSupported ? Sse2.PackUnsignedSaturate(low, high) : PortableLanes.PackUnsigned(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> PackSigned(Vector128<int> low, Vector128<int> high) =>
        Sse2.IsSupported ? Sse2.PackSignedSaturate(low, high).AsByte() : PortableLanes.PackSigned(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveLow8(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackLow(first, second) : PortableLanes.Interleave(first, second, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveLow16(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackLow(first.AsUInt16(), second.AsUInt16()).AsByte() : PortableLanes.Interleave(first.AsUInt16(), second.AsUInt16(), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveLow32(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackLow(first.AsUInt32(), second.AsUInt32()).AsByte() : PortableLanes.Interleave(first.AsUInt32(), second.AsUInt32(), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveHigh8(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(first, second) : PortableLanes.Interleave(first, second, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveHigh16(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(first.AsUInt16(), second.AsUInt16()).AsByte() : PortableLanes.Interleave(first.AsUInt16(), second.AsUInt16(), 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveHigh32(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(first.AsUInt32(), second.AsUInt32()).AsByte() : PortableLanes.Interleave(first.AsUInt32(), second.AsUInt32(), 2);

    /// <summary>The upper 16 bits of each signed product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHigh(Vector128<short> first, Vector128<short> second) =>
        Sse2.IsSupported ? Sse2.MultiplyHigh(first, second) : PortableLanes.MultiplyHigh(first, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> MultiplyHigh(Vector128<ushort> first, Vector128<ushort> second) =>
        Sse2.IsSupported ? Sse2.MultiplyHigh(first, second) : PortableLanes.MultiplyHigh(first, second);

    /// <summary>Products of 16-bit lanes, added two by two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAdd(Vector128<short> first, Vector128<short> second) =>
        Sse2.IsSupported ? Sse2.MultiplyAddAdjacent(first, second) : PortableLanes.MultiplyAdd(first, second);

    /// <summary>The lower half of each 64-bit lane times the lower half of the other's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> MultiplyEven(Vector128<uint> first, Vector128<uint> second) =>
        Sse2.IsSupported ? Sse2.Multiply(first, second) : PortableLanes.MultiplyEven(first, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Average(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.Average(first, second) : PortableLanes.Average(first, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> Average(Vector128<ushort> first, Vector128<ushort> second) =>
        Sse2.IsSupported ? Sse2.Average(first, second) : PortableLanes.Average(first, second);

    /// <summary>For each half, the sum of the absolute differences of its 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> SumOfDifferences(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.SumAbsoluteDifferences(first, second).AsUInt64() : PortableLanes.SumOfDifferences(first, second);

    /// <summary>Bytes of a vector chosen by the low four bits of each selecting byte, or zero where its top bit is set (pshufb).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Choose(Vector128<byte> from, Vector128<byte> by) =>
        Ssse3.IsSupported ? Ssse3.Shuffle(from, by) : PortableLanes.Choose(from, by);

    /// <summary>Sums of unsigned times signed bytes, two by two, saturated to 16 bits (pmaddubsw).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyAddBytes(Vector128<byte> first, Vector128<sbyte> second) =>
        Ssse3.IsSupported ? Ssse3.MultiplyAddAdjacent(first, second) : PortableLanes.MultiplyAddBytes(first, second);

    /// <summary>(product + 2^14) / 2^15 (pmulhrsw).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHighRounded(Vector128<short> first, Vector128<short> second) =>
        Ssse3.IsSupported ? Ssse3.MultiplyHighRoundScale(first, second) : PortableLanes.MultiplyHighRounded(first, second);

    /// <summary>Lanes with even numbers of two vectors, one after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Even(Vector128<short> first, Vector128<short> second) => Vector128.Create(
        Choose(first.AsByte(), Vector128.Create((byte)0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13)).GetLower(),
        Choose(second.AsByte(), Vector128.Create((byte)0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13)).GetLower()).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Odd(Vector128<short> first, Vector128<short> second) => Vector128.Create(
        Choose(first.AsByte(), Vector128.Create((byte)2, 3, 6, 7, 10, 11, 14, 15, 2, 3, 6, 7, 10, 11, 14, 15)).GetLower(),
        Choose(second.AsByte(), Vector128.Create((byte)2, 3, 6, 7, 10, 11, 14, 15, 2, 3, 6, 7, 10, 11, 14, 15)).GetLower()).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Even(Vector128<int> first, Vector128<int> second) => Vector128.Create(
        Vector128.Shuffle(first, Vector128.Create(0, 2, 0, 2)).GetLower(), Vector128.Shuffle(second, Vector128.Create(0, 2, 0, 2)).GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Odd(Vector128<int> first, Vector128<int> second) => Vector128.Create(
        Vector128.Shuffle(first, Vector128.Create(1, 3, 1, 3)).GetLower(), Vector128.Shuffle(second, Vector128.Create(1, 3, 1, 3)).GetLower());
}
