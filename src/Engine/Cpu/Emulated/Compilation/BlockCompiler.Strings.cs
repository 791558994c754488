using static LguestPS.Cpu.Emulated.HostLayout;

namespace LguestPS.Cpu.Emulated;

/// <summary>String instructions that are not repeated, upwards through flat segments: compilers use them in loops of their own.</summary>
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
}
