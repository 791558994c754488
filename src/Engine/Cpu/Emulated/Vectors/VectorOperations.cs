using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>An action that depends on nothing but its operands and cannot fail.</summary>
internal unsafe interface IVectorOperation
{
    /// <param name="op">Holds the immediate operand, if the instruction has one.</param>
    /// <param name="first">The destination's old value.</param>
    /// <param name="second">The source.</param>
    static abstract Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second);
}

/// <summary>Makes an action of an operation.</summary>
internal readonly unsafe struct Pure<TOperation> : IVectorAction where TOperation : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result)
    {
        result = TOperation.Run(op, first, second);
        return true;
    }

    public static Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        TOperation.Run(op, first, second);
}

/// <summary>Adapts an operation on both halves of two 8-byte operands for MMX: what is in the upper 8 bytes of its result counts.</summary>
internal readonly unsafe struct UpperResult<TOperation> : IVectorOperation where TOperation : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second) =>
        Vector128.CreateScalar(TOperation.Run(op, first, second).AsUInt64().GetElement(1)).AsByte();
}

/// <summary>Adapts an operation that takes the lower half of its result from one operand and the upper from the other: with MMX both fit in one.</summary>
internal readonly unsafe struct Joined<TOperation> : IVectorOperation where TOperation : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Run(Operation* op, Vector128<byte> first, Vector128<byte> second)
    {
        Vector128<byte> joined = Vector128.Create(first.GetLower(), second.GetLower());
        return TOperation.Run(op, joined, joined);
    }
}
