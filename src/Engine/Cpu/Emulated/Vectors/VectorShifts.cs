using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>Where a shift's count comes from; all lanes are shifted by the same.</summary>
internal unsafe interface IShiftCount
{
    static abstract ulong Value(Operation* op, Vector128<byte> second);
}

internal readonly unsafe struct CountFromImmediate : IShiftCount
{
    public static ulong Value(Operation* op, Vector128<byte> second) => op->Immediate;
}

/// <summary>The low 64 bits of the source.</summary>
internal readonly unsafe struct CountFromSource : IShiftCount
{
    public static ulong Value(Operation* op, Vector128<byte> second) => second.AsUInt64().ToScalar();
}

/// <summary>psll of 16-bit lanes.</summary>
internal readonly unsafe struct ShiftLeftLanes16<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        ulong count = TCount.Value(op, second);
        return count < 16 ? Vector128.ShiftLeft(first.AsUInt16(), (int)count).AsByte() : default;
    }
}

/// <summary>psll of 32-bit lanes.</summary>
internal readonly unsafe struct ShiftLeftLanes32<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        ulong count = TCount.Value(op, second);
        return count < 32 ? Vector128.ShiftLeft(first.AsUInt32(), (int)count).AsByte() : default;
    }
}

/// <summary>psll of 64-bit lanes.</summary>
internal readonly unsafe struct ShiftLeftLanes64<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        ulong count = TCount.Value(op, second);
        return count < 64 ? Vector128.ShiftLeft(first.AsUInt64(), (int)count).AsByte() : default;
    }
}

/// <summary>psrl of 16-bit lanes.</summary>
internal readonly unsafe struct ShiftRightLanes16<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        ulong count = TCount.Value(op, second);
        return count < 16 ? Vector128.ShiftRightLogical(first.AsUInt16(), (int)count).AsByte() : default;
    }
}

/// <summary>psrl of 32-bit lanes.</summary>
internal readonly unsafe struct ShiftRightLanes32<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        ulong count = TCount.Value(op, second);
        return count < 32 ? Vector128.ShiftRightLogical(first.AsUInt32(), (int)count).AsByte() : default;
    }
}

/// <summary>psrl of 64-bit lanes.</summary>
internal readonly unsafe struct ShiftRightLanes64<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        ulong count = TCount.Value(op, second);
        return count < 64 ? Vector128.ShiftRightLogical(first.AsUInt64(), (int)count).AsByte() : default;
    }
}

/// <summary>psra of 16-bit lanes.</summary>
internal readonly unsafe struct ShiftArithmeticLanes16<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.ShiftRightArithmetic(first.AsInt16(), (int)Math.Min(TCount.Value(op, second), 15)).AsByte();
}

/// <summary>psra of 32-bit lanes.</summary>
internal readonly unsafe struct ShiftArithmeticLanes32<TCount> : IVectorOperation where TCount : IShiftCount
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.ShiftRightArithmetic(first.AsInt32(), (int)Math.Min(TCount.Value(op, second), 31)).AsByte();
}

/// <summary>pslldq.</summary>
internal readonly unsafe struct ShiftLeftBytes : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        if (op->Immediate >= 16) return default;
        UInt128 value = new UInt128(first.AsUInt64().GetElement(1), first.AsUInt64().ToScalar()) << (int)op->Immediate * 8;
        return Vector128.Create((ulong)value, (ulong)(value >> 64)).AsByte();
    }
}

/// <summary>psrldq.</summary>
internal readonly unsafe struct ShiftRightBytes : IVectorOperation
{
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        if (op->Immediate >= 16) return default;
        UInt128 value = new UInt128(first.AsUInt64().GetElement(1), first.AsUInt64().ToScalar()) >> (int)op->Immediate * 8;
        return Vector128.Create((ulong)value, (ulong)(value >> 64)).AsByte();
    }
}
