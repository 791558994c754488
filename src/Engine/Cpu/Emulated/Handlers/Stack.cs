namespace LguestPS.Cpu.Emulated;

/// <summary>Push and pop for instructions that have other things to do as well; always the long way.</summary>
internal static unsafe class StackAccess
{
    public static bool Push<TSize, TStack>(CpuState* cpu, uint value) where TSize : IOperandSize where TStack : IStack
    {
        uint stackPointer = cpu->Registers.Esp - TSize.Bytes;
        if (!LongWay.Write<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, stackPointer), value)) return false;
        TStack.Move(cpu, stackPointer);
        return true;
    }

    public static bool Pop<TSize, TStack>(CpuState* cpu, out uint value) where TSize : IOperandSize where TStack : IStack
    {
        uint stackPointer = cpu->Registers.Esp;
        if (!Peek<TSize>(cpu, 0, out value)) return false;
        TStack.Move(cpu, stackPointer + TSize.Bytes);
        return true;
    }

    /// <summary>Reads the stack some bytes above its top.</summary>
    public static bool Peek<TSize>(CpuState* cpu, uint above, out uint value) where TSize : IOperandSize =>
        LongWay.Read<TSize>(cpu, SegmentNumber.Ss, cpu->Registers.Esp + above & cpu->StackMask, out value);
}

internal static unsafe class StackHandlers
{
    public static Operation* Push<TSource, TSize, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSource : ISource where TSize : IOperandSize where TStack : IStack where TMemory : IMemoryAccess
    {
        uint stackPointer = cpu->Registers.Esp - TSize.Bytes;
        uint offset = TStack.At(cpu, stackPointer);
        if (!TMemory.CanWrite<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        TSize.Write(TMemory.At<TStack>(cpu, op, tlb, offset), TSource.Value<TSize>(cpu, op));
        TMemory.Written(cpu);
        TStack.Move(cpu, stackPointer);
        return TMemory.Next(cpu, op, tlb);
    }

    public static Operation* PushMemory<TSize, TAddress, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSize : IOperandSize where TAddress : IAddress where TStack : IStack where TMemory : IMemoryAccess
    {
        uint source = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TSize>(cpu, op, tlb, source)) return TMemory.Miss(cpu, op, tlb);
        uint value = TSize.Read(TMemory.At<TAddress>(cpu, op, tlb, source));
        uint stackPointer = cpu->Registers.Esp - TSize.Bytes;
        uint offset = TStack.At(cpu, stackPointer);
        if (!TMemory.CanWrite<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        TSize.Write(TMemory.At<TStack>(cpu, op, tlb, offset), value);
        TMemory.Written(cpu);
        TStack.Move(cpu, stackPointer);
        return TMemory.Next(cpu, op, tlb);
    }

    public static Operation* Pop<TSize, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSize : IOperandSize where TStack : IStack where TMemory : IMemoryAccess
    {
        uint offset = TStack.Offset(cpu, op);
        if (!TMemory.CanRead<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        uint value = TSize.Read(TMemory.At<TStack>(cpu, op, tlb, offset));
        TStack.Move(cpu, cpu->Registers.Esp + TSize.Bytes);
        TSize.Write((byte*)cpu + op->Destination, value);
        return TMemory.Next(cpu, op, tlb);
    }

    public static Operation* Leave<TSize, TStack, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TSize : IOperandSize where TStack : IStack where TMemory : IMemoryAccess
    {
        uint frame = cpu->Registers.Ebp;
        uint offset = TStack.At(cpu, frame);
        if (!TMemory.CanRead<TStack, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        uint value = TSize.Read(TMemory.At<TStack>(cpu, op, tlb, offset));
        TStack.Move(cpu, frame + TSize.Bytes);
        TSize.Write(&cpu->Registers.Ebp, value);
        return TMemory.Next(cpu, op, tlb);
    }

    public static HandlerPair SelectPush<TSize, TStack>(OperandShape shape) where TSize : IOperandSize where TStack : IStack => shape.Place switch
    {
        OperandPlace.Register => SelectPush<FromRegister, TSize, TStack>(),
        OperandPlace.Immediate => SelectPush<FromImmediate, TSize, TStack>(),
        _ when shape.Address == AddressKind.Segmented => SelectPushMemory<TSize, Segmented, TStack>(),
        _ => SelectPushMemory<TSize, FlatIndexed, TStack>(),
    };

    public static HandlerPair SelectPop<TSize, TStack>() where TSize : IOperandSize where TStack : IStack =>
        new(new(OperationForm.Pop) { Width = TSize.Width, FlatStack = TStack.IsFlat },
            &Pop<TSize, TStack, FastMemory>, &Pop<TSize, TStack, SlowMemory>);

    public static HandlerPair SelectLeave<TSize, TStack>() where TSize : IOperandSize where TStack : IStack =>
        new(new(OperationForm.Leave) { Width = TSize.Width, FlatStack = TStack.IsFlat },
            &Leave<TSize, TStack, FastMemory>, &Leave<TSize, TStack, SlowMemory>);

    private static HandlerPair SelectPush<TSource, TSize, TStack>() where TSource : ISource where TSize : IOperandSize where TStack : IStack =>
        new(new(OperationForm.Push) { Width = TSize.Width, Source = typeof(TSource), FlatStack = TStack.IsFlat },
            &Push<TSource, TSize, TStack, FastMemory>, &Push<TSource, TSize, TStack, SlowMemory>);

    private static HandlerPair SelectPushMemory<TSize, TAddress, TStack>() where TSize : IOperandSize where TAddress : IAddress where TStack : IStack =>
        new(new(OperationForm.PushMemory) { Width = TSize.Width, Address = TAddress.Kind, FlatStack = TStack.IsFlat },
            &PushMemory<TSize, TAddress, TStack, FastMemory>, &PushMemory<TSize, TAddress, TStack, SlowMemory>);
}

/// <summary>pop memory: the address is computed with esp already moved.</summary>
internal readonly unsafe struct PopMemory<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint before = cpu->Registers.Esp;
        if (!StackAccess.Pop<TSize, TStack>(cpu, out uint value)) return false;
        if (LongWay.Write<TSize>(cpu, op->Segment, Segmented.Offset(cpu, op), value)) return true;
        cpu->Registers.Esp = before;
        return false;
    }
}

internal readonly unsafe struct PushAll<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint* registers = (uint*)cpu;
        uint top = cpu->Registers.Esp;

        for (uint i = 1; i <= 8; i++)
            if (!LongWay.OpenWrite(cpu, SegmentNumber.Ss, TStack.At(cpu, top - i * TSize.Bytes), TSize.Bytes)) return false;
        for (uint i = 1; i <= 8; i++)
            if (!LongWay.Write<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, top - i * TSize.Bytes), registers[i - 1])) return false;

        TStack.Move(cpu, top - 8 * TSize.Bytes);
        return true;
    }
}

internal readonly unsafe struct PopAll<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint* registers = (uint*)cpu;
        uint top = cpu->Registers.Esp;
        for (uint i = 0; i < 8; i++)
            if (!StackAccess.Peek<TSize>(cpu, i * TSize.Bytes, out _)) return false;
        for (uint i = 0; i < 8; i++)
        {
            if (!StackAccess.Peek<TSize>(cpu, i * TSize.Bytes, out uint value)) return false;
            if (i != 3) TSize.Write(&registers[7 - i], value);
        }

        TStack.Move(cpu, top + 8 * TSize.Bytes);
        return true;
    }
}

/// <summary>enter: frame size in the immediate, nesting level in the displacement.</summary>
internal readonly unsafe struct Enter<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint level = op->Displacement & 31;
        uint top = cpu->Registers.Esp;
        uint frame = top - TSize.Bytes;

        // Everything that can fail, before anything is written: the new values, and the lowest byte the frame will use.
        uint lowest = TStack.At(cpu, frame - level * TSize.Bytes - op->Immediate);
        if (!LongWay.OpenWrite(cpu, SegmentNumber.Ss, TStack.At(cpu, frame - level * TSize.Bytes), TSize.Bytes)
            || !LongWay.OpenWrite(cpu, SegmentNumber.Ss, TStack.At(cpu, frame), TSize.Bytes)
            || !LongWay.OpenWrite(cpu, SegmentNumber.Ss, lowest, 1)) return false;
        for (uint i = 1; i < level; i++)
            if (!LongWay.Read<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, cpu->Registers.Ebp - i * TSize.Bytes), out _)) return false;

        if (!LongWay.Write<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, frame), cpu->Registers.Ebp)) return false;
        for (uint i = 1; i < level; i++)
        {
            if (!LongWay.Read<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, cpu->Registers.Ebp - i * TSize.Bytes), out uint outer)
                || !LongWay.Write<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, frame - i * TSize.Bytes), outer)) return false;
        }

        if (level > 0 && !LongWay.Write<TSize>(cpu, SegmentNumber.Ss, TStack.At(cpu, frame - level * TSize.Bytes), frame)) return false;
        TSize.Write(&cpu->Registers.Ebp, frame);
        TStack.Move(cpu, frame - level * TSize.Bytes - op->Immediate);
        return true;
    }
}

/// <summary>push of a segment register; the source is its selector.</summary>
internal readonly unsafe struct PushSelector<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    /// <remarks>The whole slot is written, as by processors of the time; some of today write two bytes of the four.</remarks>
    public static bool Run(CpuState* cpu, Operation* op) =>
        StackAccess.Push<TSize, TStack>(cpu, *Segmentation.SelectorOf(cpu, (int)op->Immediate));
}

internal readonly unsafe struct PopSelector<TSize, TStack> : IPlain where TSize : IOperandSize where TStack : IStack
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        if (!StackAccess.Peek<TSize>(cpu, 0, out uint selector)) return false;
        uint stackPointer = cpu->Registers.Esp + TSize.Bytes;
        uint before = cpu->Registers.Esp;
        TStack.Move(cpu, stackPointer);
        if (Segmentation.Load(cpu, (int)op->Immediate, (ushort)selector)) return true;
        cpu->Registers.Esp = before;
        return false;
    }
}
