using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>A two-operand instruction of the add/or/adc/sbb/and/sub/xor/cmp family, and test.</summary>
internal unsafe interface IBinary
{
    /// <summary>False for cmp and test.</summary>
    static abstract bool KeepsResult { get; }

    static abstract uint Result(CpuState* cpu, uint x, uint y);

    /// <summary>The carries or borrows out of each bit.</summary>
    static abstract uint Carries(uint x, uint y, uint result);
}

internal readonly unsafe struct Add : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x + y;
    public static uint Carries(uint x, uint y, uint result) => x & y | (x | y) & ~result;
}

internal readonly unsafe struct AddWithCarry : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x + y + (cpu->FlagCarries >> 31);
    public static uint Carries(uint x, uint y, uint result) => Add.Carries(x, y, result);
}

internal readonly unsafe struct Subtract : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x - y;
    public static uint Carries(uint x, uint y, uint result) => ~x & y | (~x | y) & result;
}

internal readonly unsafe struct SubtractWithBorrow : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x - y - (cpu->FlagCarries >> 31);
    public static uint Carries(uint x, uint y, uint result) => Subtract.Carries(x, y, result);
}

internal readonly unsafe struct Compare : IBinary
{
    public static bool KeepsResult => false;
    public static uint Result(CpuState* cpu, uint x, uint y) => x - y;
    public static uint Carries(uint x, uint y, uint result) => Subtract.Carries(x, y, result);
}

internal readonly unsafe struct And : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x & y;
    public static uint Carries(uint x, uint y, uint result) => 0;
}

internal readonly unsafe struct Or : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x | y;
    public static uint Carries(uint x, uint y, uint result) => 0;
}

internal readonly unsafe struct Xor : IBinary
{
    public static bool KeepsResult => true;
    public static uint Result(CpuState* cpu, uint x, uint y) => x ^ y;
    public static uint Carries(uint x, uint y, uint result) => 0;
}

internal readonly unsafe struct Test : IBinary
{
    public static bool KeepsResult => false;
    public static uint Result(CpuState* cpu, uint x, uint y) => x & y;
    public static uint Carries(uint x, uint y, uint result) => 0;
}

/// <summary>register op= operand.</summary>
internal readonly unsafe struct IntoRegister<TOp> : IReads where TOp : IBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint y) where TSize : IOperandSize where TFlags : IFlags
    {
        byte* register = (byte*)cpu + op->Destination;
        uint x = TSize.Read(register);
        uint result = TOp.Result(cpu, x, y);
        if (TOp.KeepsResult) TSize.Write(register, result);
        if (TFlags.AreSeen) LazyFlags.Set<TSize>(cpu, result, TOp.Carries(x, y, result));
        return true;
    }
}

/// <summary>memory op= register or immediate.</summary>
internal readonly unsafe struct IntoMemory<TOp, TSource> : IModifies where TOp : IBinary where TSource : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint x) where TSize : IOperandSize where TFlags : IFlags
    {
        uint y = TSource.Value<TSize>(cpu, op);
        uint result = TOp.Result(cpu, x, y);
        if (TFlags.AreSeen) LazyFlags.Set<TSize>(cpu, result, TOp.Carries(x, y, result));
        return result;
    }
}

/// <summary>cmp or test of memory with a register or immediate: nothing is stored.</summary>
internal readonly unsafe struct AgainstMemory<TOp, TSource> : IReads where TOp : IBinary where TSource : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint x) where TSize : IOperandSize where TFlags : IFlags
    {
        uint y = TSource.Value<TSize>(cpu, op);
        uint result = TOp.Result(cpu, x, y);
        if (TFlags.AreSeen) LazyFlags.Set<TSize>(cpu, result, TOp.Carries(x, y, result));
        return true;
    }
}

internal readonly unsafe struct Increment : IModifies
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        uint result = TSize.Truncate(value + 1);
        if (TFlags.AreSeen) SetFlags<TSize>(cpu, value, result, result == 1u << TSize.Bits - 1);
        return result;
    }

    /// <summary>All but CF, which inc and dec leave alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetFlags<TSize>(CpuState* cpu, uint value, uint result, bool overflow) where TSize : IOperandSize
    {
        uint carry = cpu->FlagCarries & 1u << 31;
        cpu->FlagResult = TSize.Extend(result);
        cpu->FlagCarries = carry | carry >> 1 ^ (overflow ? 1u << 30 : 0) | (value ^ result) >> 1 & 8;
    }
}

internal readonly unsafe struct Decrement : IModifies
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        uint result = TSize.Truncate(value - 1);
        if (TFlags.AreSeen) Increment.SetFlags<TSize>(cpu, value, result, value == 1u << TSize.Bits - 1);
        return result;
    }
}

internal readonly unsafe struct Negate : IModifies
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        uint result = 0 - value;
        if (TFlags.AreSeen) LazyFlags.Set<TSize>(cpu, result, value | result);
        return result;
    }
}

internal readonly unsafe struct Complement : IModifies
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags => ~value;
}

internal readonly unsafe struct ExchangeAdd : IModifies
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        byte* register = (byte*)cpu + op->Source;
        uint addend = TSize.Read(register);
        uint result = value + addend;
        LazyFlags.Set<TSize>(cpu, result, Add.Carries(value, addend, result));
        TSize.Write(register, value);
        return result;
    }
}

internal readonly unsafe struct CompareExchange : IModifies
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        uint accumulator = TSize.Read(&cpu->Registers.Eax);
        uint result = accumulator - value;
        uint replacement = TSize.Read((byte*)cpu + op->Source);
        LazyFlags.Set<TSize>(cpu, result, Subtract.Carries(accumulator, value, result));
        if (accumulator == value) return replacement;
        TSize.Write(&cpu->Registers.Eax, value);
        return value;
    }
}

internal readonly unsafe struct CompareExchange8Bytes : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!LongWay.OpenWrite(cpu, op->Segment, Segmented.Offset(cpu, op), 8)) return false;
        ref GuestRegisters registers = ref cpu->Registers;
        ulong value = Unsafe.ReadUnaligned<ulong>(cpu->Operand);
        bool equal = value == ((ulong)registers.Edx << 32 | registers.Eax);
        if (equal)
        {
            Unsafe.WriteUnaligned(cpu->Operand, (ulong)registers.Ecx << 32 | registers.Ebx);
        }
        else
        {
            registers.Eax = (uint)value;
            registers.Edx = (uint)(value >> 32);
        }

        LongWay.Written(cpu);
        LazyFlags.SetZero(cpu, equal);
        return true;
    }
}
