using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>packsswb.</summary>
internal readonly unsafe struct PackSigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.PackSigned(first.AsInt16(), second.AsInt16());
}

/// <summary>packuswb.</summary>
internal readonly unsafe struct PackUnsigned16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.PackUnsigned(first.AsInt16(), second.AsInt16());
}

/// <summary>packssdw.</summary>
internal readonly unsafe struct PackSigned32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.PackSigned(first.AsInt32(), second.AsInt32());
}

/// <summary>punpcklbw.</summary>
internal readonly unsafe struct InterleaveLow8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.InterleaveLow8(first, second);
}

/// <summary>punpcklwd.</summary>
internal readonly unsafe struct InterleaveLow16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.InterleaveLow16(first, second);
}

/// <summary>punpckldq and unpcklps.</summary>
internal readonly unsafe struct InterleaveLow32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.InterleaveLow32(first, second);
}

/// <summary>punpckhbw.</summary>
internal readonly unsafe struct InterleaveHigh8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.InterleaveHigh8(first, second);
}

/// <summary>punpckhwd.</summary>
internal readonly unsafe struct InterleaveHigh16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.InterleaveHigh16(first, second);
}

/// <summary>punpckhdq and unpckhps.</summary>
internal readonly unsafe struct InterleaveHigh32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        IntegerLanes.InterleaveHigh32(first, second);
}

/// <summary>punpcklqdq, unpcklpd and movlhps.</summary>
internal readonly unsafe struct InterleaveLow64 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Create(first.GetLower(), second.GetLower());
}

/// <summary>punpckhqdq and unpckhpd.</summary>
internal readonly unsafe struct InterleaveHigh64 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Create(first.GetUpper(), second.GetUpper());
}
