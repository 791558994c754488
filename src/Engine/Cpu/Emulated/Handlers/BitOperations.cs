using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>bt: the bit goes to CF.</summary>
internal readonly unsafe struct BitTest<TSource> : IReads where TSource : ISource
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        BitNumber.ToCarry<TSize, TSource>(cpu, op, value);
        return true;
    }
}

internal readonly unsafe struct BitSet<TSource> : IModifies where TSource : ISource
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags =>
        value | BitNumber.ToCarry<TSize, TSource>(cpu, op, value);
}

internal readonly unsafe struct BitReset<TSource> : IModifies where TSource : ISource
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags =>
        value & ~BitNumber.ToCarry<TSize, TSource>(cpu, op, value);
}

internal readonly unsafe struct BitComplement<TSource> : IModifies where TSource : ISource
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags =>
        value ^ BitNumber.ToCarry<TSize, TSource>(cpu, op, value);
}

internal static unsafe class BitNumber
{
    /// <summary>Copies the bit to CF.</summary>
    /// <returns>Its mask.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ToCarry<TSize, TSource>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TSource : ISource
    {
        uint mask = 1u << ((int)TSource.Value<TSize>(cpu, op) & TSize.Bits - 1);
        LazyFlags.SetCarry(cpu, (value & mask) != 0);
        return mask;
    }
}

/// <summary>bsf. For zero, processors leave the destination alone.</summary>
internal readonly unsafe struct BitScanForward : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        LazyFlags.Set<TSize>(cpu, value, 0);
        if (value != 0) TSize.Write((byte*)cpu + op->Destination, (uint)System.Numerics.BitOperations.TrailingZeroCount(value));
        return true;
    }
}

internal readonly unsafe struct BitScanReverse : IReads
{
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        LazyFlags.Set<TSize>(cpu, value, 0);
        if (value != 0) TSize.Write((byte*)cpu + op->Destination, (uint)System.Numerics.BitOperations.Log2(value));
        return true;
    }
}
