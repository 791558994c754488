using System.Runtime.Intrinsics.X86;
using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>Operands: registers and their parts, addresses, the TLB, flags.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private const int WholePage = unchecked((int)TlbEntry.PageMask);

    private int Bytes => 1 << (int)meaning.Width;

    private bool HasMemory => meaning.Address is not null;

    private static bool IsHigh(byte offset) => (offset & 3) != 0;

    private static int HostOf(byte offset) => General[offset >> 2];

    /// <summary>The register operand as it is, or, for ah to bh, a copy of it in a temporary.</summary>
    private HostOperand Register(byte offset, int temporary)
    {
        if (!IsHigh(offset)) return HostOperand.Of(HostOf(offset));
        assembler.Move(temporary, HostOf(offset));
        assembler.Shift(4, 5, HostOperand.Of(temporary), 8);
        return HostOperand.Of(temporary);
    }

    /// <summary>Puts back what <see cref="Register"/> copied into the third temporary. Changes the host's flags.</summary>
    private void WriteBack(byte offset)
    {
        if (!IsHigh(offset)) return;
        HostOperand host = HostOperand.Of(HostOf(offset)), value = HostOperand.Of(Third);
        assembler.Op(4, 0x0FB6, Third, value);
        assembler.Shift(4, 4, value, 8);
        assembler.Arithmetic(4, 4, host, unchecked((int)0xFFFF00FF));
        assembler.Op(4, 0x0B, HostOf(offset), value);
        flagsAtHand = false;
    }

    private static bool IsNone(byte offset) => offset == RegisterOffset.None;

    /// <summary>Computes the effective address into the address register.</summary>
    /// <returns>False for a kind that is not compiled.</returns>
    private bool TryAddress(AddressKind kind)
    {
        if (kind is not (AddressKind.FlatBase or AddressKind.FlatIndexed or AddressKind.Segmented or AddressKind.BitString)) return false;
        if (kind == AddressKind.BitString && Bytes != 4) return false;
        int @base = IsNone(op->Base) ? HostRegister.None : HostOf(op->Base);
        int index = IsNone(op->Index) ? HostRegister.None : HostOf(op->Index);
        if (@base == HostRegister.None && index == HostRegister.None) assembler.MoveImmediate(Address, op->Displacement);
        else assembler.LoadAddress(Address, HostOperand.At(@base, index, op->Scale, (int)op->Displacement));
        if (kind == AddressKind.BitString)
        {
            assembler.Move(Other, HostOf(op->Source));
            assembler.Shift(4, 7, HostOperand.Of(Other), 5);
            assembler.LoadAddress(Address, HostOperand.At(Address, Other, 2, 0));
        }

        if (kind is AddressKind.Segmented or AddressKind.BitString && (op->Traits & OperationTraits.ShortAddress) != 0) assembler.Op(4, 0x0FB7, Address, HostOperand.Of(Address));
        return true;
    }

    /// <summary>Makes the address register a host address, or leaves if the TLB cannot serve the access.</summary>
    private void Check(int bytes, bool write, bool segmented)
    {
        if (segmented)
        {
            int segment = SegmentsOffset + op->Segment * sizeof(Segment);
            assembler.Op(8, 0x3B, Address, InState(segment + (write ? SegmentWriteEnd : SegmentReadEnd)));
            ExitIf(3);
            assembler.Op(4, 0x03, Address, InState(segment + SegmentBase));
        }

        FindTlbEntry();
        if (bytes > 1) assembler.LoadAddress(Third, HostOperand.At(Address, bytes - 1));
        else assembler.Move(Third, Address);
        ComparePage(write);
    }

    /// <summary>Leaves if the last byte's page is not the one in the TLB entry of the first byte; else makes the address a host address.</summary>
    private void ComparePage(bool write)
    {
        assembler.Arithmetic(4, 4, HostOperand.Of(Third), WholePage);
        assembler.Op(4, 0x3B, Third, HostOperand.At(Tlb, Other, 3, write ? sizeof(uint) : 0));
        ExitIf(5);
        assembler.Op(8, 0x03, Address, HostOperand.At(Tlb, Other, 3, TlbEntry.AddendOffset));
        flagsAtHand = false;
    }

    /// <summary>The number of the address's TLB entry.</summary>
    private void FindTlbEntry()
    {
        if (Bmi1.IsSupported)
        {
            assembler.ExtractBits(Other, Address, StatePointer);
            return;
        }

        assembler.Move(Other, Address);
        assembler.Shift(4, 5, HostOperand.Of(Other), Memory.GuestMemory.PageShift);
        assembler.Arithmetic(4, 4, HostOperand.Of(Other), TlbEntry.Entries - 1);
    }

    /// <summary>The operand in memory, checked.</summary>
    private bool TryMemory(int bytes, bool write)
    {
        if (!TryAddress(meaning.Address!.Value)) return false;
        Check(bytes, write, meaning.Address is AddressKind.Segmented or AddressKind.BitString);
        return true;
    }

    /// <summary>Keeps the flags that the last instruction left in the host's.</summary>
    private void KeepFlags()
    {
        assembler.Byte(0x9F);                            // lahf
        assembler.Op(1, 0x0F90, 0, HostOperand.Of(Flags));      // seto al
        flagsAtHand = keepsFlagsAtHand = true;
    }

    /// <summary>Keeps SF, ZF, PF and, if asked for, CF of the last instruction, and clears AF and OF.</summary>
    private void KeepPlainFlags(bool carry)
    {
        assembler.Byte(0x9F);
        assembler.Arithmetic(4, 4, HostOperand.Of(Flags), carry ? 0xC500 : 0xC400);
        flagsAtHand = false;
    }

    /// <summary>Sets OF to bit 0 of a register that has no other.</summary>
    private void SetOverflow(int register) => assembler.Op(4, 0x0B, Flags, HostOperand.Of(register));

    /// <summary>Sets CF and OF to bit 0 of a register that has no other.</summary>
    private void SetCarryAndOverflow(int register)
    {
        SetOverflow(register);
        assembler.Shift(4, 4, HostOperand.Of(register), 8);
        SetOverflow(register);
    }

    /// <summary>Brings CF back into the host's flags; with it come all but OF.</summary>
    private void BringBackCarry() => assembler.Byte(0x9E);      // sahf

    /// <summary>Brings the flags back that a condition looks at.</summary>
    private void BringBackFlags(int condition)
    {
        if (flagsAtHand)
        {
            keepsFlagsAtHand = true;
            return;
        }

        bool needsOverflow = condition is < 2 or > 11;
        if (needsOverflow)
        {
            assembler.Byte(0x3C);       // cmp al, 0x81 overflows if al is 1, not if it is 0
            assembler.Byte(0x81);
        }

        BringBackCarry();
    }
}
