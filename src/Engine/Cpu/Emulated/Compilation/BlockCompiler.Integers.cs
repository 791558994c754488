using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>Moves and integer instructions.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private const int Adc = 2, Sbb = 3, Cmp = 7, Test = 8;

    /// <summary>The numbers of the two-operand instructions in opcodes; and one for test, which has opcodes of its own.</summary>
    private static int NumberOf(Type operation) =>
        operation == typeof(Add) ? 0 : operation == typeof(Or) ? 1 : operation == typeof(AddWithCarry) ? Adc : operation == typeof(SubtractWithBorrow) ? Sbb
        : operation == typeof(And) ? 4 : operation == typeof(Subtract) ? 5 : operation == typeof(Xor) ? 6
        : operation == typeof(Compare) || operation == typeof(FusedCompare) ? Cmp : Test;

    private static bool Is(Type? type, Type generic) => type is { IsGenericType: true } && type.GetGenericTypeDefinition() == generic;

    /// <summary>The condition code in an action such as <c>MoveIf&lt;Below&gt;</c>.</summary>
    private static int ConditionOf(Type action)
    {
        Type condition = action.GenericTypeArguments[0];
        bool negated = Is(condition, typeof(Not<>));
        if (negated) condition = condition.GenericTypeArguments[0];
        int code = condition == typeof(Overflow) ? 0 : condition == typeof(Below) ? 2 : condition == typeof(Equal) ? 4 : condition == typeof(BelowOrEqual) ? 6
            : condition == typeof(Negative) ? 8 : condition == typeof(ParityEven) ? 10 : condition == typeof(Less) ? 12 : 14;
        return negated ? code + 1 : code;
    }

    private bool TryEmitRead()
    {
        Type action = meaning.Action!;
        bool immediate = meaning.Source == typeof(FromImmediate);
        if (Is(action, typeof(IntoRegister<>)))
        {
            if (HasMemory && !TryMemory(Bytes, write: false)) return false;
            if (!HasMemory && meaning.Source != typeof(FromRegister) && !immediate) return false;
            IntoRegister(NumberOf(action.GenericTypeArguments[0]), immediate, meaning.FlagsSeen);
            return true;
        }

        if (Is(action, typeof(AgainstMemory<,>)))
        {
            if (!TryMemory(Bytes, write: false)) return false;
            AgainstMemory(NumberOf(action.GenericTypeArguments[0]), action.GenericTypeArguments[1] == typeof(FromImmediate), meaning.FlagsSeen);
            return true;
        }

        if (action == typeof(Move)) return TryMove(immediate);
        if (Is(action, typeof(MoveZeroExtended<>))) return TryExtend(action.GenericTypeArguments[0] == typeof(Bits32), signed: false);
        if (Is(action, typeof(MoveSignExtended<>))) return TryExtend(action.GenericTypeArguments[0] == typeof(Bits32), signed: true);
        if (Is(action, typeof(MoveIf<>))) return TryMoveIf();
        if (action == typeof(MultiplyInto) || action == typeof(MultiplyByImmediate)) return TryMultiply(action == typeof(MultiplyByImmediate));
        if (action == typeof(MultiplyUnsigned)) return TryWideMultiply(signed: false);
        if (action == typeof(MultiplySigned)) return TryWideMultiply(signed: true);
        if (action == typeof(DivideUnsigned) || action == typeof(DivideSigned)) return TryDivide(action == typeof(DivideSigned));
        if (Is(action, typeof(BitTest<>))) return TryBitTest(action.GenericTypeArguments[0]);
        if (action == typeof(BitScanForward) || action == typeof(BitScanReverse)) return TryBitScan(action == typeof(BitScanReverse));
        return false;
    }

    /// <summary>register op= register, immediate or the checked memory.</summary>
    private void IntoRegister(int number, bool immediate, bool flags)
    {
        bool high = IsHigh(op->Destination);
        HostOperand source = HasMemory ? HostOperand.At(Address) : immediate ? default : Register(op->Source, Other);
        HostOperand destination = Register(op->Destination, Third);
        if (number is Adc or Sbb) BringBackCarry();
        if (immediate) Arithmetic(number, destination);
        else if (number == Test) assembler.Sized(Bytes, 0x85, destination.Register, source);
        else assembler.Sized(Bytes, number << 3 | 3, destination.Register, source);
        if (flags) KeepFlags();
        if (high && number < Cmp) WriteBack(op->Destination);
    }

    private void Arithmetic(int number, in HostOperand destination)
    {
        if (number == Test)
        {
            assembler.Sized(Bytes, 0xF7, 0, destination, fieldIsRegister: false);
            assembler.Immediate(Bytes, (int)op->Immediate);
        }
        else
        {
            int value = Bytes == 1 ? (sbyte)op->Immediate : Bytes == 2 ? (short)op->Immediate : (int)op->Immediate;
            assembler.Arithmetic(Bytes, number, destination, value);
        }
    }

    /// <summary>The checked memory op register or immediate.</summary>
    private void AgainstMemory(int number, bool immediate, bool flags)
    {
        HostOperand memory = HostOperand.At(Address);
        HostOperand source = immediate ? default : Register(op->Source, Other);
        if (number is Adc or Sbb) BringBackCarry();
        if (immediate) Arithmetic(number, memory);
        else assembler.Sized(Bytes, number == Test ? 0x85 : number << 3 | 1, source.Register, memory);
        if (flags) KeepFlags();
    }

    private bool TryMove(bool immediate)
    {
        if (HasMemory)
        {
            if (!TryMemory(Bytes, write: false)) return false;
            MoveInto(HostOperand.At(Address));
        }
        else if (!immediate)
        {
            keepsFlagsAtHand = !IsHigh(op->Source) && !IsHigh(op->Destination);
            MoveInto(Register(op->Source, Other));
        }
        else if (Bytes == 4)
        {
            keepsFlagsAtHand = true;
            assembler.MoveImmediate(HostOf(op->Destination), op->Immediate);
        }
        else
        {
            keepsFlagsAtHand = !IsHigh(op->Destination);
            int to = IsHigh(op->Destination) ? Third : HostOf(op->Destination);
            assembler.Sized(Bytes, 0xC7, 0, HostOperand.Of(to), fieldIsRegister: false);
            assembler.Immediate(Bytes, (int)op->Immediate);
            WriteBack(op->Destination);
        }

        return true;
    }

    private void MoveInto(in HostOperand source)
    {
        assembler.Sized(Bytes, 0x8B, IsHigh(op->Destination) && Bytes == 1 ? Third : HostOf(op->Destination), source);
        if (Bytes == 1) WriteBack(op->Destination);
    }

    /// <summary>movzx and movsx; the meaning's width is the source's.</summary>
    private bool TryExtend(bool to32, bool signed)
    {
        HostOperand source;
        if (HasMemory)
        {
            if (!TryMemory(Bytes, write: false)) return false;
            source = HostOperand.At(Address);
        }
        else
        {
            keepsFlagsAtHand = !IsHigh(op->Source);
            source = Register(op->Source, Other);
        }

        int opcode = (Bytes, signed) switch { (1, false) => 0x0FB6, (1, true) => 0x0FBE, (_, false) => 0x0FB7, _ => 0x0FBF };
        assembler.Op(to32 ? 4 : 2, opcode, HostOf(op->Destination), source);
        return true;
    }

    private bool TryMoveIf()
    {
        if (Bytes == 1) return false;
        int condition = ConditionOf(meaning.Action!);
        if (HasMemory && !TryMemory(Bytes, write: false)) return false;
        BringBackFlags(condition);
        assembler.Op(Bytes, 0x0F40 | condition, HostOf(op->Destination), HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Source)));
        return true;
    }

    private bool TryEmitWrite()
    {
        Type action = meaning.Action!;
        if (Is(action, typeof(LoadEffectiveAddress<>)))
        {
            if (Bytes != 4 || (op->Traits & OperationTraits.ShortAddress) != 0) return false;
            keepsFlagsAtHand = true;
            TryAddress(AddressKind.FlatIndexed);
            assembler.Move(HostOf(op->Destination), Address);
            return true;
        }

        if (Is(action, typeof(SetIf<>)))
        {
            int condition = ConditionOf(action);
            if (HasMemory && !TryMemory(1, write: true)) return false;
            bool high = !HasMemory && IsHigh(op->Destination);
            BringBackFlags(condition);
            assembler.Op(1, 0x0F90 | condition, 0, HasMemory ? HostOperand.At(Address) : HostOperand.Of(high ? Third : HostOf(op->Destination)));
            if (high) WriteBack(op->Destination);
            return true;
        }

        if (!Is(action, typeof(Store<>)) || !HasMemory || !TryMemory(Bytes, write: true)) return false;
        if (action.GenericTypeArguments[0] == typeof(FromImmediate))
        {
            assembler.Sized(Bytes, 0xC7, 0, HostOperand.At(Address), fieldIsRegister: false);
            assembler.Immediate(Bytes, (int)op->Immediate);
        }
        else
        {
            assembler.Sized(Bytes, 0x89, Register(op->Source, Other).Register, HostOperand.At(Address));
        }

        return true;
    }

    private bool TryEmitModify()
    {
        Type action = meaning.Action!;
        if (Is(action, typeof(Shifted<,>))) return TryShift(action.GenericTypeArguments[0], action.GenericTypeArguments[1] == typeof(FromImmediate));
        if (Is(action, typeof(ShiftLeftDouble<>)) || Is(action, typeof(ShiftRightDouble<>)))
            return TryDoubleShift(Is(action, typeof(ShiftLeftDouble<>)), action.GenericTypeArguments[0] == typeof(FromImmediate));
        if (Is(action, typeof(IntoMemory<,>)))
        {
            if (!HasMemory || !TryMemory(Bytes, write: true)) return false;
            AgainstMemory(NumberOf(action.GenericTypeArguments[0]), action.GenericTypeArguments[1] == typeof(FromImmediate), meaning.FlagsSeen);
            return true;
        }

        if (Is(action, typeof(BitSet<>))) return TryBitChange(5, action.GenericTypeArguments[0]);
        if (Is(action, typeof(BitReset<>))) return TryBitChange(6, action.GenericTypeArguments[0]);
        if (Is(action, typeof(BitComplement<>))) return TryBitChange(7, action.GenericTypeArguments[0]);
        if (action == typeof(CompareExchange)) return TryCompareExchange();
        if (action == typeof(ExchangeAdd)) return TryExchangeAdd();

        (int opcode, int field) = action == typeof(Increment) ? (0xFF, 0) : action == typeof(Decrement) ? (0xFF, 1)
            : action == typeof(Negate) ? (0xF7, 3) : action == typeof(Complement) ? (0xF7, 2) : (0, 0);
        bool exchanges = action == typeof(Exchange), swaps = action == typeof(SwapBytes);
        if (opcode == 0 && !exchanges && !swaps) return false;
        if (HasMemory && !TryMemory(Bytes, write: true)) return false;
        if (exchanges) return TryExchange();
        if (swaps) return TrySwapBytes();

        HostOperand operand = HasMemory ? HostOperand.At(Address) : Register(op->Destination, Third);
        bool counts = opcode == 0xFF;
        if (counts && meaning.FlagsSeen) BringBackCarry();
        assembler.Sized(Bytes, opcode, field, operand, fieldIsRegister: false);
        if (meaning.FlagsSeen) KeepFlags();
        if (!HasMemory) WriteBack(op->Destination);
        return true;
    }

    private bool TryExchange()
    {
        if (IsHigh(op->Source) || !HasMemory && IsHigh(op->Destination)) return false;
        // With memory this would lock the host's bus, for nothing: there is one CPU.
        HostOperand destination = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Destination));
        int source = HostOf(op->Source);
        assembler.Sized(Bytes, 0x8B, Other, destination);
        assembler.Sized(Bytes, 0x89, source, destination);
        assembler.Sized(Bytes, 0x8B, source, HostOperand.Of(Other));
        return true;
    }

    private bool TrySwapBytes()
    {
        if (Bytes != 4 || HasMemory) return false;
        int register = HostOf(op->Destination);
        if (register > 7) assembler.Byte(0x41);
        assembler.Byte(0x0F);
        assembler.Byte(0xC8 | register & 7);
        keepsFlagsAtHand = true;
        return true;
    }

    private bool TryEmitPlain()
    {
        Type action = meaning.Action!;
        keepsFlagsAtHand = true;
        if (action == typeof(NoOperation)) return true;
        if (action == typeof(ConvertWordToLong))
        {
            assembler.Op(4, 0x0FBF, Eax, HostOperand.Of(Eax));
        }
        else if (action == typeof(ConvertByteToWord))
        {
            assembler.Op(2, 0x0FBE, Eax, HostOperand.Of(Eax));
        }
        else if (action == typeof(SpreadLongSign))
        {
            keepsFlagsAtHand = false;
            assembler.Move(Edx, Eax);
            assembler.Shift(4, 7, HostOperand.Of(Edx), 31);
        }
        else if (action == typeof(ClearDirection))
        {
            keepsFlagsAtHand = false;
            assembler.Arithmetic(4, 4, InState(EflagsOffset), unchecked((int)~Eflags.Direction));
        }
        else
        {
            return TryFlagMove(action);
        }

        return true;
    }
}
