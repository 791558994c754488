using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>String instructions upwards through flat segments: not repeated, as compilers use them in loops of their own; and movs and stos repeated within a page.</summary>
internal sealed unsafe partial class BlockCompiler
{
    private const int Esi = HostRegister.Rsi, Edi = HostRegister.Rdi;

    private bool TryString()
    {
        bool moves = meaning.Action == typeof(MoveString), stores = meaning.Action == typeof(StoreString), loads = meaning.Action == typeof(LoadString);
        bool scans = meaning.Action == typeof(ScanString), compares = meaning.Action == typeof(CompareString);
        if (!moves && !stores && !loads && !scans && !compares) return false;
        if ((mode & CpuMode.FlatData) == 0 || (op->Traits & OperationTraits.ShortAddress) != 0) return false;
        if (op->Segment is not (SegmentNumber.Es or SegmentNumber.Ss or SegmentNumber.Ds)) return false;

        assembler.Op(4, 0xF7, 0, InState(EflagsOffset));
        assembler.Int32((int)Eflags.Direction);
        ExitIf(5);
        if (scans || compares) return CompareStrings(compares);
        if (!stores)
        {
            assembler.Move(Address, Esi);
            Check(Bytes, write: false, segmented: false);
            assembler.Sized(Bytes, 0x8B, moves ? Other : Eax, HostOperand.At(Address));
        }

        if (moves) assembler.Store(InState(ScratchOffset), Other);
        if (!loads)
        {
            assembler.Move(Address, Edi);
            Check(Bytes, write: true, segmented: false);
            if (moves) assembler.Load(Other, InState(ScratchOffset));
            assembler.Sized(Bytes, 0x89, moves ? Other : Eax, HostOperand.At(Address));
            assembler.LoadAddress(Edi, HostOperand.At(Edi, Bytes));
        }

        if (!stores) assembler.LoadAddress(Esi, HostOperand.At(Esi, Bytes));
        return true;
    }

    /// <summary>scas and cmps.</summary>
    private bool CompareStrings(bool both)
    {
        if (both)
        {
            assembler.Move(Address, Esi);
            Check(Bytes, write: false, segmented: false);
            assembler.Sized(Bytes, 0x8B, Other, HostOperand.At(Address));
            assembler.Store(InState(ScratchOffset), Other);
        }

        assembler.Move(Address, Edi);
        Check(Bytes, write: false, segmented: false);
        if (both) assembler.Load(Other, InState(ScratchOffset));
        assembler.Sized(Bytes, 0x3B, both ? Other : Eax, HostOperand.At(Address));
        KeepFlags();
        assembler.LoadAddress(Edi, HostOperand.At(Edi, Bytes));
        if (both) assembler.LoadAddress(Esi, HostOperand.At(Esi, Bytes));
        return true;
    }

    /// <summary>rep movs and rep stos by the host's own, if what they touch lies in one page each and counts as one instruction.</summary>
    private bool TryRepeatedString()
    {
        bool moves = meaning.Action == typeof(MoveString);
        if (!moves && meaning.Action != typeof(StoreString)) return false;
        if ((mode & CpuMode.FlatData) == 0 || (op->Traits & OperationTraits.ShortAddress) != 0) return false;
        if (op->Segment is not (SegmentNumber.Es or SegmentNumber.Ss or SegmentNumber.Ds)) return false;

        assembler.Op(4, 0xF7, 0, InState(EflagsOffset));
        assembler.Int32((int)Eflags.Direction);
        ExitIf(5);
        assembler.Op(4, 0x85, Ecx, HostOperand.Of(Ecx));
        int nothing = assembler.Jump(4);
        assembler.Arithmetic(4, 7, HostOperand.Of(Ecx), (int)Memory.GuestMemory.PageSize / Bytes);
        ExitIf(7);
        assembler.Op(4, 0x3B, Ecx, InState(RepeatLimitOffset));
        ExitIf(7);
        CheckElements(Edi, write: true);
        if (moves)
        {
            assembler.Store64(InState(ExitFirstOffset), Address);
            CheckElements(Esi, write: false);
            assembler.Move64(Other, InState(ExitFirstOffset));
            assembler.LoadAddress(Third, HostOperand.At(Esi, Ecx, (int)meaning.Width, 0));
            assembler.Store(InState(ScratchOffset), Third);
            assembler.LoadAddress(Third, HostOperand.At(Edi, Ecx, (int)meaning.Width, 0));
            assembler.Move64(Esi, HostOperand.Of(Address));
            assembler.Move64(Edi, HostOperand.Of(Other));
            RepeatHere(0xA5);
            assembler.Move(Edi, Third);
            assembler.Load(Esi, InState(ScratchOffset));
        }
        else
        {
            assembler.LoadAddress(Other, HostOperand.At(Edi, Ecx, (int)meaning.Width, 0));
            assembler.Move(Third, Flags);
            assembler.Move(HostRegister.Rax, Eax);
            assembler.Move64(Edi, HostOperand.Of(Address));
            RepeatHere(0xAB);
            assembler.Move(Edi, Other);
            assembler.Move(Flags, Third);
        }

        assembler.Land(nothing);
        flagsAtHand = false;
        return true;
    }

    /// <summary>Makes the address register the host address of the elements to which a register points, as many as ecx says, or leaves.</summary>
    private void CheckElements(int register, bool write)
    {
        assembler.Move(Address, register);
        FindTlbEntry();
        assembler.LoadAddress(Third, HostOperand.At(Address, Ecx, (int)meaning.Width, -1));
        ComparePage(write);
    }

    private void RepeatHere(int opcode)
    {
        if (Bytes == 2) assembler.Byte(0x66);
        assembler.Byte(0xF3);
        assembler.Byte(Bytes == 1 ? opcode - 1 : opcode);
    }
}
