using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>mov register, operand.</summary>
internal readonly unsafe struct Move : IReads
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        TSize.Write((byte*)cpu + op->Destination, value);
        return true;
    }
}

/// <summary>mov memory, register or immediate.</summary>
internal readonly unsafe struct Store<TSource> : IWrites where TSource : ISource
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => TSource.Value<TSize>(cpu, op);
}

/// <summary>movzx; the operand's size is the source's.</summary>
internal readonly unsafe struct MoveZeroExtended<TTarget> : IReads where TTarget : IOperandSize
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        TTarget.Write((byte*)cpu + op->Destination, value);
        return true;
    }
}

internal readonly unsafe struct MoveSignExtended<TTarget> : IReads where TTarget : IOperandSize
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        TTarget.Write((byte*)cpu + op->Destination, (uint)TSize.Extend(value));
        return true;
    }
}

internal readonly unsafe struct MoveIf<TCondition> : IReads where TCondition : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        if (TCondition.Holds(cpu)) TSize.Write((byte*)cpu + op->Destination, value);
        return true;
    }
}

internal readonly unsafe struct SetIf<TCondition> : IWrites where TCondition : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => TCondition.Holds(cpu) ? 1u : 0;
}

internal readonly unsafe struct LoadEffectiveAddress<TAddress> : IWrites where TAddress : IAddress
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => TAddress.Offset(cpu, op);
}

internal readonly unsafe struct Exchange : IModifies
{
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags
    {
        byte* register = (byte*)cpu + op->Source;
        uint other = TSize.Read(register);
        TSize.Write(register, value);
        return other;
    }
}

internal readonly unsafe struct SwapBytes : IModifies
{
    /// <summary>The word form is undefined; processors give zero.</summary>
    public static uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags =>
        TSize.Bits == 32 ? BinaryPrimitives.ReverseEndianness(value) : 0;
}

/// <summary>xlat.</summary>
internal readonly unsafe struct TranslateByte : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint offset = cpu->Registers.Ebx + (byte)cpu->Registers.Eax;
        if ((op->Traits & OperationTraits.ShortAddress) != 0) offset = (ushort)offset;
        if (!LongWay.Read<Bits8>(cpu, op->Segment, offset, out uint value)) return false;
        *(byte*)&cpu->Registers.Eax = (byte)value;
        return true;
    }
}

internal readonly unsafe struct ConvertByteToWord : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        *(short*)&cpu->Registers.Eax = (sbyte)cpu->Registers.Eax;
        return true;
    }
}

/// <summary>cwde.</summary>
internal readonly unsafe struct ConvertWordToLong : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        cpu->Registers.Eax = (uint)(short)cpu->Registers.Eax;
        return true;
    }
}

/// <summary>cwd.</summary>
internal readonly unsafe struct SpreadWordSign : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        *(short*)&cpu->Registers.Edx = (short)((short)cpu->Registers.Eax >> 15);
        return true;
    }
}

/// <summary>cdq.</summary>
internal readonly unsafe struct SpreadLongSign : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        cpu->Registers.Edx = (uint)((int)cpu->Registers.Eax >> 31);
        return true;
    }
}

internal readonly unsafe struct NoOperation : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op) => true;
}
