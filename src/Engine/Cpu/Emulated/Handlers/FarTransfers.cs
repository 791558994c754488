using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>Far jumps, calls and returns, and iret (Intel SDM volume 2). There are no gates to go through: see <see cref="Segmentation"/>.</summary>
internal static unsafe class FarTransfers
{
    /// <summary>jmp ptr16:32: offset in the immediate, selector in the displacement.</summary>
    public static Operation* JumpDirect(CpuState* cpu, Operation* op, TlbEntry* tlb) =>
        Jump(cpu, op, (ushort)op->Displacement, op->Immediate);

    public static Operation* JumpMemory<TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TSize : IOperandSize =>
        ReadFarPointer<TSize>(cpu, op, out ushort selector, out uint offset) ? Jump(cpu, op, selector, offset) : Flow.Fault(cpu, op);

    public static Operation* CallDirect<TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TSize : IOperandSize =>
        Call<TSize>(cpu, op, (ushort)op->Displacement, op->Immediate);

    public static Operation* CallMemory<TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TSize : IOperandSize =>
        ReadFarPointer<TSize>(cpu, op, out ushort selector, out uint offset) ? Call<TSize>(cpu, op, selector, offset) : Flow.Fault(cpu, op);

    /// <summary>lret; the immediate is what it drops above the return address.</summary>
    public static Operation* Return<TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TSize : IOperandSize
    {
        if (!StackAccess.Peek<TSize>(cpu, 0, out uint eip) || !StackAccess.Peek<TSize>(cpu, TSize.Bytes, out uint selector))
            return Flow.Fault(cpu, op);
        return Return<TSize>(cpu, op, eip, (ushort)selector, popped: 2 * TSize.Bytes, released: op->Immediate)
            ? Flow.LeaveTo(cpu, op, eip)
            : Flow.Fault(cpu, op);
    }

    public static Operation* InterruptReturn<TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TSize : IOperandSize
    {
        uint eflags = LazyFlags.Read(cpu);
        if ((eflags & Eflags.NestedTask) != 0) return Flow.Fault(cpu, op, Vector.InvalidTss);
        if (!StackAccess.Peek<TSize>(cpu, 0, out uint eip)
            || !StackAccess.Peek<TSize>(cpu, TSize.Bytes, out uint selector)
            || !StackAccess.Peek<TSize>(cpu, 2 * TSize.Bytes, out uint image)
            || !Return<TSize>(cpu, op, eip, (ushort)selector, popped: 3 * TSize.Bytes, released: 0))
            return Flow.Fault(cpu, op);

        uint changed = (LazyFlags.Unprivileged | Eflags.Resume) & (TSize.Bits == 16 ? 0xFFFF : uint.MaxValue);
        LazyFlags.Write(cpu, eflags & ~changed | image & changed);
        return Flow.LeaveTo(cpu, op, eip);
    }

    public static HandlerPair SelectJump() => new(new(OperationForm.FarJump), &JumpDirect);

    public static HandlerPair SelectJumpMemory<TSize>() where TSize : IOperandSize =>
        new(new(OperationForm.FarJumpMemory) { Width = TSize.Width }, &JumpMemory<TSize>);

    public static HandlerPair SelectCall<TSize>() where TSize : IOperandSize =>
        new(new(OperationForm.FarCall) { Width = TSize.Width }, &CallDirect<TSize>);

    public static HandlerPair SelectCallMemory<TSize>() where TSize : IOperandSize =>
        new(new(OperationForm.FarCallMemory) { Width = TSize.Width }, &CallMemory<TSize>);

    public static HandlerPair SelectReturn<TSize>() where TSize : IOperandSize =>
        new(new(OperationForm.FarReturn) { Width = TSize.Width }, &Return<TSize>);

    public static HandlerPair SelectInterruptReturn<TSize>() where TSize : IOperandSize =>
        new(new(OperationForm.InterruptReturn) { Width = TSize.Width }, &InterruptReturn<TSize>);

    private static Operation* Jump(CpuState* cpu, Operation* op, ushort selector, uint offset)
    {
        if (!Segmentation.TryJumpTarget(cpu, selector, out SegmentDescriptor descriptor)) return Flow.Fault(cpu, op);
        if (offset > descriptor.Limit) return Flow.Fault(cpu, op, Vector.GeneralProtection);
        Segmentation.SetCode(cpu, (ushort)(selector & ~3 | cpu->PrivilegeLevel), descriptor);
        return Flow.LeaveTo(cpu, op, offset);
    }

    private static Operation* Call<TSize>(CpuState* cpu, Operation* op, ushort selector, uint offset) where TSize : IOperandSize
    {
        if (!Segmentation.TryJumpTarget(cpu, selector, out SegmentDescriptor descriptor)) return Flow.Fault(cpu, op);
        if (offset > descriptor.Limit) return Flow.Fault(cpu, op, Vector.GeneralProtection);

        // Both must be writable before one is written.
        uint top = cpu->Registers.Esp;
        if (!LongWay.OpenWrite(cpu, SegmentNumber.Ss, top - TSize.Bytes & cpu->StackMask, TSize.Bytes)
            || !LongWay.OpenWrite(cpu, SegmentNumber.Ss, top - 2 * TSize.Bytes & cpu->StackMask, TSize.Bytes)
            || !StackAccess.Push<TSize, SegmentedStack>(cpu, cpu->Registers.Cs)
            || !StackAccess.Push<TSize, SegmentedStack>(cpu, Flow.NextEip(op)))
            return Flow.Fault(cpu, op);

        Segmentation.SetCode(cpu, (ushort)(selector & ~3 | cpu->PrivilegeLevel), descriptor);
        return Flow.LeaveTo(cpu, op, offset);
    }

    /// <summary>The common end of lret and iret: checks everything, then loads cs, and for an outer level ss:esp.</summary>
    private static bool Return<TSize>(CpuState* cpu, Operation* op, uint eip, ushort selector, uint popped, uint released)
        where TSize : IOperandSize
    {
        if (!Segmentation.TryReturnTarget(cpu, selector, out SegmentDescriptor code)) return false;
        int level = selector & 3;
        if (level == cpu->PrivilegeLevel)
        {
            if (eip > code.Limit) return CpuState.Raise(cpu, Vector.GeneralProtection);
            SegmentedStack.Move(cpu, cpu->Registers.Esp + popped + released);
            Segmentation.SetCode(cpu, selector, code);
            return true;
        }

        if (!StackAccess.Peek<TSize>(cpu, popped + released, out uint stackPointer)
            || !StackAccess.Peek<TSize>(cpu, popped + released + TSize.Bytes, out uint stackSelector)
            || !Segmentation.TryLoadableStack(cpu, (ushort)stackSelector, level, Vector.GeneralProtection, out SegmentDescriptor stack))
            return false;
        if (eip > code.Limit) return CpuState.Raise(cpu, Vector.GeneralProtection);

        Segmentation.SetCode(cpu, selector, code);
        Segmentation.SetStack(cpu, (ushort)stackSelector, stack);
        // A word that is popped for a large stack is all of esp; a small stack leaves the upper half (Intel SDM volume 2, RET).
        SegmentedStack.Move(cpu, stackPointer + released);
        Segmentation.DropPrivilegedData(cpu);
        return true;
    }

    private static bool ReadFarPointer<TSize>(CpuState* cpu, Operation* op, out ushort selector, out uint offset) where TSize : IOperandSize
    {
        selector = 0;
        uint address = Segmented.Offset(cpu, op);
        if (!LongWay.Read<TSize>(cpu, op->Segment, address, out offset)
            || !LongWay.Read<Bits16>(cpu, op->Segment, address + TSize.Bytes, out uint read)) return false;
        selector = (ushort)read;
        return true;
    }
}

/// <summary>lds, les, lfs, lgs, lss: the segment register's number is in the immediate.</summary>
internal readonly unsafe struct LoadFarPointer<TSize> : IPlain where TSize : IOperandSize
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint address = Segmented.Offset(cpu, op);
        if (!LongWay.Read<TSize>(cpu, op->Segment, address, out uint offset)
            || !LongWay.Read<Bits16>(cpu, op->Segment, address + TSize.Bytes, out uint selector)
            || !Segmentation.Load(cpu, (int)op->Immediate, (ushort)selector)) return false;
        TSize.Write((byte*)cpu + op->Destination, offset);
        cpu->StackLoaded = false;       // lss has loaded esp too
        return true;
    }
}
