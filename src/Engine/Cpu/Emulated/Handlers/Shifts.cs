using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>A shift or rotate by a count of 1 to 31.</summary>
internal unsafe interface IShift
{
    static abstract uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags;
}

/// <summary>Shifts by the immediate, or by cl; a count of 0 changes nothing, not even flags.</summary>
internal readonly unsafe struct Shifted<TShift, TCount> : IModifies where TShift : IShift where TCount : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        int count = (int)TCount.Value<Bits8>(cpu, op) & 31;
        return count == 0 ? value : TShift.Run<TSize, TFlags>(cpu, value, count);
    }
}

internal readonly unsafe struct ShiftLeft : IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        ulong wide = (ulong)value << count;
        uint result = (uint)wide;
        if (TFlags.AreSeen)
        {
            uint carry = (uint)(wide >> TSize.Bits) & 1;
            cpu->FlagResult = TSize.Extend(result);
            cpu->FlagCarries = LazyFlags.Carries(carry, result >> TSize.Bits - 1 & 1 ^ carry);
        }

        return result;
    }
}

internal readonly unsafe struct ShiftRight : IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        uint result = value >> count;
        if (TFlags.AreSeen)
        {
            cpu->FlagResult = TSize.Extend(result);
            cpu->FlagCarries = LazyFlags.Carries(value >> count - 1 & 1, value >> TSize.Bits - 1);
        }

        return result;
    }
}

internal readonly unsafe struct ShiftArithmeticRight : IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        int wide = TSize.Extend(value);
        uint result = (uint)(wide >> count);
        if (TFlags.AreSeen)
        {
            cpu->FlagResult = TSize.Extend(result);
            cpu->FlagCarries = LazyFlags.Carries((uint)(wide >> count - 1) & 1, 0);
        }

        return result;
    }
}

internal readonly unsafe struct RotateLeft : IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        int turn = count & TSize.Bits - 1;
        uint result = TSize.Truncate(turn == 0 ? value : value << turn | value >> TSize.Bits - turn);
        if (TFlags.AreSeen)
        {
            uint carry = result & 1;
            LazyFlags.SetCarryAndOverflow(cpu, carry, result >> TSize.Bits - 1 ^ carry);
        }

        return result;
    }
}

internal readonly unsafe struct RotateRight : IShift
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        int turn = count & TSize.Bits - 1;
        uint result = TSize.Truncate(turn == 0 ? value : value >> turn | value << TSize.Bits - turn);
        if (TFlags.AreSeen)
        {
            uint carry = result >> TSize.Bits - 1;
            LazyFlags.SetCarryAndOverflow(cpu, carry, carry ^ result >> TSize.Bits - 2 & 1);
        }

        return result;
    }
}

/// <summary>rcl: the carry flag is one more bit of the value.</summary>
internal readonly unsafe struct RotateCarryLeft : IShift
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        int width = TSize.Bits + 1;
        int turn = count % width;
        if (turn == 0) return value;
        ulong wide = (ulong)(cpu->FlagCarries >> 31) << TSize.Bits | value;
        wide = wide << turn | wide >> width - turn;
        uint carry = (uint)(wide >> TSize.Bits) & 1;
        uint result = TSize.Truncate((uint)wide);
        LazyFlags.SetCarryAndOverflow(cpu, carry, result >> TSize.Bits - 1 ^ carry);
        return result;
    }
}

internal readonly unsafe struct RotateCarryRight : IShift
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, uint value, int count) where TSize : IOperandSize where TFlags : IFlags
    {
        int width = TSize.Bits + 1;
        int turn = count % width;
        if (turn == 0) return value;
        ulong wide = (ulong)(cpu->FlagCarries >> 31) << TSize.Bits | value;
        wide = wide >> turn | wide << width - turn;
        uint result = TSize.Truncate((uint)wide);
        LazyFlags.SetCarryAndOverflow(cpu, (uint)(wide >> TSize.Bits) & 1, (result >> TSize.Bits - 1 ^ result >> TSize.Bits - 2) & 1);
        return result;
    }
}

/// <summary>shld. The count (cl, or the immediate's low byte) may exceed 16 for words; the result is then what processors give.</summary>
internal readonly unsafe struct ShiftLeftDouble<TCount> : IModifies where TCount : ISource
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        int count = DoubleShift.Count<TCount>(cpu, op);
        if (count == 0) return value;
        uint filler = TSize.Read((byte*)cpu + op->Source);
        ulong wide = TSize.Bits == 32
            ? (ulong)value << 32 | filler
            : ((ulong)value << 32 | (ulong)filler << 16 | value) << 16;
        uint result = TSize.Truncate((uint)(wide << count >> 64 - TSize.Bits));
        uint carry = (uint)(wide >> 64 - count) & 1;
        DoubleShift.SetFlags<TSize>(cpu, value, result, carry);
        return result;
    }
}

/// <summary>shrd.</summary>
internal readonly unsafe struct ShiftRightDouble<TCount> : IModifies where TCount : ISource
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        int count = DoubleShift.Count<TCount>(cpu, op);
        if (count == 0) return value;
        uint filler = TSize.Read((byte*)cpu + op->Source);
        ulong wide = TSize.Bits == 32
            ? (ulong)filler << 32 | value
            : (ulong)value << 32 | (ulong)filler << 16 | value;
        uint result = TSize.Truncate((uint)(wide >> count));
        DoubleShift.SetFlags<TSize>(cpu, value, result, (uint)(wide >> count - 1) & 1);
        return result;
    }
}

internal static unsafe class DoubleShift
{
    /// <summary>The count is in the immediate, or in cl; the source register is taken.</summary>
    public static int Count<TCount>(CpuState* cpu, Operation* op) where TCount : ISource =>
        (int)(typeof(TCount) == typeof(FromImmediate) ? op->Immediate : cpu->Registers.Ecx) & 31;

    public static void SetFlags<TSize>(CpuState* cpu, uint before, uint result, uint carry) where TSize : IOperandSize
    {
        cpu->FlagResult = TSize.Extend(result);
        cpu->FlagCarries = LazyFlags.Carries(carry, (before ^ result) >> TSize.Bits - 1 & 1);
    }
}
