using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>How a memory operand's address comes about.</summary>
internal unsafe interface IAddress
{
    /// <summary>The offset in the segment is the linear address, and every offset is inside it.</summary>
    static abstract bool IsFlat { get; }

    static abstract AddressKind Kind { get; }

    /// <summary>The effective address: an offset in the segment.</summary>
    static abstract uint Offset(CpuState* cpu, Operation* op);

    static abstract int SegmentOf(Operation* op);
}

/// <summary>base + displacement in a flat segment.</summary>
internal readonly unsafe struct FlatBase : IAddress
{
    public static bool IsFlat => true;
    public static AddressKind Kind => AddressKind.FlatBase;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Offset(CpuState* cpu, Operation* op) => *(uint*)((byte*)cpu + op->Base) + op->Displacement;

    public static int SegmentOf(Operation* op) => op->Segment;
}

/// <summary>base + index × scale + displacement in a flat segment.</summary>
internal readonly unsafe struct FlatIndexed : IAddress
{
    public static bool IsFlat => true;
    public static AddressKind Kind => AddressKind.FlatIndexed;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Offset(CpuState* cpu, Operation* op) =>
        *(uint*)((byte*)cpu + op->Base) + (*(uint*)((byte*)cpu + op->Index) << op->Scale) + op->Displacement;

    public static int SegmentOf(Operation* op) => op->Segment;
}

/// <summary>Any segment, any address size.</summary>
internal readonly unsafe struct Segmented : IAddress
{
    public static bool IsFlat => false;
    public static AddressKind Kind => AddressKind.Segmented;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Offset(CpuState* cpu, Operation* op)
    {
        uint offset = FlatIndexed.Offset(cpu, op);
        return (op->Traits & OperationTraits.ShortAddress) != 0 ? (ushort)offset : offset;
    }

    public static int SegmentOf(Operation* op) => op->Segment;
}

/// <summary>An element of a bit string in memory: the bit number in the source register moves the address, both ways.</summary>
internal readonly unsafe struct BitString<TSize> : IAddress where TSize : IOperandSize
{
    public static bool IsFlat => false;
    public static AddressKind Kind => AddressKind.BitString;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Offset(CpuState* cpu, Operation* op)
    {
        int bit = TSize.Extend(TSize.Read((byte*)cpu + op->Source));
        uint offset = FlatIndexed.Offset(cpu, op) + (uint)(TSize.Bits == 16 ? bit >> 4 << 1 : bit >> 5 << 2);
        return (op->Traits & OperationTraits.ShortAddress) != 0 ? (ushort)offset : offset;
    }

    public static int SegmentOf(Operation* op) => op->Segment;
}

/// <summary>Where push and pop work.</summary>
internal unsafe interface IStack : IAddress
{
    /// <summary>The offset that a stack pointer value stands for.</summary>
    static abstract uint At(CpuState* cpu, uint stackPointer);

    static abstract void Move(CpuState* cpu, uint stackPointer);
}

internal readonly unsafe struct FlatStack : IStack
{
    public static bool IsFlat => true;
    public static AddressKind Kind => AddressKind.FlatStack;
    public static uint Offset(CpuState* cpu, Operation* op) => cpu->Registers.Esp;
    public static int SegmentOf(Operation* op) => SegmentNumber.Ss;
    public static uint At(CpuState* cpu, uint stackPointer) => stackPointer;
    public static void Move(CpuState* cpu, uint stackPointer) => cpu->Registers.Esp = stackPointer;
}

internal readonly unsafe struct SegmentedStack : IStack
{
    public static bool IsFlat => false;
    public static AddressKind Kind => AddressKind.SegmentedStack;
    public static uint Offset(CpuState* cpu, Operation* op) => At(cpu, cpu->Registers.Esp);
    public static int SegmentOf(Operation* op) => SegmentNumber.Ss;
    public static uint At(CpuState* cpu, uint stackPointer) => stackPointer & cpu->StackMask;

    public static void Move(CpuState* cpu, uint stackPointer) =>
        cpu->Registers.Esp = cpu->Registers.Esp & ~cpu->StackMask | stackPointer & cpu->StackMask;
}

/// <summary>Numbers of the segment registers in instructions.</summary>
internal static class SegmentNumber
{
    public const byte Es = 0;
    public const byte Cs = 1;
    public const byte Ss = 2;
    public const byte Ds = 3;
    public const byte Fs = 4;
    public const byte Gs = 5;
}
