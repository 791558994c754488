using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a decoded instruction to its operation: general instructions.</summary>
internal sealed unsafe partial class Translator
{
    private void Emit(in Instruction instruction, bool flags)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Add: EmitBinary<Add>(instruction, flags); break;
            case Mnemonic.Or: EmitBinary<Or>(instruction, flags); break;
            case Mnemonic.Adc: EmitBinary<AddWithCarry>(instruction, flags); break;
            case Mnemonic.Sbb: EmitBinary<SubtractWithBorrow>(instruction, flags); break;
            case Mnemonic.And: EmitBinary<And>(instruction, flags); break;
            case Mnemonic.Sub: EmitBinary<Subtract>(instruction, flags); break;
            case Mnemonic.Xor: EmitBinary<Xor>(instruction, flags); break;
            case Mnemonic.Cmp: EmitBinary<Compare>(instruction, flags); break;
            case Mnemonic.Test: EmitBinary<Test>(instruction, flags); break;
            case Mnemonic.Inc: EmitModify<Increment>(instruction, flags); break;
            case Mnemonic.Dec: EmitModify<Decrement>(instruction, flags); break;
            case Mnemonic.Neg: EmitModify<Negate>(instruction, flags); break;
            case Mnemonic.Not: EmitModify<Complement, FlagsUnseen>(instruction); break;
            case Mnemonic.Shl or Mnemonic.Sal: EmitShift<ShiftLeft>(instruction, flags); break;
            case Mnemonic.Shr: EmitShift<ShiftRight>(instruction, flags); break;
            case Mnemonic.Sar: EmitShift<ShiftArithmeticRight>(instruction, flags); break;
            case Mnemonic.Rol: EmitShift<RotateLeft>(instruction, flags); break;
            case Mnemonic.Ror: EmitShift<RotateRight>(instruction, flags); break;
            case Mnemonic.Rcl: EmitShift<RotateCarryLeft>(instruction, flags); break;
            case Mnemonic.Rcr: EmitShift<RotateCarryRight>(instruction, flags); break;
            case Mnemonic.Shld: EmitDoubleShift<ShiftLeftDouble<FromImmediate>, ShiftLeftDouble<FromRegister>>(instruction); break;
            case Mnemonic.Shrd: EmitDoubleShift<ShiftRightDouble<FromImmediate>, ShiftRightDouble<FromRegister>>(instruction); break;
            case Mnemonic.Bt: EmitBitTest(instruction); break;
            case Mnemonic.Bts: EmitBitChange<BitSet<FromImmediate>, BitSet<FromRegister>>(instruction); break;
            case Mnemonic.Btr: EmitBitChange<BitReset<FromImmediate>, BitReset<FromRegister>>(instruction); break;
            case Mnemonic.Btc: EmitBitChange<BitComplement<FromImmediate>, BitComplement<FromRegister>>(instruction); break;
            case Mnemonic.Bsf: EmitRead<BitScanForward, FlagsSeen>(instruction, 0, 1); break;
            case Mnemonic.Bsr: EmitRead<BitScanReverse, FlagsSeen>(instruction, 0, 1); break;
            case Mnemonic.Mul: EmitRead<MultiplyUnsigned>(instruction, flags); break;
            case Mnemonic.Imul: EmitSignedMultiply(instruction, flags); break;
            case Mnemonic.Div: EmitRead<DivideUnsigned>(instruction, flags); break;
            case Mnemonic.Idiv: EmitRead<DivideSigned>(instruction, flags); break;
            case Mnemonic.Xadd: EmitModifyWithRegister<ExchangeAdd>(instruction); break;
            case Mnemonic.Cmpxchg: EmitModifyWithRegister<CompareExchange>(instruction); break;
            case Mnemonic.Cmpxchg8b: EmitWithAddress(instruction, Select.Rare<CompareExchange8Bytes>()); break;
            case Mnemonic.Xchg: EmitModifyWithRegister<Exchange>(instruction); break;
            case Mnemonic.Bswap: EmitModify<SwapBytes, FlagsUnseen>(instruction); break;
            case Mnemonic.Mov: EmitMove(instruction); break;
            case Mnemonic.Movzx: EmitExtend<MoveZeroExtended<Bits16>, MoveZeroExtended<Bits32>>(instruction); break;
            case Mnemonic.Movsx: EmitExtend<MoveSignExtended<Bits16>, MoveSignExtended<Bits32>>(instruction); break;
            case Mnemonic.Lea: EmitLoadEffectiveAddress(instruction); break;
            case Mnemonic.Cbw: EmitPlain<ConvertByteToWord>(instruction); break;
            case Mnemonic.Cwde: EmitPlain<ConvertWordToLong>(instruction); break;
            case Mnemonic.Cwd: EmitPlain<SpreadWordSign>(instruction); break;
            case Mnemonic.Cdq: EmitPlain<SpreadLongSign>(instruction); break;
            case Mnemonic.Xlatb: EmitTranslateByte(instruction); break;
            case Mnemonic.Nop or Mnemonic.Pause or Mnemonic.Reservednop: EmitPlain<NoOperation>(instruction); break;
            case Mnemonic.Daa: EmitPlain<AdjustPacked<Add>>(instruction); break;
            case Mnemonic.Das: EmitPlain<AdjustPacked<Subtract>>(instruction); break;
            case Mnemonic.Aaa: EmitPlain<AdjustUnpacked<Add>>(instruction); break;
            case Mnemonic.Aas: EmitPlain<AdjustUnpacked<Subtract>>(instruction); break;
            case Mnemonic.Aam: EmitImmediate(instruction, Select.Plain<AdjustMultiply>()); break;
            case Mnemonic.Aad: EmitImmediate(instruction, Select.Plain<AdjustDivide>()); break;
            case Mnemonic.Clc: EmitPlain<ClearCarry>(instruction); break;
            case Mnemonic.Stc: EmitPlain<SetCarry>(instruction); break;
            case Mnemonic.Cmc: EmitPlain<ComplementCarry>(instruction); break;
            case Mnemonic.Cld: EmitPlain<ClearDirection>(instruction); break;
            case Mnemonic.Std: EmitPlain<SetDirection>(instruction); break;
            case Mnemonic.Lahf: EmitPlain<LoadFlags>(instruction); break;
            case Mnemonic.Sahf: EmitPlain<StoreFlags>(instruction); break;
            case Mnemonic.Salc: EmitPlain<SpreadCarry>(instruction); break;
            default:
                if (instruction.IsJccShortOrNear) EmitBranch(instruction);
                else if (instruction.ConditionCode != ConditionCode.None && EmitConditional(instruction)) return;
                else if (instruction.IsStringInstruction) EmitString(instruction);
                else if (!EmitStack(instruction) && !EmitTransfer(instruction) && !EmitVector(instruction)) EmitSystem(instruction);
                break;
        }
    }

    private void EmitBinary<TOp>(in Instruction instruction, bool flags) where TOp : IBinary
    {
        Operation* op = Begin(instruction);
        OperandWidth width = WidthOf(instruction, 0);
        if (PlaceOf(instruction, 0) == OperandPlace.Register)
        {
            op->Destination = OffsetOf(instruction.Op0Register);
            Use(op, Select.Read<IntoRegister<TOp>>(SetSource(op, instruction, 1, width), flags));
            return;
        }

        OperandPlace source = SetSource(op, instruction, 1, width).Place;
        OperandShape shape = SetDestination(op, instruction, 0, width);
        if (source == OperandPlace.Immediate)
            Use(op, TOp.KeepsResult ? Select.Modify<IntoMemory<TOp, FromImmediate>>(shape, flags) : Select.Read<AgainstMemory<TOp, FromImmediate>>(shape, flags));
        else
            Use(op, TOp.KeepsResult ? Select.Modify<IntoMemory<TOp, FromRegister>>(shape, flags) : Select.Read<AgainstMemory<TOp, FromRegister>>(shape, flags));
    }

    private void EmitModify<TAction>(in Instruction instruction, bool flags) where TAction : IModifies
    {
        Operation* op = Begin(instruction);
        Use(op, Select.Modify<TAction>(SetDestination(op, instruction, 0, WidthOf(instruction, 0)), flags));
    }

    private void EmitModify<TAction, TFlags>(in Instruction instruction) where TAction : IModifies where TFlags : IFlags
    {
        Operation* op = Begin(instruction);
        Use(op, Select.Modify<TAction, TFlags>(SetDestination(op, instruction, 0, WidthOf(instruction, 0))));
    }

    /// <summary>A destination that is modified, and a register that the action looks at itself.</summary>
    private void EmitModifyWithRegister<TAction>(in Instruction instruction) where TAction : IModifies
    {
        Operation* op = Begin(instruction);

        // xchg is its own mirror image: memory may be either operand.
        int destination = instruction.Op1Kind == OpKind.Memory ? 1 : 0;
        op->Source = OffsetOf(instruction.GetOpRegister(1 - destination));
        Use(op, Select.Modify<TAction, FlagsSeen>(SetDestination(op, instruction, destination, WidthOf(instruction, destination))));
    }

    private void EmitShift<TShift>(in Instruction instruction, bool flags) where TShift : IShift
    {
        Operation* op = Begin(instruction);
        OperandShape shape = SetDestination(op, instruction, 0, WidthOf(instruction, 0));
        if (instruction.Op1Kind == OpKind.Register)
        {
            op->Source = RegisterOffset.Ecx;
            Use(op, Select.Modify<Shifted<TShift, FromRegister>>(shape, flags));
        }
        else
        {
            op->Immediate = (uint)instruction.GetImmediate(1);
            Use(op, Select.Modify<Shifted<TShift, FromImmediate>>(shape, flags));
        }
    }

    private void EmitDoubleShift<TByImmediate, TByCl>(in Instruction instruction) where TByImmediate : IModifies where TByCl : IModifies
    {
        Operation* op = Begin(instruction);
        OperandShape shape = SetDestination(op, instruction, 0, WidthOf(instruction, 0));
        op->Source = OffsetOf(instruction.Op1Register);
        bool byCl = instruction.Op2Kind == OpKind.Register;
        if (!byCl) op->Immediate = (uint)instruction.GetImmediate(2);
        Use(op, byCl ? SelectWordOrLong<TByCl>(shape) : SelectWordOrLong<TByImmediate>(shape));
    }

    private void EmitBitTest(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        OperandWidth width = WidthOf(instruction, 0);
        bool isWord = width == OperandWidth.Word;
        if (instruction.Op1Kind != OpKind.Register)
        {
            op->Immediate = (uint)instruction.GetImmediate(1);
            OperandShape shape = SetSource(op, instruction, 0, width);
            Use(op, isWord ? Select.Read<BitTest<FromImmediate>, FlagsSeen, Bits16>(shape) : Select.Read<BitTest<FromImmediate>, FlagsSeen, Bits32>(shape));
        }
        else if (instruction.Op0Kind == OpKind.Memory)
        {
            op->Source = OffsetOf(instruction.Op1Register);
            SetAddress(op, instruction);
            Use(op, isWord
                ? Select.ReadMemory<BitTest<FromRegister>, FlagsSeen, Bits16, BitString<Bits16>>()
                : Select.ReadMemory<BitTest<FromRegister>, FlagsSeen, Bits32, BitString<Bits32>>());
        }
        else
        {
            // Both operands are registers: the value is what a reading action gets, so the bit number is looked up by its own name.
            op->Source = OffsetOf(instruction.Op0Register);
            op->Destination = OffsetOf(instruction.Op1Register);
            Use(op, isWord
                ? Select.ReadFrom<BitTest<FromDestination>, FlagsSeen, Bits16, FromRegister>()
                : Select.ReadFrom<BitTest<FromDestination>, FlagsSeen, Bits32, FromRegister>());
        }
    }

    private void EmitBitChange<TByImmediate, TByRegister>(in Instruction instruction) where TByImmediate : IModifies where TByRegister : IModifies
    {
        Operation* op = Begin(instruction);
        OperandShape shape = SetDestination(op, instruction, 0, WidthOf(instruction, 0));
        bool byRegister = instruction.Op1Kind == OpKind.Register;
        if (byRegister) op->Source = OffsetOf(instruction.Op1Register);
        else op->Immediate = (uint)instruction.GetImmediate(1);

        if (!byRegister) Use(op, SelectWordOrLong<TByImmediate>(shape));
        else if (shape.Place == OperandPlace.Register) Use(op, SelectWordOrLong<TByRegister>(shape));
        else if (shape.Width == OperandWidth.Word) Use(op, Select.ModifyMemory<TByRegister, FlagsSeen, Bits16, BitString<Bits16>>());
        else Use(op, Select.ModifyMemory<TByRegister, FlagsSeen, Bits32, BitString<Bits32>>());
    }

    /// <summary>For instructions without a byte form whose flags are always kept.</summary>
    private static HandlerPair SelectWordOrLong<TAction>(OperandShape shape) where TAction : IModifies => shape.Width == OperandWidth.Word
        ? Select.Modify<TAction, FlagsSeen, Bits16>(shape)
        : Select.Modify<TAction, FlagsSeen, Bits32>(shape);

    /// <summary>One operand, read.</summary>
    private void EmitRead<TAction>(in Instruction instruction, bool flags) where TAction : IReads
    {
        Operation* op = Begin(instruction);
        Use(op, Select.Read<TAction>(SetSource(op, instruction, 0, WidthOf(instruction, 0)), flags));
    }

    /// <summary>A register destination and a source.</summary>
    private void EmitRead<TAction, TFlags>(in Instruction instruction, int destination, int source) where TAction : IReads where TFlags : IFlags
    {
        Operation* op = Begin(instruction);
        op->Destination = OffsetOf(instruction.GetOpRegister(destination));
        Use(op, Select.Read<TAction, TFlags>(SetSource(op, instruction, source, WidthOf(instruction, destination))));
    }

    private void EmitSignedMultiply(in Instruction instruction, bool flags)
    {
        if (instruction.OpCount == 1)
        {
            EmitRead<MultiplySigned>(instruction, flags);
            return;
        }

        Operation* op = Begin(instruction);
        OperandWidth width = WidthOf(instruction, 0);
        op->Destination = OffsetOf(instruction.Op0Register);
        OperandShape shape = SetSource(op, instruction, 1, width);
        if (instruction.OpCount == 3) op->Immediate = Truncated(instruction.GetImmediate(2), width);
        Use(op, instruction.OpCount == 3 ? Select.Read<MultiplyByImmediate>(shape, flags) : Select.Read<MultiplyInto>(shape, flags));
    }

    private void EmitMove(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        OperandWidth width = WidthOf(instruction, 0);
        if (IsSegmentRegister(instruction, 0))
        {
            op->Immediate = NumberOf(instruction.Op0Register);
            OperandShape shape = SetSource(op, instruction, 1, OperandWidth.Word);
            Use(op, Select.Read<LoadSelector, FlagsUnseen, Bits16>(shape));
            changesMode = true;
        }
        else if (IsSegmentRegister(instruction, 1))
        {
            op->Immediate = NumberOf(instruction.Op1Register);
            OperandShape shape = SetDestination(op, instruction, 0, width);

            // To a register of 32 bits the selector is zero-extended; memory gets 16 bits whatever the prefix says.
            Use(op, shape.Place == OperandPlace.Memory || width == OperandWidth.Word
                ? Select.Write<StoreSelector, Bits16>(shape)
                : Select.Write<StoreSelector, Bits32>(shape));
        }
        else if (PlaceOf(instruction, 0) == OperandPlace.Memory)
        {
            OperandPlace source = SetSource(op, instruction, 1, width).Place;
            OperandShape shape = SetDestination(op, instruction, 0, width);
            Use(op, source == OperandPlace.Immediate ? Select.Write<Store<FromImmediate>>(shape) : Select.Write<Store<FromRegister>>(shape));
        }
        else if (IsControlRegister(instruction, 0) || IsControlRegister(instruction, 1))
        {
            EmitFaultInto(op, Vector.GeneralProtection);
        }
        else
        {
            op->Destination = OffsetOf(instruction.Op0Register);
            Use(op, Select.Read<Move, FlagsUnseen>(SetSource(op, instruction, 1, width)));
        }
    }

    private static bool IsSegmentRegister(in Instruction instruction, int operand) =>
        instruction.GetOpKind(operand) == OpKind.Register && instruction.GetOpRegister(operand) is >= Register.ES and <= Register.GS;

    private static bool IsControlRegister(in Instruction instruction, int operand) =>
        instruction.GetOpKind(operand) == OpKind.Register && instruction.GetOpRegister(operand) is >= Register.CR0 and <= Register.TR7;

    private void EmitExtend<TToWord, TToLong>(in Instruction instruction) where TToWord : IReads where TToLong : IReads
    {
        Operation* op = Begin(instruction);
        op->Destination = OffsetOf(instruction.Op0Register);
        bool toWord = WidthOf(instruction, 0) == OperandWidth.Word;
        OperandShape shape = SetSource(op, instruction, 1, WidthOf(instruction, 1));
        Use(op, (toWord, shape.Width) switch
        {
            (true, OperandWidth.Byte) => Select.Read<TToWord, FlagsUnseen, Bits8>(shape),
            (true, _) => Select.Read<TToWord, FlagsUnseen, Bits16>(shape),
            (_, OperandWidth.Byte) => Select.Read<TToLong, FlagsUnseen, Bits8>(shape),
            _ => Select.Read<TToLong, FlagsUnseen, Bits16>(shape),
        });
    }

    private void EmitLoadEffectiveAddress(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        op->Destination = OffsetOf(instruction.Op0Register);
        SetAddress(op, instruction);
        bool toWord = WidthOf(instruction, 0) == OperandWidth.Word;
        if ((op->Traits & OperationTraits.ShortAddress) != 0 || toWord)
            Use(op, toWord ? Select.WriteRegister<LoadEffectiveAddress<Segmented>, Bits16>() : Select.WriteRegister<LoadEffectiveAddress<Segmented>, Bits32>());
        else if (instruction.MemoryIndex == Register.None)
            Use(op, Select.WriteRegister<LoadEffectiveAddress<FlatBase>, Bits32>());
        else
            Use(op, Select.WriteRegister<LoadEffectiveAddress<FlatIndexed>, Bits32>());
    }

    private void EmitTranslateByte(in Instruction instruction)
    {
        Operation* op = Begin(instruction);
        op->Segment = NumberOf(instruction.MemorySegment);
        if (instruction.MemoryBase == Register.BX) op->Traits |= OperationTraits.ShortAddress;
        Use(op, Select.Rare<TranslateByte>());
    }

    private void EmitPlain<TAction>(in Instruction instruction) where TAction : IPlain => Use(Begin(instruction), Select.Plain<TAction>());

    private void EmitImmediate(in Instruction instruction, HandlerPair handlers)
    {
        Operation* op = Begin(instruction);
        op->Immediate = (uint)instruction.GetImmediate(0);
        Use(op, handlers);
    }

    /// <summary>An instruction that reaches its memory operand by itself; its register operand, if any, is the destination.</summary>
    private Operation* EmitWithAddress(in Instruction instruction, HandlerPair handlers)
    {
        Operation* op = Begin(instruction);
        if (instruction.Op0Kind == OpKind.Register) op->Destination = OffsetOf(instruction.Op0Register);
        SetAddress(op, instruction);
        Use(op, handlers);
        return op;
    }

    private void EmitFault(in Instruction instruction, byte vector) => EmitFaultInto(Begin(instruction), vector);

    private void EmitFaultInto(Operation* op, byte vector)
    {
        op->Immediate = vector;
        End(op, SystemHandlers.SelectRaiseFault());
    }

    /// <summary>setcc and cmovcc.</summary>
    /// <returns>False if it is something else.</returns>
    private bool EmitConditional(in Instruction instruction)
    {
        int condition = (int)instruction.ConditionCode - 1;
        Operation* op;
        if (instruction.OpCount == 1 && instruction.Op0Kind is OpKind.Memory or OpKind.Register)
        {
            op = Begin(instruction);
            Use(op, Conditional.SelectSet(condition, SetDestination(op, instruction, 0, OperandWidth.Byte)));
            return true;
        }

        if (instruction.OpCount != 2 || instruction.Op0Kind != OpKind.Register) return false;
        OperandWidth width = WidthOf(instruction, 0);
        op = Begin(instruction);
        op->Destination = OffsetOf(instruction.Op0Register);
        Use(op, Conditional.SelectMove(condition, SetSource(op, instruction, 1, width)));
        return true;
    }
}
