using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>padd of 8-bit lanes.</summary>
internal readonly unsafe struct AddLanes8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first + second;
}

/// <summary>padd of 16-bit lanes.</summary>
internal readonly unsafe struct AddLanes16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsUInt16() + second.AsUInt16()).AsByte();
}

/// <summary>padd of 32-bit lanes.</summary>
internal readonly unsafe struct AddLanes32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsUInt32() + second.AsUInt32()).AsByte();
}

/// <summary>padd of 64-bit lanes.</summary>
internal readonly unsafe struct AddLanes64 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsUInt64() + second.AsUInt64()).AsByte();
}

/// <summary>psub of 8-bit lanes.</summary>
internal readonly unsafe struct SubtractLanes8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first - second;
}

/// <summary>psub of 16-bit lanes.</summary>
internal readonly unsafe struct SubtractLanes16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsUInt16() - second.AsUInt16()).AsByte();
}

/// <summary>psub of 32-bit lanes.</summary>
internal readonly unsafe struct SubtractLanes32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsUInt32() - second.AsUInt32()).AsByte();
}

/// <summary>psub of 64-bit lanes.</summary>
internal readonly unsafe struct SubtractLanes64 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsUInt64() - second.AsUInt64()).AsByte();
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct AddSigned8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.AddSaturate(first.AsSByte(), second.AsSByte()).AsByte();
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct AddUnsigned8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.AddSaturate(first, second);
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct SubtractSigned8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.SubtractSaturate(first.AsSByte(), second.AsSByte()).AsByte();
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct SubtractUnsigned8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.SubtractSaturate(first, second);
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct AddSigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.AddSaturate(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct AddUnsigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.AddSaturate(first.AsUInt16(), second.AsUInt16()).AsByte();
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct SubtractSigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.SubtractSaturate(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>Saturating.</summary>
internal readonly unsafe struct SubtractUnsigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.SubtractSaturate(first.AsUInt16(), second.AsUInt16()).AsByte();
}

/// <summary>pmullw.</summary>
internal readonly unsafe struct MultiplyLow16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (first.AsInt16() * second.AsInt16()).AsByte();
}

/// <summary>pmulhw.</summary>
internal readonly unsafe struct MultiplyHighSigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.MultiplyHigh(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pmulhuw.</summary>
internal readonly unsafe struct MultiplyHighUnsigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.MultiplyHigh(first.AsUInt16(), second.AsUInt16()).AsByte();
}

/// <summary>pmulhrsw.</summary>
internal readonly unsafe struct MultiplyHighRounded16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.MultiplyHighRounded(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pmaddwd.</summary>
internal readonly unsafe struct MultiplyAddPairs16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.MultiplyAdd(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pmaddubsw.</summary>
internal readonly unsafe struct MultiplyAddPairs8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.MultiplyAddBytes(first, second.AsSByte()).AsByte();
}

/// <summary>pmuludq.</summary>
internal readonly unsafe struct MultiplyEven32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.MultiplyEven(first.AsUInt32(), second.AsUInt32()).AsByte();
}

/// <summary>pavg of 8-bit lanes.</summary>
internal readonly unsafe struct Average8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.Average(first, second);
}

/// <summary>pavg of 16-bit lanes.</summary>
internal readonly unsafe struct Average16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.Average(first.AsUInt16(), second.AsUInt16()).AsByte();
}

/// <summary>psadbw.</summary>
internal readonly unsafe struct SumOfDifferences : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.SumOfDifferences(first, second).AsByte();
}

/// <summary>pminub.</summary>
internal readonly unsafe struct MinimumUnsigned8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Min(first, second);
}

/// <summary>pmaxub.</summary>
internal readonly unsafe struct MaximumUnsigned8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Max(first, second);
}

/// <summary>pminsw.</summary>
internal readonly unsafe struct MinimumSigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Min(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pmaxsw.</summary>
internal readonly unsafe struct MaximumSigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Max(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pabs of 8-bit lanes: the smallest stays itself.</summary>
internal readonly unsafe struct Absolute8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.ConditionalSelect(Vector128.LessThan(second.AsSByte(), default), -second.AsSByte(), second.AsSByte()).AsByte();
}

/// <summary>pabs of 16-bit lanes: the smallest stays itself.</summary>
internal readonly unsafe struct Absolute16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.ConditionalSelect(Vector128.LessThan(second.AsInt16(), default), -second.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pabs of 32-bit lanes: the smallest stays itself.</summary>
internal readonly unsafe struct Absolute32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.ConditionalSelect(Vector128.LessThan(second.AsInt32(), default), -second.AsInt32(), second.AsInt32()).AsByte();
}

/// <summary>psign of 8-bit lanes: negated, zero or kept, by the sign of the source.</summary>
internal readonly unsafe struct TakeSign8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (Vector128.ConditionalSelect(Vector128.LessThan(second.AsSByte(), default), -first.AsSByte(), first.AsSByte()) & ~Vector128.Equals(second.AsSByte(), default)).AsByte();
}

/// <summary>psign of 16-bit lanes: negated, zero or kept, by the sign of the source.</summary>
internal readonly unsafe struct TakeSign16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (Vector128.ConditionalSelect(Vector128.LessThan(second.AsInt16(), default), -first.AsInt16(), first.AsInt16()) & ~Vector128.Equals(second.AsInt16(), default)).AsByte();
}

/// <summary>psign of 32-bit lanes: negated, zero or kept, by the sign of the source.</summary>
internal readonly unsafe struct TakeSign32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        (Vector128.ConditionalSelect(Vector128.LessThan(second.AsInt32(), default), -first.AsInt32(), first.AsInt32()) & ~Vector128.Equals(second.AsInt32(), default)).AsByte();
}
