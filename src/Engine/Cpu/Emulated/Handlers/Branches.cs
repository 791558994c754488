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
        0 => SelectBranch<Overflow>(),
        1 => SelectBranch<Below>(),
        2 => SelectBranch<Equal>(),
        3 => SelectBranch<BelowOrEqual>(),
        4 => SelectBranch<Negative>(),
        5 => SelectBranch<ParityEven>(),
        6 => SelectBranch<Less>(),
        _ => SelectBranch<LessOrEqual>(),
    };

    public static HandlerPair SelectGoto() => new(new(OperationForm.Goto), &Goto);

    public static HandlerPair SelectLoop<TLoop>() where TLoop : ILoop => new(new(OperationForm.Loop, typeof(TLoop)), &Loop<TLoop>);

    public static HandlerPair SelectJump<TTarget>(OperandWidth width) where TTarget : ISource =>
        width == OperandWidth.Word ? SelectJump<TTarget, Bits16>() : SelectJump<TTarget, Bits32>();

    public static HandlerPair SelectCallLinked(bool flatStack) => flatStack ? SelectCallLinked<FlatStack>() : SelectCallLinked<SegmentedStack>();

    public static HandlerPair SelectCall<TTarget>(OperandWidth width, bool flatStack) where TTarget : ISource => (width, flatStack) switch
    {
        (OperandWidth.Word, _) => SelectCall<TTarget, Bits16, SegmentedStack>(),
        (_, true) => SelectCall<TTarget, Bits32, FlatStack>(),
        _ => SelectCall<TTarget, Bits32, SegmentedStack>(),
    };

    public static HandlerPair SelectCallMemory(OperandShape shape, bool flatStack) =>
        shape.Width == OperandWidth.Word ? SelectCallMemory<Bits16, Segmented, SegmentedStack>()
        : shape.Address != AddressKind.Segmented && flatStack ? SelectCallMemory<Bits32, FlatIndexed, FlatStack>()
        : SelectCallMemory<Bits32, Segmented, SegmentedStack>();

    public static HandlerPair SelectJumpMemory(OperandShape shape) =>
        shape.Width == OperandWidth.Word ? SelectJumpMemory<Bits16, Segmented>()
        : shape.Address != AddressKind.Segmented ? SelectJumpMemory<Bits32, FlatIndexed>()
        : SelectJumpMemory<Bits32, Segmented>();

    public static HandlerPair SelectReturn(OperandWidth width, bool flatStack) => (width, flatStack) switch
    {
        (OperandWidth.Word, _) => SelectReturn<Bits16, SegmentedStack>(),
        (_, true) => SelectReturn<Bits32, FlatStack>(),
        _ => SelectReturn<Bits32, SegmentedStack>(),
    };

    private static HandlerPair SelectBranch<TCondition>() where TCondition : ICondition =>
        new(new(OperationForm.Branch) { Condition = TCondition.Code }, &Branch<TCondition>);

    private static HandlerPair SelectJump<TTarget, TSize>() where TTarget : ISource where TSize : IOperandSize =>
        new(new(OperationForm.Jump) { Width = TSize.Width, Source = typeof(TTarget) }, &Jump<TTarget, TSize>);

    private static HandlerPair SelectJumpMemory<TSize, TAddress>() where TSize : IOperandSize where TAddress : IAddress =>
        new(new(OperationForm.JumpMemory) { Width = TSize.Width, Address = TAddress.Kind },
            &JumpMemory<TSize, TAddress, FastMemory>, &JumpMemory<TSize, TAddress, SlowMemory>);

    private static HandlerPair SelectCallLinked<TStack>() where TStack : IStack =>
        new(new(OperationForm.CallLinked) { Width = OperandWidth.Long, FlatStack = TStack.IsFlat },
            &CallLinked<TStack, FastMemory>, &CallLinked<TStack, SlowMemory>);

    private static HandlerPair SelectCall<TTarget, TSize, TStack>() where TTarget : ISource where TSize : IOperandSize where TStack : IStack =>
        new(new(OperationForm.Call) { Width = TSize.Width, Source = typeof(TTarget), FlatStack = TStack.IsFlat },
            &Call<TTarget, TSize, TStack, FastMemory>, &Call<TTarget, TSize, TStack, SlowMemory>);

    private static HandlerPair SelectCallMemory<TSize, TAddress, TStack>() where TSize : IOperandSize where TAddress : IAddress where TStack : IStack =>
        new(new(OperationForm.CallMemory) { Width = TSize.Width, Address = TAddress.Kind, FlatStack = TStack.IsFlat },
            &CallMemory<TSize, TAddress, TStack, FastMemory>, &CallMemory<TSize, TAddress, TStack, SlowMemory>);

    private static HandlerPair SelectReturn<TSize, TStack>() where TSize : IOperandSize where TStack : IStack =>
        new(new(OperationForm.Return) { Width = TSize.Width, FlatStack = TStack.IsFlat },
            &Return<TSize, TStack, FastMemory>, &Return<TSize, TStack, SlowMemory>);
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
