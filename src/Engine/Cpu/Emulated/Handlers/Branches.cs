using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>Near jumps, calls and returns. An operation with links is followed by two of them: straight on, and taken.</summary>
internal static unsafe class Branches
{
    /// <summary>jcc on the kept flags.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation* Branch<TCondition>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TCondition : ICondition
    {
        Link* links = (Link*)(op + 1);
        return TCondition.Holds(cpu) ? Flow.Follow(cpu, links + 1, tlb) : Flow.Follow(cpu, links, tlb);
    }

    /// <summary>jmp, and the end of a block that ran into something else.</summary>
    public static Operation* Goto(CpuState* cpu, Operation* op, TlbEntry* tlb) => Flow.Follow(cpu, (Link*)(op + 1), tlb);

    /// <summary>loop, loope, loopne, jecxz.</summary>
    public static Operation* Loop<TLoop>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TLoop : ILoop
    {
        Link* links = (Link*)(op + 1);
        return TLoop.Step(cpu, op) ? Flow.Follow(cpu, links + 1, tlb) : Flow.Follow(cpu, links, tlb);
    }

    /// <summary>jmp to an address in a register, or to another page, where the immediate is the target.</summary>
    public static Operation* Jump<TTarget, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TTarget : ISource where TSize : IOperandSize =>
        Flow.Jump(cpu, TTarget.Value<TSize>(cpu, op), tlb);

    public static Operation* JumpMemory<TSize, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSize : IOperandSize where TAddress : IAddress where TMemory : IMemoryAccess
    {
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        return Flow.Jump(cpu, TSize.Read(TMemory.At<TAddress>(cpu, op, tlb, offset)), tlb);
    }

    /// <summary>call to the same page; the return address is the immediate.</summary>
    public static Operation* CallLinked<TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TStack : IStack where TMemory : IMemoryAccess
    {
        uint stackPointer = cpu->Registers.Esp - 4;
        uint offset = TStack.At(cpu, stackPointer);
        if (!TMemory.CanWrite<TStack, Bits32>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        Bits32.Write(TMemory.At<TStack>(cpu, op, tlb, offset), op->Immediate);
        TMemory.Written(cpu);
        TStack.Move(cpu, stackPointer);
        return Flow.Follow(cpu, (Link*)(op + 1), tlb);
    }

    /// <summary>call to an address in a register, or, as <see cref="FromDisplacement"/>, in the instruction.</summary>
    public static Operation* Call<TTarget, TSize, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TTarget : ISource where TSize : IOperandSize where TStack : IStack where TMemory : IMemoryAccess
    {
        uint target = TTarget.Value<TSize>(cpu, op);
        uint stackPointer = cpu->Registers.Esp - TSize.Bytes;
        uint offset = TStack.At(cpu, stackPointer);
        if (!TMemory.CanWrite<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        TSize.Write(TMemory.At<TStack>(cpu, op, tlb, offset), op->Immediate);
        TMemory.Written(cpu);
        TStack.Move(cpu, stackPointer);
        return Flow.Jump(cpu, target, tlb);
    }

    public static Operation* CallMemory<TSize, TAddress, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSize : IOperandSize where TAddress : IAddress where TStack : IStack where TMemory : IMemoryAccess
    {
        uint source = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TSize>(cpu, op, tlb, source)) return TMemory.Miss(cpu, op, tlb);
        uint target = TSize.Read(TMemory.At<TAddress>(cpu, op, tlb, source));
        uint stackPointer = cpu->Registers.Esp - TSize.Bytes;
        uint offset = TStack.At(cpu, stackPointer);
        if (!TMemory.CanWrite<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        TSize.Write(TMemory.At<TStack>(cpu, op, tlb, offset), op->Immediate);
        TMemory.Written(cpu);
        TStack.Move(cpu, stackPointer);
        return Flow.Jump(cpu, target, tlb);
    }

    /// <summary>ret; the immediate is what it drops above the return address.</summary>
    public static Operation* Return<TSize, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSize : IOperandSize where TStack : IStack where TMemory : IMemoryAccess
    {
        uint offset = TStack.Offset(cpu, op);
        if (!TMemory.CanRead<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        uint target = TSize.Read(TMemory.At<TStack>(cpu, op, tlb, offset));
        TStack.Move(cpu, cpu->Registers.Esp + TSize.Bytes + op->Immediate);
        return Flow.Jump(cpu, target, tlb);
    }

    public static HandlerPair SelectBranch(int condition) => condition switch
    {
        0 => new(&Branch<Overflow>),
        1 => new(&Branch<Below>),
        2 => new(&Branch<Equal>),
        3 => new(&Branch<BelowOrEqual>),
        4 => new(&Branch<Negative>),
        5 => new(&Branch<ParityEven>),
        6 => new(&Branch<Less>),
        _ => new(&Branch<LessOrEqual>),
    };

    public static HandlerPair SelectCallLinked(bool flatStack) => flatStack
        ? new(&CallLinked<FlatStack, FastMemory>, &CallLinked<FlatStack, SlowMemory>)
        : new(&CallLinked<SegmentedStack, FastMemory>, &CallLinked<SegmentedStack, SlowMemory>);

    public static HandlerPair SelectCall<TTarget>(OperandWidth width, bool flatStack) where TTarget : ISource => (width, flatStack) switch
    {
        (OperandWidth.Word, _) =>
            new(&Call<TTarget, Bits16, SegmentedStack, FastMemory>, &Call<TTarget, Bits16, SegmentedStack, SlowMemory>),
        (_, true) => new(&Call<TTarget, Bits32, FlatStack, FastMemory>, &Call<TTarget, Bits32, FlatStack, SlowMemory>),
        _ => new(&Call<TTarget, Bits32, SegmentedStack, FastMemory>, &Call<TTarget, Bits32, SegmentedStack, SlowMemory>),
    };

    public static HandlerPair SelectCallMemory(OperandShape shape, bool flatStack) =>
        shape.Width == OperandWidth.Word
            ? new(&CallMemory<Bits16, Segmented, SegmentedStack, FastMemory>, &CallMemory<Bits16, Segmented, SegmentedStack, SlowMemory>)
            : shape.Address != AddressKind.Segmented && flatStack
                ? new(&CallMemory<Bits32, FlatIndexed, FlatStack, FastMemory>, &CallMemory<Bits32, FlatIndexed, FlatStack, SlowMemory>)
                : new(&CallMemory<Bits32, Segmented, SegmentedStack, FastMemory>, &CallMemory<Bits32, Segmented, SegmentedStack, SlowMemory>);

    public static HandlerPair SelectJumpMemory(OperandShape shape) =>
        shape.Width == OperandWidth.Word
            ? new(&JumpMemory<Bits16, Segmented, FastMemory>, &JumpMemory<Bits16, Segmented, SlowMemory>)
            : shape.Address != AddressKind.Segmented
                ? new(&JumpMemory<Bits32, FlatIndexed, FastMemory>, &JumpMemory<Bits32, FlatIndexed, SlowMemory>)
                : new(&JumpMemory<Bits32, Segmented, FastMemory>, &JumpMemory<Bits32, Segmented, SlowMemory>);

    public static HandlerPair SelectReturn(OperandWidth width, bool flatStack) => (width, flatStack) switch
    {
        (OperandWidth.Word, _) => new(&Return<Bits16, SegmentedStack, FastMemory>, &Return<Bits16, SegmentedStack, SlowMemory>),
        (_, true) => new(&Return<Bits32, FlatStack, FastMemory>, &Return<Bits32, FlatStack, SlowMemory>),
        _ => new(&Return<Bits32, SegmentedStack, FastMemory>, &Return<Bits32, SegmentedStack, SlowMemory>),
    };
}

/// <summary>A direct target, where the immediate already holds the return address.</summary>
internal readonly unsafe struct FromDisplacement : ISource
{
    public static uint Value<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => op->Displacement;
}

internal unsafe interface ILoop
{
    /// <returns>True if the branch is taken.</returns>
    static abstract bool Step(CpuState* cpu, Operation* op);
}

internal readonly unsafe struct LoopAlways : ILoop
{
    public static bool Step(CpuState* cpu, Operation* op) => LoopCounter.Decrement(cpu, op) != 0;
}

internal readonly unsafe struct LoopWhileEqual : ILoop
{
    public static bool Step(CpuState* cpu, Operation* op) => LoopCounter.Decrement(cpu, op) != 0 && LazyFlags.IsZero(cpu);
}

internal readonly unsafe struct LoopWhileNotEqual : ILoop
{
    public static bool Step(CpuState* cpu, Operation* op) => LoopCounter.Decrement(cpu, op) != 0 && !LazyFlags.IsZero(cpu);
}

/// <summary>jecxz.</summary>
internal readonly unsafe struct JumpIfCounterZero : ILoop
{
    public static bool Step(CpuState* cpu, Operation* op) => LoopCounter.Read(cpu, op) == 0;
}

internal static unsafe class LoopCounter
{
    public static uint Read(CpuState* cpu, Operation* op) =>
        (op->Traits & OperationTraits.ShortAddress) != 0 ? (ushort)cpu->Registers.Ecx : cpu->Registers.Ecx;

    public static uint Decrement(CpuState* cpu, Operation* op)
    {
        if ((op->Traits & OperationTraits.ShortAddress) != 0) return --*(ushort*)&cpu->Registers.Ecx;
        return --cpu->Registers.Ecx;
    }
}
