using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>Shifts, multiplication and division: where a processor leaves flags undefined, these are what the handlers make them.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private const int Shl = 4, Shr = 5, Sar = 7;

    private bool TryShift(Type shift, bool immediate)
    {
        int number = shift == typeof(RotateLeft) ? 0 : shift == typeof(RotateRight) ? 1 : shift == typeof(ShiftLeft) ? Shl
            : shift == typeof(ShiftRight) ? Shr : shift == typeof(ShiftArithmeticRight) ? Sar : -1;
        int count = (int)op->Immediate & 31;
        if (shift == typeof(RotateCarryLeft) || shift == typeof(RotateCarryRight)) return TryRotateCarry(shift == typeof(RotateCarryLeft), immediate && count == 1);
        if (number < 0) return false;
        if (meaning.FlagsSeen && number < Shl) return TryRotate(number, immediate, count);
        if (meaning.FlagsSeen && Bytes < 4 && (!immediate || count >= Bytes * 8)) return false;
        if (HasMemory && !TryMemory(Bytes, write: true)) return false;
        if (immediate && count == 0) return true;

        HostOperand operand = HasMemory ? HostOperand.At(Address) : Register(op->Destination, Third);
        int skip = -1;
        if (!immediate && meaning.FlagsSeen) skip = SkipIfNoCount();
        if (meaning.FlagsSeen && number == Shr)
        {
            if (Bytes == 4) assembler.Load(Other, operand);
            else assembler.Op(4, Bytes == 1 ? 0x0FB6 : 0x0FB7, Other, operand);
            assembler.Shift(4, 5, HostOperand.Of(Other), Bytes * 8 - 1);
        }

        if (immediate) assembler.Shift(Bytes, number, operand, count);
        else assembler.Sized(Bytes, 0xD3, number, operand, fieldIsRegister: false);
        if (meaning.FlagsSeen)
        {
            KeepPlainFlags(carry: true);
            if (number == Shl)
            {
                // OF is SF xor CF, which are bits 15 and 8 here.
                assembler.Move(Other, Flags);
                assembler.Shift(4, 5, HostOperand.Of(Other), 7);
                assembler.Op(4, 0x33, Other, HostOperand.Of(Flags));
                assembler.Shift(4, 5, HostOperand.Of(Other), 8);
                assembler.Arithmetic(4, 4, HostOperand.Of(Other), 1);
            }

            if (number != Sar) SetOverflow(Other);
        }

        if (skip >= 0) assembler.Land(skip);
        if (!HasMemory && Bytes == 1) WriteBack(op->Destination);
        return true;
    }

    /// <summary>rol and ror whose flags are seen. A last rotation by one leaves CF and OF as all of it should.</summary>
    private bool TryRotate(int number, bool immediate, int count)
    {
        if (HasMemory && !TryMemory(Bytes, write: true)) return false;
        if (immediate && count == 0) return true;
        HostOperand operand = HasMemory ? HostOperand.At(Address) : Register(op->Destination, Third);
        int skip = immediate ? -1 : SkipIfNoCount();
        BringBackCarry();
        if (immediate)
        {
            if (count > 1) assembler.Shift(Bytes, number, operand, count - 1);
        }
        else
        {
            assembler.Sized(Bytes, 0xD3, number, operand, fieldIsRegister: false);
            assembler.Shift(Bytes, number ^ 1, operand, 1);
        }

        assembler.Shift(Bytes, number, operand, 1);
        KeepFlags();
        if (skip >= 0)
        {
            assembler.Land(skip);
            flagsAtHand = false;
        }

        if (!HasMemory && Bytes == 1) WriteBack(op->Destination);
        return true;
    }

    /// <summary>rcl and rcr by one.</summary>
    private bool TryRotateCarry(bool left, bool byOne)
    {
        if (!byOne || HasMemory && !TryMemory(Bytes, write: true)) return false;
        HostOperand operand = HasMemory ? HostOperand.At(Address) : Register(op->Destination, Third);
        BringBackCarry();
        assembler.Shift(Bytes, left ? 2 : 3, operand, 1);
        KeepFlags();
        if (!HasMemory && Bytes == 1) WriteBack(op->Destination);
        return true;
    }

    /// <summary>Jumps if the low five bits of cl are zero.</summary>
    private int SkipIfNoCount()
    {
        assembler.Op(1, 0xF6, 0, HostOperand.Of(Ecx));
        assembler.Byte(31);
        return assembler.Jump(4);
    }

    /// <summary>shld and shrd; their flags are always kept.</summary>
    private bool TryDoubleShift(bool left, bool immediate)
    {
        int count = (int)op->Immediate & 31;
        if (Bytes != 4 || HasMemory && !TryMemory(4, write: true)) return false;
        if (immediate && count == 0) return true;
        HostOperand operand = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Destination));
        int skip = immediate ? -1 : SkipIfNoCount();
        assembler.Load(Other, operand);
        assembler.Op(4, (left ? 0x0FA4 : 0x0FAC) + (immediate ? 0 : 1), HostOf(op->Source), operand);
        if (immediate) assembler.Byte(count);
        KeepPlainFlags(carry: true);
        assembler.Op(4, 0x33, Other, operand);      // OF is whether the sign changed
        assembler.Shift(4, 5, HostOperand.Of(Other), 31);
        SetOverflow(Other);
        if (skip >= 0) assembler.Land(skip);
        return true;
    }

    /// <summary>imul with two or three operands.</summary>
    private bool TryMultiply(bool byImmediate)
    {
        if (Bytes == 1 || HasMemory && !TryMemory(Bytes, write: false)) return false;
        HostOperand source = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Source));
        int destination = HostOf(op->Destination);
        assembler.Op(Bytes, byImmediate ? 0x69 : 0x0FAF, destination, source);
        if (byImmediate) assembler.Immediate(Bytes, (int)op->Immediate);
        if (meaning.FlagsSeen)
        {
            assembler.Op(1, 0x0F90, 0, HostOperand.Of(Other));
            assembler.Op(4, 0x0FB6, Other, HostOperand.Of(Other));
            FlagsOfProduct(destination);
        }

        return true;
    }

    /// <summary>mul and imul of eax, into edx:eax.</summary>
    private bool TryWideMultiply(bool signed)
    {
        if (Bytes != 4 || meaning.Source == typeof(FromImmediate) || HasMemory && !TryMemory(4, write: false)) return false;
        HostOperand source = HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Source));
        if (signed)
        {
            assembler.Op(8, 0x63, Address, source);
            assembler.Op(8, 0x63, Other, HostOperand.Of(Eax));
        }
        else
        {
            assembler.Load(Address, source);
            assembler.Move(Other, Eax);
        }

        assembler.Op(8, 0x0FAF, Address, HostOperand.Of(Other));
        assembler.Move(Eax, Address);
        assembler.Op(8, 0x8B, Other, HostOperand.Of(Address));
        assembler.Shift(8, 5, HostOperand.Of(Other), 32);
        assembler.Move(Edx, Other);
        if (!meaning.FlagsSeen) return true;

        if (signed)
        {
            assembler.Op(8, 0x63, Other, HostOperand.Of(Eax));
            assembler.Op(8, 0x3B, Other, HostOperand.Of(Address));
        }
        else
        {
            assembler.Op(4, 0x85, Other, HostOperand.Of(Other));
        }

        assembler.Op(1, 0x0F95, 0, HostOperand.Of(Other));
        assembler.Op(4, 0x0FB6, Other, HostOperand.Of(Other));
        FlagsOfProduct(Eax);
        return true;
    }

    /// <summary>CF and OF are in a temporary, the others come from the low half.</summary>
    private void FlagsOfProduct(int low)
    {
        assembler.Sized(Bytes, 0x85, low, HostOperand.Of(low));
        KeepPlainFlags(carry: false);
        SetCarryAndOverflow(Other);
    }

    /// <summary>div and idiv of edx:eax; what would fault, and what is rare, is left to the handler.</summary>
    private bool TryDivide(bool signed)
    {
        if (Bytes != 4 || meaning.Source == typeof(FromImmediate) || HasMemory && !TryMemory(4, write: false)) return false;
        assembler.Load(Address, HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Source)));
        if (signed)
        {
            // Only a dividend of 32 bits, and neither 0 nor -1.
            assembler.Move(Other, Eax);
            assembler.Shift(4, 7, HostOperand.Of(Other), 31);
            assembler.Op(4, 0x3B, Other, HostOperand.Of(Edx));
            ExitIf(5);
            assembler.LoadAddress(Other, HostOperand.At(Address, 1));
            assembler.Arithmetic(4, 7, HostOperand.Of(Other), 1);
            ExitIf(6);
        }
        else
        {
            assembler.Op(4, 0x3B, Edx, HostOperand.Of(Address));
            ExitIf(3);
        }

        assembler.Move(Third, Flags);
        assembler.Move(HostRegister.Rax, Eax);
        assembler.Op(4, 0xF7, signed ? 7 : 6, HostOperand.Of(Address));
        assembler.Move(Eax, HostRegister.Rax);
        assembler.Move(Flags, Third);
        return true;
    }

    private bool TryBitScan(bool reverse)
    {
        if (Bytes != 4 || meaning.Source == typeof(FromImmediate) || HasMemory && !TryMemory(4, write: false)) return false;
        assembler.Load(Address, HasMemory ? HostOperand.At(Address) : HostOperand.Of(HostOf(op->Source)));
        assembler.Op(4, reverse ? 0x0FBD : 0x0FBC, Other, HostOperand.Of(Address));
        assembler.Op(4, 0x85, Address, HostOperand.Of(Address));
        assembler.Op(4, 0x0F45, HostOf(op->Destination), HostOperand.Of(Other));
        KeepFlags();
        return true;
    }
}
