using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a decoded instruction to its operation: moves to, from and between mm and xmm, and what controls them.</summary>
internal sealed unsafe partial class Translator
{
    /// <returns>False if it is no vector instruction that this processor has.</returns>
    private bool EmitVector(in Instruction instruction) =>
        EmitVectorMove(instruction) || EmitVectorControl(instruction) || EmitVectorIntegers(instruction) || EmitVectorFloats(instruction);

    private bool EmitVectorMove(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Movaps or Mnemonic.Movapd or Mnemonic.Movdqa: EmitWholeMove<Vector16>(instruction); break;
            case Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movdqu or Mnemonic.Lddqu: EmitWholeMove<Vector16Unaligned>(instruction); break;
            case Mnemonic.Movntps or Mnemonic.Movntpd or Mnemonic.Movntdq: EmitVectorStore<CopySource, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Movntq: EmitVectorStore<CopySource, MmPlace, Vector8>(instruction); break;
            case Mnemonic.Movss: EmitScalarMove<CopyLow4, Vector4>(instruction); break;
            case Mnemonic.Movsd: EmitScalarMove<CopyLow8, Vector8>(instruction); break;
            case Mnemonic.Movd: EmitMoveDouble(instruction); break;
            case Mnemonic.Movq: EmitMoveQuad(instruction); break;
            case Mnemonic.Movq2dq: EmitVector<Pure<CopySource>, XmmPlace, MmPlace, Vector8>(instruction); break;
            case Mnemonic.Movdq2q: EmitVector<Pure<CopySource>, MmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Movlps or Mnemonic.Movlpd: EmitHalfMove<CopyLow8, CopySource>(instruction); break;
            case Mnemonic.Movhps or Mnemonic.Movhpd: EmitHalfMove<CopyLowToHigh8, UpperHalf>(instruction); break;
            case Mnemonic.Movhlps: EmitVector<Pure<CopyHighToLow8>, XmmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Movlhps: EmitVector<Pure<CopyLowToHigh8>, XmmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Movddup: EmitVector<Pure<DuplicateLow8>, XmmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Movsldup: EmitLanes<DuplicateEven4>(instruction); break;
            case Mnemonic.Movshdup: EmitLanes<DuplicateOdd4>(instruction); break;
            case Mnemonic.Maskmovq: EmitMaskedStore<MmPlace>(instruction); break;
            case Mnemonic.Maskmovdqu: EmitMaskedStore<XmmPlace>(instruction); break;
            default: return false;
        }

        return true;
    }

    private bool EmitVectorControl(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Ldmxcsr: EmitWithAddress(instruction, Select.Rare<LoadMxcsr>()); break;
            case Mnemonic.Stmxcsr: EmitWithAddress(instruction, Select.Rare<StoreMxcsr>()); break;
            case Mnemonic.Emms: EmitPlain<LeaveMmx>(instruction); break;
            case Mnemonic.Clflush: EmitWithAddress(instruction, Select.Rare<FlushCacheLine>()); break;
            case Mnemonic.Lfence or Mnemonic.Mfence or Mnemonic.Sfence
                or Mnemonic.Prefetchnta or Mnemonic.Prefetcht0 or Mnemonic.Prefetcht1 or Mnemonic.Prefetcht2:
                EmitPlain<NoOperation>(instruction);
                break;
            case Mnemonic.Movnti:
                Operation* op = Begin(instruction);
                op->Source = OffsetOf(instruction.Op1Register);
                Use(op, Select.Write<Store<FromRegister>>(SetDestination(op, instruction, 0, OperandWidth.Long)));
                break;
            default: return false;
        }

        return true;
    }

    private void EmitWholeMove<TWidth>(in Instruction instruction) where TWidth : IVectorWidth
    {
        if (instruction.Op0Kind == OpKind.Memory) EmitVectorStore<CopySource, XmmPlace, TWidth>(instruction);
        else EmitVector<Pure<CopySource>, XmmPlace, XmmPlace, TWidth>(instruction);
    }

    /// <summary>Between registers the rest of the destination stays; from memory it becomes zero.</summary>
    private void EmitScalarMove<TMerge, TWidth>(in Instruction instruction) where TMerge : IVectorOperation where TWidth : IVectorWidth
    {
        if (instruction.Op0Kind == OpKind.Memory) EmitVectorStore<CopySource, XmmPlace, TWidth>(instruction);
        else if (instruction.Op1Kind == OpKind.Memory) EmitVector<Pure<CopySource>, XmmPlace, XmmPlace, TWidth>(instruction);
        else EmitVector<Pure<TMerge>, XmmPlace, XmmPlace, TWidth>(instruction);
    }

    private void EmitHalfMove<TLoad, TStore>(in Instruction instruction) where TLoad : IVectorOperation where TStore : IVectorOperation
    {
        if (instruction.Op0Kind == OpKind.Memory) EmitVectorStore<TStore, XmmPlace, Vector8>(instruction);
        else EmitVector<Pure<TLoad>, XmmPlace, XmmPlace, Vector8>(instruction);
    }

    private void EmitMoveDouble(in Instruction instruction)
    {
        bool isMmx = IsMmx(instruction.Op0Register) || IsMmx(instruction.Op1Register);
        bool toVector = IsMmx(instruction.Op0Register) || instruction.Op0Register is >= Register.XMM0 and <= Register.XMM7;
        switch (isMmx, toVector, instruction.Op0Kind == OpKind.Memory)
        {
            case (true, true, _): EmitVector<Pure<CopySource>, MmPlace, GeneralPlace, Vector4>(instruction); break;
            case (false, true, _): EmitVector<Pure<CopySource>, XmmPlace, GeneralPlace, Vector4>(instruction); break;
            case (true, _, true): EmitVectorStore<CopySource, MmPlace, Vector4>(instruction); break;
            case (false, _, true): EmitVectorStore<CopySource, XmmPlace, Vector4>(instruction); break;
            case (true, _, _): EmitVector<Pure<CopySource>, GeneralPlace, MmPlace, Vector4>(instruction); break;
            default: EmitVector<Pure<CopySource>, GeneralPlace, XmmPlace, Vector4>(instruction); break;
        }
    }

    private void EmitMoveQuad(in Instruction instruction)
    {
        bool isMmx = IsMmx(instruction.Op0Register) || IsMmx(instruction.Op1Register);
        switch (isMmx, instruction.Op0Kind == OpKind.Memory)
        {
            case (true, true): EmitVectorStore<CopySource, MmPlace, Vector8>(instruction); break;
            case (true, false): EmitVector<Pure<CopySource>, MmPlace, MmPlace, Vector8>(instruction); break;
            case (false, true): EmitVectorStore<CopySource, XmmPlace, Vector8>(instruction); break;
            default: EmitVector<Pure<ExtendLow8>, XmmPlace, XmmPlace, Vector8>(instruction); break;
        }
    }

    private void EmitMaskedStore<TPlace>(in Instruction instruction) where TPlace : IVectorPlace
    {
        Operation* op = Begin(instruction);
        op->Destination = VectorPlaceOf(instruction.Op1Register);
        op->Source = VectorPlaceOf(instruction.Op2Register);
        op->Segment = NumberOf(instruction.MemorySegment);
        if (instruction.Op0Kind == OpKind.MemorySegDI) op->Traits |= OperationTraits.ShortAddress;
        Use(op, Select.Rare<MaskedStore<TPlace>>());
    }
}
