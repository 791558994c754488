using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

internal readonly unsafe struct AndBits : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first & second;
}

/// <summary>The complement of the first operand and the second.</summary>
internal readonly unsafe struct AndNotBits : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        ~first & second;
}

internal readonly unsafe struct OrBits : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first | second;
}

internal readonly unsafe struct XorBits : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first ^ second;
}

/// <summary>pcmpeq of 8-bit lanes.</summary>
internal readonly unsafe struct EqualLanes8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Equals(first, second);
}

/// <summary>pcmpeq of 16-bit lanes.</summary>
internal readonly unsafe struct EqualLanes16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Equals(first.AsUInt16(), second.AsUInt16()).AsByte();
}

/// <summary>pcmpeq of 32-bit lanes.</summary>
internal readonly unsafe struct EqualLanes32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Equals(first.AsUInt32(), second.AsUInt32()).AsByte();
}

/// <summary>pcmpgt of 8-bit lanes.</summary>
internal readonly unsafe struct GreaterLanes8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.GreaterThan(first.AsSByte(), second.AsSByte()).AsByte();
}

/// <summary>pcmpgt of 16-bit lanes.</summary>
internal readonly unsafe struct GreaterLanes16 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.GreaterThan(first.AsInt16(), second.AsInt16()).AsByte();
}

/// <summary>pcmpgt of 32-bit lanes.</summary>
internal readonly unsafe struct GreaterLanes32 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.GreaterThan(first.AsInt32(), second.AsInt32()).AsByte();
}
