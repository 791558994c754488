namespace LguestPS.Cpu.Emulated;

/// <summary>Near jumps, calls and returns in a code segment that is not flat: where they lead must lie in it, or they do nothing and are #GP(0) themselves.</summary>
/// <remarks>Blocks have one instruction there, and lead to none, so it is enough to look before one runs; the handlers need not know.</remarks>
internal static unsafe class NearTransfers
{
    /// <summary>May this block's instruction run?</summary>
    /// <returns>False if a fault was raised: that, or one of the operand that names the target.</returns>
    public static bool StayInside(CpuState* cpu, Block* block)
    {
        Operation* op = Block.First(block) + ((block->Mode & CpuMode.Covered) != 0 ? 1 : 0);
        // What only leads on to the next instruction is no transfer: that one is fetched when it is its turn.
        uint target = Block.InfoOf(op)->Length == 0 ? Flow.EipOf(op) : Flow.NextEip(op);
        uint next = target;
        if (!TryFindTarget(cpu, op, ref target)) return false;
        return target == next || cpu->Cs.Contains(target, 1) || CpuState.Raise(cpu, Vector.GeneralProtection);
    }

    private static bool TryFindTarget(CpuState* cpu, Operation* op, ref uint target)
    {
        Meaning meaning = HandlerTable.MeaningOf(op);
        bool isWord = meaning.Width == OperandWidth.Word;
        Link* links = (Link*)(op + 1);
        switch (meaning.Form)
        {
            case OperationForm.Goto or OperationForm.CallLinked:
                target = links[0].Eip;
                return true;
            case OperationForm.Branch:
                target = links[Holds(cpu, meaning.Condition!.Value) ? 1 : 0].Eip;
                return true;
            case OperationForm.Loop:
                target = links[Repeats(cpu, op, meaning.Action!) ? 1 : 0].Eip;
                return true;
            case OperationForm.Jump or OperationForm.Call:
                target = Value(cpu, op, meaning.Source!, isWord);
                return true;
            case OperationForm.JumpMemory or OperationForm.CallMemory:
                uint offset = Segmented.Offset(cpu, op);
                return isWord ? LongWay.Read<Bits16>(cpu, op->Segment, offset, out target) : LongWay.Read<Bits32>(cpu, op->Segment, offset, out target);
            case OperationForm.Return:
                return isWord ? StackAccess.Peek<Bits16>(cpu, 0, out target) : StackAccess.Peek<Bits32>(cpu, 0, out target);
            default:
                return true;
        }
    }

    private static uint Value(CpuState* cpu, Operation* op, Type source, bool isWord)
    {
        uint value = source == typeof(FromRegister) ? *(uint*)((byte*)cpu + op->Source) : source == typeof(FromDisplacement) ? op->Displacement : op->Immediate;
        return isWord ? (ushort)value : value;
    }

    /// <summary>An even condition code; of the others the two links are swapped.</summary>
    private static bool Holds(CpuState* cpu, int condition) => condition switch
    {
        0 => Overflow.Holds(cpu),
        2 => Below.Holds(cpu),
        4 => Equal.Holds(cpu),
        6 => BelowOrEqual.Holds(cpu),
        8 => Negative.Holds(cpu),
        10 => ParityEven.Holds(cpu),
        12 => Less.Holds(cpu),
        _ => LessOrEqual.Holds(cpu),
    };

    private static bool Repeats(CpuState* cpu, Operation* op, Type loop)
    {
        uint counter = LoopCounter.Read(cpu, op);
        if (loop == typeof(JumpIfCounterZero)) return counter == 0;
        bool isZero = LazyFlags.IsZero(cpu);
        return counter != 1 && (loop == typeof(LoopAlways) || isZero == (loop == typeof(LoopWhileEqual)));
    }
}
