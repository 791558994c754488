using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a decoded instruction to its operation: the stack, control transfers and strings.</summary>
internal sealed unsafe partial class Translator
{
    /// <summary>One operation for an instruction that sets the flags and the jcc after it.</summary>
    private bool TryFuse(in Instruction first, in Instruction branch)
    {
        if (!branch.IsJccShortOrNear || branch.Op0Kind != OpKind.NearBranch32) return false;
        switch (first.Mnemonic)
        {
            case Mnemonic.Cmp or Mnemonic.Test: FuseComparison(first, branch); return true;
            case Mnemonic.Add: return TryFuseArithmetic<Add>(first, branch);
            case Mnemonic.Sub: return TryFuseArithmetic<Subtract>(first, branch);
            case Mnemonic.And: return TryFuseArithmetic<And>(first, branch);
            case Mnemonic.Or: return TryFuseArithmetic<Or>(first, branch);
            case Mnemonic.Inc: return TryFuseCount<Increment>(first, branch);
            case Mnemonic.Dec: return TryFuseCount<Decrement>(first, branch);
            default: return false;
        }
    }

    /// <summary>add, sub, and, or: only into a register of 32 bits, from a register or an immediate.</summary>
    private bool TryFuseArithmetic<TOp>(in Instruction arithmetic, in Instruction branch) where TOp : IBinary
    {
        if (arithmetic.Op0Kind != OpKind.Register || arithmetic.Op1Kind == OpKind.Memory || WidthOf(arithmetic, 0) != OperandWidth.Long) return false;
        Operation* op = BeginFused(arithmetic, branch);
        op->Destination = OffsetOf(arithmetic.Op0Register);
        OperandPlace source = SetSource(op, arithmetic, 1, OperandWidth.Long).Place;
        EndBranch(op, branch, source == OperandPlace.Register
            ? FlagBranches.SelectArithmetic<IntoRegister<TOp>, FromRegister>(ConditionOf(branch))
            : FlagBranches.SelectArithmetic<IntoRegister<TOp>, FromImmediate>(ConditionOf(branch)));
        return true;
    }

    /// <summary>inc and dec of a register of 32 bits.</summary>
    private bool TryFuseCount<TAction>(in Instruction count, in Instruction branch) where TAction : IModifies
    {
        if (count.Op0Kind != OpKind.Register || WidthOf(count, 0) != OperandWidth.Long) return false;
        Operation* op = BeginFused(count, branch);
        op->Destination = OffsetOf(count.Op0Register);
        EndBranch(op, branch, FlagBranches.SelectCount<TAction>(ConditionOf(branch)));
        return true;
    }

    private Operation* BeginFused(in Instruction first, in Instruction branch)
    {
        Operation* op = Begin(first, count: 2);
        infos[op->Slot].Length += (byte)branch.Length;
        return op;
    }

    private void FuseComparison(in Instruction test, in Instruction branch)
    {
        Operation* op = BeginFused(test, branch);
        OperandWidth width = WidthOf(test, 0);
        OperandShape shape;
        FusedForm form;
        if (test.Op0Kind == OpKind.Memory)
        {
            OperandPlace source = SetSource(op, test, 1, width).Place;
            shape = SetDestination(op, test, 0, width);
            form = source == OperandPlace.Immediate ? FusedForm.MemoryImmediate : FusedForm.MemoryRegister;
        }
        else
        {
            op->Destination = OffsetOf(test.Op0Register);
            shape = SetSource(op, test, 1, width);
            form = shape.Place switch
            {
                OperandPlace.Register => FusedForm.RegisterRegister,
                OperandPlace.Immediate => FusedForm.RegisterImmediate,
                _ => FusedForm.RegisterMemory,
            };
        }

        EndBranch(op, branch, CompareBranches.Select(test.Mnemonic == Mnemonic.Test, ConditionOf(branch), form, shape));
    }

    private void EmitBranch(in Instruction instruction) => EndBranch(Begin(instruction), instruction, Branches.SelectBranch(ConditionOf(instruction)));

    /// <summary>A jcc's condition or, if it is a negated one, the one it negates: 0 to 7.</summary>
    private static int ConditionOf(in Instruction branch) => (int)branch.ConditionCode - 1 >> 1;

    /// <summary>Half the conditions have a handler; for the other half the two ways are swapped.</summary>
    private void EndBranch(Operation* op, in Instruction branch, HandlerPair handlers)
    {
        uint target = TargetOf(branch);
        bool negated = ((int)branch.ConditionCode - 1 & 1) != 0;
        if (negated) End(op, handlers, straightOn: target, taken: branch.NextIP32);
        else End(op, handlers, straightOn: branch.NextIP32, taken: target);
    }

    private static uint TargetOf(in Instruction branch) => branch.Op0Kind == OpKind.NearBranch16 ? branch.NearBranch16 : branch.NearBranch32;

    /// <summary>True for an operand size of 16 bits where it only shows in the opcode.</summary>
    private static bool IsWordSized(in Instruction instruction) => instruction.StackPointerIncrement is 2 or -2;

    private bool EmitStack(in Instruction instruction)
    {
        bool isWord = IsWordSized(instruction);
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push: EmitPush(instruction, isWord); break;
            case Mnemonic.Pop: EmitPop(instruction, isWord); break;
            case Mnemonic.Pushad: Use(Begin(instruction), IsFlatData ? Select.Rare<PushAll<Bits32, FlatStack>>() : Select.Rare<PushAll<Bits32, SegmentedStack>>()); break;
            case Mnemonic.Pusha: Use(Begin(instruction), Select.Rare<PushAll<Bits16, SegmentedStack>>()); break;
            case Mnemonic.Popad: Use(Begin(instruction), IsFlatData ? Select.Rare<PopAll<Bits32, FlatStack>>() : Select.Rare<PopAll<Bits32, SegmentedStack>>()); break;
            case Mnemonic.Popa: Use(Begin(instruction), Select.Rare<PopAll<Bits16, SegmentedStack>>()); break;
            case Mnemonic.Pushfd: Use(Begin(instruction), Select.Rare<PushFlags<Bits32, SegmentedStack>>()); break;
            case Mnemonic.Pushf: Use(Begin(instruction), Select.Rare<PushFlags<Bits16, SegmentedStack>>()); break;
            case Mnemonic.Popfd: End(Begin(instruction), Select.Leaving<PopFlags<Bits32, SegmentedStack>>()); break;
            case Mnemonic.Popf: End(Begin(instruction), Select.Leaving<PopFlags<Bits16, SegmentedStack>>()); break;
            case Mnemonic.Enter: EmitEnter(instruction); break;
            case Mnemonic.Leave:
                Use(Begin(instruction), instruction.Code == Code.Leavew ? StackHandlers.SelectLeave<Bits16, SegmentedStack>()
                    : IsFlatData ? StackHandlers.SelectLeave<Bits32, FlatStack>() : StackHandlers.SelectLeave<Bits32, SegmentedStack>());
                break;
            default:
                return false;
        }

        return true;
    }

    private void EmitPush(in Instruction instruction, bool isWord)
    {
        Operation* op = Begin(instruction);
        if (IsSegmentRegister(instruction, 0))
        {
            op->Immediate = NumberOf(instruction.Op0Register);
            Use(op, isWord ? Select.Rare<PushSelector<Bits16, SegmentedStack>>() : Select.Rare<PushSelector<Bits32, SegmentedStack>>());
            return;
        }

        OperandShape shape = SetSource(op, instruction, 0, isWord ? OperandWidth.Word : OperandWidth.Long);
        Use(op, (isWord, IsFlatData) switch
        {
            (true, true) => StackHandlers.SelectPush<Bits16, FlatStack>(shape),
            (true, false) => StackHandlers.SelectPush<Bits16, SegmentedStack>(shape),
            (false, true) => StackHandlers.SelectPush<Bits32, FlatStack>(shape),
            _ => StackHandlers.SelectPush<Bits32, SegmentedStack>(shape),
        });
    }

    private void EmitPop(in Instruction instruction, bool isWord)
    {
        Operation* op = Begin(instruction);
        if (IsSegmentRegister(instruction, 0))
        {
            op->Immediate = NumberOf(instruction.Op0Register);
            End(op, isWord ? Select.Leaving<PopSelector<Bits16, SegmentedStack>>() : Select.Leaving<PopSelector<Bits32, SegmentedStack>>());
        }
        else if (PlaceOf(instruction, 0) == OperandPlace.Memory)
        {
            SetAddress(op, instruction);
            Use(op, isWord ? Select.Rare<PopMemory<Bits16, SegmentedStack>>() : Select.Rare<PopMemory<Bits32, SegmentedStack>>());
        }
        else
        {
            op->Destination = OffsetOf(instruction.Op0Register);
            Use(op, (isWord, IsFlatData) switch
            {
                (true, true) => StackHandlers.SelectPop<Bits16, FlatStack>(),
                (true, false) => StackHandlers.SelectPop<Bits16, SegmentedStack>(),
                (false, true) => StackHandlers.SelectPop<Bits32, FlatStack>(),
                _ => StackHandlers.SelectPop<Bits32, SegmentedStack>(),
            });
        }
    }

    private void EmitEnter(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        op->Immediate = (ushort)instruction.GetImmediate(0);
        op->Displacement = (byte)instruction.GetImmediate(1);
        Use(op, instruction.Code == Code.Enterw_imm16_imm8 ? Select.Rare<Enter<Bits16, SegmentedStack>>() : Select.Rare<Enter<Bits32, SegmentedStack>>());
    }

    private bool EmitTransfer(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Jmp: EmitJump(instruction); break;
            case Mnemonic.Call: EmitCall(instruction); break;
            case Mnemonic.Ret:
                Operation* op = Begin(instruction);
                if (instruction.OpCount == 1) op->Immediate = (ushort)instruction.GetImmediate(0);
                bool isWord = instruction.Code is Code.Retnw or Code.Retnw_imm16;
                End(op, Branches.SelectReturn(isWord ? OperandWidth.Word : OperandWidth.Long, IsFlatData));
                break;
            case Mnemonic.Retf:
                op = Begin(instruction);
                if (instruction.OpCount == 1) op->Immediate = (ushort)instruction.GetImmediate(0);
                End(op, instruction.Code is Code.Retfw or Code.Retfw_imm16 ? FarTransfers.SelectReturn<Bits16>() : FarTransfers.SelectReturn<Bits32>());
                break;
            case Mnemonic.Iret: End(Begin(instruction), FarTransfers.SelectInterruptReturn<Bits16>()); break;
            case Mnemonic.Iretd: End(Begin(instruction), FarTransfers.SelectInterruptReturn<Bits32>()); break;
            case Mnemonic.Loop: EmitLoop<LoopAlways>(instruction); break;
            case Mnemonic.Loope: EmitLoop<LoopWhileEqual>(instruction); break;
            case Mnemonic.Loopne: EmitLoop<LoopWhileNotEqual>(instruction); break;
            case Mnemonic.Jecxz or Mnemonic.Jcxz: EmitLoop<JumpIfCounterZero>(instruction); break;
            default: return false;
        }

        return true;
    }

    private void EmitLoop<TLoop>(in Instruction instruction) where TLoop : ILoop
    {
        Operation* op = Begin(instruction);
        bool usesCx = instruction.Code is Code.Jcxz_rel8_16 or Code.Jcxz_rel8_32
            or Code.Loop_rel8_16_CX or Code.Loop_rel8_32_CX or Code.Loope_rel8_16_CX or Code.Loope_rel8_32_CX
            or Code.Loopne_rel8_16_CX or Code.Loopne_rel8_32_CX;
        if (usesCx) op->Traits |= OperationTraits.ShortAddress;
        End(op, Branches.SelectLoop<TLoop>(), straightOn: instruction.NextIP32, taken: TargetOf(instruction));
    }

    private void EmitJump(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        switch (instruction.Op0Kind)
        {
            case OpKind.NearBranch16 or OpKind.NearBranch32:
                uint target = TargetOf(instruction);
                op->Immediate = target;
                if (IsSamePage(target)) End(op, Branches.SelectGoto(), target, target);
                else End(op, Branches.SelectJump<FromImmediate>(OperandWidth.Long));
                break;
            case OpKind.FarBranch16 or OpKind.FarBranch32:
                SetFarPointer(op, instruction);
                End(op, FarTransfers.SelectJump());
                break;
            case OpKind.Register:
                op->Source = OffsetOf(instruction.Op0Register);
                End(op, Branches.SelectJump<FromRegister>(WidthOf(instruction, 0)));
                break;
            default:
                AddressKind address = SetAddress(op, instruction);
                End(op, instruction.MemorySize switch
                {
                    MemorySize.SegPtr16 => FarTransfers.SelectJumpMemory<Bits16>(),
                    MemorySize.SegPtr32 => FarTransfers.SelectJumpMemory<Bits32>(),
                    _ => Branches.SelectJumpMemory(new OperandShape(WidthOf(instruction, 0), OperandPlace.Memory, address)),
                });
                break;
        }
    }

    private void EmitCall(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        op->Immediate = instruction.NextIP32;
        switch (instruction.Op0Kind)
        {
            case OpKind.NearBranch16:
                op->Displacement = TargetOf(instruction);
                End(op, Branches.SelectCall<FromDisplacement>(OperandWidth.Word, IsFlatData));
                break;
            case OpKind.NearBranch32:
                uint target = TargetOf(instruction);
                op->Displacement = target;
                if (IsSamePage(target)) End(op, Branches.SelectCallLinked(IsFlatData), target, target);
                else End(op, Branches.SelectCall<FromDisplacement>(OperandWidth.Long, IsFlatData));
                break;
            case OpKind.FarBranch16 or OpKind.FarBranch32:
                SetFarPointer(op, instruction);
                End(op, instruction.Op0Kind == OpKind.FarBranch16 ? FarTransfers.SelectCall<Bits16>() : FarTransfers.SelectCall<Bits32>());
                break;
            case OpKind.Register:
                op->Source = OffsetOf(instruction.Op0Register);
                End(op, Branches.SelectCall<FromRegister>(WidthOf(instruction, 0), IsFlatData));
                break;
            default:
                AddressKind address = SetAddress(op, instruction);
                if (instruction.MemorySize == MemorySize.SegPtr16) End(op, FarTransfers.SelectCallMemory<Bits16>());
                else if (instruction.MemorySize == MemorySize.SegPtr32) End(op, FarTransfers.SelectCallMemory<Bits32>());
                else End(op, Branches.SelectCallMemory(new OperandShape(WidthOf(instruction, 0), OperandPlace.Memory, address), IsFlatData));
                break;
        }
    }

    private static void SetFarPointer(Operation* op, in Instruction instruction)
    {
        op->Immediate = instruction.Op0Kind == OpKind.FarBranch16 ? instruction.FarBranch16 : instruction.FarBranch32;
        op->Displacement = instruction.FarBranchSelector;
    }

    private void EmitString(in Instruction instruction)
    {
        OperandWidth width = WidthOf(instruction.MemorySize.GetSize());
        bool repeated = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        HandlerPair handlers;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd: handlers = Strings.Select<MoveString>(width, repeated); break;
            case Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd: handlers = Strings.Select<StoreString>(width, repeated); break;
            case Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd: handlers = Strings.Select<LoadString>(width, repeated); break;
            case Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd: handlers = Strings.Select<ScanString>(width, repeated); break;
            case Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd: handlers = Strings.Select<CompareString>(width, repeated); break;
            default:
                EmitFault(instruction, Vector.GeneralProtection); // ins and outs: IOPL is 0 and there is no I/O bitmap
                return;
        }

        Operation* op = Begin(instruction);
        op->Segment = NumberOf(instruction.MemorySegment is >= Register.ES and <= Register.GS ? instruction.MemorySegment : Register.DS);
        if (instruction.HasRepnePrefix) op->Traits |= OperationTraits.RepeatWhileNotEqual;
        for (int i = 0; i < instruction.OpCount; i++)
            if (instruction.GetOpKind(i) is OpKind.MemorySegSI or OpKind.MemoryESDI) op->Traits |= OperationTraits.ShortAddress;
        Use(op, handlers);
    }
}
