using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>Single bits, exchanges that compare or add, and moves of flags.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private const int CarryBit = 0x100, PlainFlags = 0xD500, AlwaysSet = 0x200, HighByte = 0xFF00;

    /// <summary>bt: the bit is the only flag that changes.</summary>
    private bool TryBitTest(Type source)
    {
        if (Bytes != 4 || HasMemory && !TryMemory(4, write: false)) return false;
        if (source == typeof(FromImmediate))
        {
            assembler.Op(4, 0x0FBA, 4, HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Source)));
            assembler.Byte((int)op->Immediate & 31);
        }
        else if (HasMemory)
        {
            assembler.Load(Other, HostOperand.At(Address));
            assembler.Op(4, 0x0FA3, HostOf(op->Source), HostOperand.Of(Other));
        }
        else
        {
            assembler.Op(4, 0x0FA3, HostOf(op->Destination), HostOperand.Of(HostOf(op->Source)));
        }

        KeepCarry();
        return true;
    }

    /// <summary>bts, btr and btc.</summary>
    /// <param name="field">What extends the opcode of the form with an immediate: 5, 6 or 7.</param>
    /// <param name="source">Where the bit's number is.</param>
    private bool TryBitChange(int field, Type source)
    {
        if (Bytes != 4 || HasMemory && !TryMemory(4, write: true)) return false;
        HostOperand operand = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Destination));
        if (source == typeof(FromImmediate))
        {
            assembler.Op(4, 0x0FBA, field, operand);
            assembler.Byte((int)op->Immediate & 31);
        }
        else if (HasMemory)
        {
            // With memory the host's instruction would look for the bit elsewhere.
            assembler.Load(Other, operand);
            assembler.Op(4, 0x0F83 | field << 3, HostOf(op->Source), HostOperand.Of(Other));
            assembler.Store(operand, Other);
        }
        else
        {
            assembler.Op(4, 0x0F83 | field << 3, HostOf(op->Source), operand);
        }

        KeepCarry();
        return true;
    }

    /// <summary>Keeps CF of the last instruction, and all others as they were.</summary>
    private void KeepCarry()
    {
        assembler.Op(1, 0x0F92, 0, HostOperand.Of(Third));
        assembler.Op(4, 0x0FB6, Third, HostOperand.Of(Third));
        assembler.Shift(4, 4, HostOperand.Of(Third), 8);
        assembler.Arithmetic(4, 4, HostOperand.Of(Flags), ~CarryBit);
        assembler.Op(4, 0x0B, Flags, HostOperand.Of(Third));
        flagsAtHand = false;
    }

    /// <summary>cmpxchg: not locked, since there is one CPU.</summary>
    private bool TryCompareExchange()
    {
        if (Bytes != 4 || HasMemory && !TryMemory(4, write: true)) return false;
        HostOperand operand = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Destination));
        assembler.Load(Other, operand);
        assembler.Op(4, 0x3B, Eax, HostOperand.Of(Other));
        KeepFlags();
        assembler.Move(Third, Other);
        assembler.Op(4, 0x0F44, Third, HostOperand.Of(HostOf(op->Source)));
        assembler.Store(operand, Third);
        assembler.Op(4, 0x0F45, Eax, HostOperand.Of(Other));
        return true;
    }

    /// <summary>xadd.</summary>
    private bool TryExchangeAdd()
    {
        if (Bytes != 4 || HasMemory && !TryMemory(4, write: true)) return false;
        HostOperand operand = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Destination));
        assembler.Load(Other, operand);
        assembler.Move(Third, Other);
        assembler.Op(4, 0x03, Third, HostOperand.Of(HostOf(op->Source)));
        KeepFlags();
        assembler.Move(HostOf(op->Source), Other);
        assembler.Store(operand, Third);
        return true;
    }

    /// <summary>clc, stc, cmc, lahf and sahf: the flags are in rax as lahf shows them.</summary>
    private bool TryFlagMove(Type action)
    {
        HostOperand flags = HostOperand.Of(Flags);
        if (action == typeof(ClearCarry))
        {
            assembler.Arithmetic(4, 4, flags, ~CarryBit);
        }
        else if (action == typeof(SetCarry))
        {
            assembler.Arithmetic(4, 1, flags, CarryBit);
        }
        else if (action == typeof(ComplementCarry))
        {
            assembler.Arithmetic(4, 6, flags, CarryBit);
        }
        else if (action == typeof(LoadFlags))
        {
            assembler.Move(Other, Flags);
            assembler.Arithmetic(4, 4, HostOperand.Of(Other), PlainFlags);
            assembler.Arithmetic(4, 1, HostOperand.Of(Other), AlwaysSet);
            assembler.Arithmetic(4, 4, HostOperand.Of(Eax), ~HighByte);
            assembler.Op(4, 0x0B, Eax, HostOperand.Of(Other));
        }
        else if (action == typeof(StoreFlags))
        {
            assembler.Move(Other, Eax);
            assembler.Arithmetic(4, 4, HostOperand.Of(Other), PlainFlags);
            assembler.Arithmetic(4, 4, flags, 0xFF);
            assembler.Op(4, 0x0B, Flags, HostOperand.Of(Other));
        }
        else
        {
            return false;
        }

        flagsAtHand = keepsFlagsAtHand = false;
        return true;
    }
}
