using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

internal readonly unsafe struct CopySource : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        second;
}

/// <summary>movss between registers.</summary>
internal readonly unsafe struct CopyLow4 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.AsUInt32().WithElement(0, second.AsUInt32().ToScalar()).AsByte();
}

/// <summary>movsd between registers, movlps and movlpd from memory.</summary>
internal readonly unsafe struct CopyLow8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.WithLower(second.GetLower());
}

/// <summary>movhps and movhpd from memory, movlhps.</summary>
internal readonly unsafe struct CopyLowToHigh8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.WithUpper(second.GetLower());
}

/// <summary>movhlps.</summary>
internal readonly unsafe struct CopyHighToLow8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        first.WithLower(second.GetUpper());
}

/// <summary>movq: the upper half becomes zero.</summary>
internal readonly unsafe struct ExtendLow8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar(second.AsUInt64().ToScalar()).AsByte();
}

/// <summary>movhps and movhpd to memory.</summary>
internal readonly unsafe struct UpperHalf : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Create(second.GetUpper(), second.GetUpper());
}

/// <summary>movddup.</summary>
internal readonly unsafe struct DuplicateLow8 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Create(second.GetLower(), second.GetLower());
}

/// <summary>movsldup.</summary>
internal readonly unsafe struct DuplicateEven4 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Shuffle(second.AsUInt32(), Vector128.Create(0u, 0, 2, 2)).AsByte();
}

/// <summary>movshdup.</summary>
internal readonly unsafe struct DuplicateOdd4 : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.Shuffle(second.AsUInt32(), Vector128.Create(1u, 1, 3, 3)).AsByte();
}

/// <summary>pmovmskb.</summary>
internal readonly unsafe struct SignsOfBytes : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar(second.ExtractMostSignificantBits()).AsByte();
}

/// <summary>movmskps.</summary>
internal readonly unsafe struct SignsOfSingles : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar(second.AsUInt32().ExtractMostSignificantBits()).AsByte();
}

/// <summary>movmskpd.</summary>
internal readonly unsafe struct SignsOfDoubles : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar(second.AsUInt64().ExtractMostSignificantBits()).AsByte();
}
