using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>A condition of jcc, setcc and cmovcc: on the kept flags, or right after a comparison.</summary>
/// <remarks>Inlined by order where the compiler would rather not: a handler that calls has to save its registers.</remarks>
internal unsafe interface ICondition
{
    /// <summary>The condition code, 0 to 15.</summary>
    static abstract int Code { get; }

    static abstract bool Holds(CpuState* cpu);

    /// <summary>After <c>cmp x, y</c>.</summary>
    static abstract bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize;

    /// <summary>After <c>test</c> with this result; CF and OF are clear then.</summary>
    static abstract bool AfterTest<TSize>(uint result) where TSize : IOperandSize;
}

internal readonly unsafe struct Overflow : ICondition
{
    public static int Code => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(CpuState* cpu) => LazyFlags.IsOverflow(cpu);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize =>
        TSize.Extend((x ^ y) & (x ^ x - y)) < 0;

    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => false;
}

internal readonly unsafe struct Below : ICondition
{
    public static int Code => 2;
    public static bool Holds(CpuState* cpu) => LazyFlags.IsCarry(cpu);
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => x < y;
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => false;
}

internal readonly unsafe struct Equal : ICondition
{
    public static int Code => 4;
    public static bool Holds(CpuState* cpu) => LazyFlags.IsZero(cpu);
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => x == y;
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => result == 0;
}

internal readonly unsafe struct BelowOrEqual : ICondition
{
    public static int Code => 6;
    public static bool Holds(CpuState* cpu) => LazyFlags.IsZero(cpu) || LazyFlags.IsCarry(cpu);
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => x <= y;
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => result == 0;
}

internal readonly unsafe struct Negative : ICondition
{
    public static int Code => 8;
    public static bool Holds(CpuState* cpu) => LazyFlags.IsSign(cpu);
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => TSize.Extend(x - y) < 0;
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => TSize.Extend(result) < 0;
}

internal readonly unsafe struct ParityEven : ICondition
{
    public static int Code => 10;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(CpuState* cpu) => LazyFlags.IsParity(cpu);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => AfterTest<TSize>(x - y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize =>
        (System.Numerics.BitOperations.PopCount(result & 0xFF) & 1) == 0;
}

internal readonly unsafe struct Less : ICondition
{
    public static int Code => 12;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(CpuState* cpu) => (int)((uint)(cpu->FlagResult >> 32) ^ cpu->FlagCarries ^ cpu->FlagCarries << 1) < 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => TSize.Extend(x) < TSize.Extend(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => TSize.Extend(result) < 0;
}

internal readonly unsafe struct LessOrEqual : ICondition
{
    public static int Code => 14;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(CpuState* cpu) => LazyFlags.IsZero(cpu) || Less.Holds(cpu);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => TSize.Extend(x) <= TSize.Extend(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => TSize.Extend(result) <= 0;
}

internal readonly unsafe struct Not<TCondition> : ICondition where TCondition : ICondition
{
    public static int Code => TCondition.Code ^ 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(CpuState* cpu) => !TCondition.Holds(cpu);

    public static bool AfterCompare<TSize>(uint x, uint y) where TSize : IOperandSize => !TCondition.AfterCompare<TSize>(x, y);
    public static bool AfterTest<TSize>(uint result) where TSize : IOperandSize => !TCondition.AfterTest<TSize>(result);
}
