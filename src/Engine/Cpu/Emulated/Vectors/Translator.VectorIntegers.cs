using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a decoded instruction to its operation: integers in mm and xmm.</summary>
internal sealed unsafe partial class Translator
{
    /// <returns>False if it is something else.</returns>
    private bool EmitVectorIntegers(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Paddb: EmitLanes<AddLanes8>(instruction); break;
            case Mnemonic.Paddw: EmitLanes<AddLanes16>(instruction); break;
            case Mnemonic.Paddd: EmitLanes<AddLanes32>(instruction); break;
            case Mnemonic.Paddq: EmitLanes<AddLanes64>(instruction); break;
            case Mnemonic.Psubb: EmitLanes<SubtractLanes8>(instruction); break;
            case Mnemonic.Psubw: EmitLanes<SubtractLanes16>(instruction); break;
            case Mnemonic.Psubd: EmitLanes<SubtractLanes32>(instruction); break;
            case Mnemonic.Psubq: EmitLanes<SubtractLanes64>(instruction); break;
            case Mnemonic.Paddsb: EmitLanes<AddSigned8>(instruction); break;
            case Mnemonic.Paddsw: EmitLanes<AddSigned16>(instruction); break;
            case Mnemonic.Paddusb: EmitLanes<AddUnsigned8>(instruction); break;
            case Mnemonic.Paddusw: EmitLanes<AddUnsigned16>(instruction); break;
            case Mnemonic.Psubsb: EmitLanes<SubtractSigned8>(instruction); break;
            case Mnemonic.Psubsw: EmitLanes<SubtractSigned16>(instruction); break;
            case Mnemonic.Psubusb: EmitLanes<SubtractUnsigned8>(instruction); break;
            case Mnemonic.Psubusw: EmitLanes<SubtractUnsigned16>(instruction); break;
            case Mnemonic.Pmullw: EmitLanes<MultiplyLow16>(instruction); break;
            case Mnemonic.Pmulhw: EmitLanes<MultiplyHighSigned16>(instruction); break;
            case Mnemonic.Pmulhuw: EmitLanes<MultiplyHighUnsigned16>(instruction); break;
            case Mnemonic.Pmulhrsw: EmitLanes<MultiplyHighRounded16>(instruction); break;
            case Mnemonic.Pmaddwd: EmitLanes<MultiplyAddPairs16>(instruction); break;
            case Mnemonic.Pmaddubsw: EmitLanes<MultiplyAddPairs8>(instruction); break;
            case Mnemonic.Pmuludq: EmitLanes<MultiplyEven32>(instruction); break;
            case Mnemonic.Pavgb: EmitLanes<Average8>(instruction); break;
            case Mnemonic.Pavgw: EmitLanes<Average16>(instruction); break;
            case Mnemonic.Psadbw: EmitLanes<SumOfDifferences>(instruction); break;
            case Mnemonic.Pminub: EmitLanes<MinimumUnsigned8>(instruction); break;
            case Mnemonic.Pmaxub: EmitLanes<MaximumUnsigned8>(instruction); break;
            case Mnemonic.Pminsw: EmitLanes<MinimumSigned16>(instruction); break;
            case Mnemonic.Pmaxsw: EmitLanes<MaximumSigned16>(instruction); break;
            case Mnemonic.Pabsb: EmitLanes<Absolute8>(instruction); break;
            case Mnemonic.Pabsw: EmitLanes<Absolute16>(instruction); break;
            case Mnemonic.Pabsd: EmitLanes<Absolute32>(instruction); break;
            case Mnemonic.Psignb: EmitLanes<TakeSign8>(instruction); break;
            case Mnemonic.Psignw: EmitLanes<TakeSign16>(instruction); break;
            case Mnemonic.Psignd: EmitLanes<TakeSign32>(instruction); break;
            case Mnemonic.Pand: EmitLanes<AndBits>(instruction); break;
            case Mnemonic.Pandn: EmitLanes<AndNotBits>(instruction); break;
            case Mnemonic.Por: EmitLanes<OrBits>(instruction); break;
            case Mnemonic.Pxor: EmitLanes<XorBits>(instruction); break;
            case Mnemonic.Pcmpeqb: EmitLanes<EqualLanes8>(instruction); break;
            case Mnemonic.Pcmpeqw: EmitLanes<EqualLanes16>(instruction); break;
            case Mnemonic.Pcmpeqd: EmitLanes<EqualLanes32>(instruction); break;
            case Mnemonic.Pcmpgtb: EmitLanes<GreaterLanes8>(instruction); break;
            case Mnemonic.Pcmpgtw: EmitLanes<GreaterLanes16>(instruction); break;
            case Mnemonic.Pcmpgtd: EmitLanes<GreaterLanes32>(instruction); break;
            case Mnemonic.Packsswb: EmitLanes<PackSigned16, Joined<PackSigned16>>(instruction); break;
            case Mnemonic.Packuswb: EmitLanes<PackUnsigned16, Joined<PackUnsigned16>>(instruction); break;
            case Mnemonic.Packssdw: EmitLanes<PackSigned32, Joined<PackSigned32>>(instruction); break;
            case Mnemonic.Phaddw: EmitLanes<HorizontalAdd16, Joined<HorizontalAdd16>>(instruction); break;
            case Mnemonic.Phaddd: EmitLanes<HorizontalAdd32, Joined<HorizontalAdd32>>(instruction); break;
            case Mnemonic.Phaddsw: EmitLanes<HorizontalAddSigned16, Joined<HorizontalAddSigned16>>(instruction); break;
            case Mnemonic.Phsubw: EmitLanes<HorizontalSubtract16, Joined<HorizontalSubtract16>>(instruction); break;
            case Mnemonic.Phsubd: EmitLanes<HorizontalSubtract32, Joined<HorizontalSubtract32>>(instruction); break;
            case Mnemonic.Phsubsw: EmitLanes<HorizontalSubtractSigned16, Joined<HorizontalSubtractSigned16>>(instruction); break;
            case Mnemonic.Punpcklbw: EmitInterleaveLow<InterleaveLow8>(instruction); break;
            case Mnemonic.Punpcklwd: EmitInterleaveLow<InterleaveLow16>(instruction); break;
            case Mnemonic.Punpckldq: EmitInterleaveLow<InterleaveLow32>(instruction); break;
            case Mnemonic.Punpckhbw: EmitLanes<InterleaveHigh8, UpperResult<InterleaveLow8>>(instruction); break;
            case Mnemonic.Punpckhwd: EmitLanes<InterleaveHigh16, UpperResult<InterleaveLow16>>(instruction); break;
            case Mnemonic.Punpckhdq: EmitLanes<InterleaveHigh32, UpperResult<InterleaveLow32>>(instruction); break;
            case Mnemonic.Punpcklqdq: EmitLanes<InterleaveLow64>(instruction); break;
            case Mnemonic.Punpckhqdq: EmitLanes<InterleaveHigh64>(instruction); break;
            case Mnemonic.Psllw: EmitVectorShift<ShiftLeftLanes16<CountFromSource>, ShiftLeftLanes16<CountFromImmediate>>(instruction); break;
            case Mnemonic.Pslld: EmitVectorShift<ShiftLeftLanes32<CountFromSource>, ShiftLeftLanes32<CountFromImmediate>>(instruction); break;
            case Mnemonic.Psllq: EmitVectorShift<ShiftLeftLanes64<CountFromSource>, ShiftLeftLanes64<CountFromImmediate>>(instruction); break;
            case Mnemonic.Psrlw: EmitVectorShift<ShiftRightLanes16<CountFromSource>, ShiftRightLanes16<CountFromImmediate>>(instruction); break;
            case Mnemonic.Psrld: EmitVectorShift<ShiftRightLanes32<CountFromSource>, ShiftRightLanes32<CountFromImmediate>>(instruction); break;
            case Mnemonic.Psrlq: EmitVectorShift<ShiftRightLanes64<CountFromSource>, ShiftRightLanes64<CountFromImmediate>>(instruction); break;
            case Mnemonic.Psraw: EmitVectorShift<ShiftArithmeticLanes16<CountFromSource>, ShiftArithmeticLanes16<CountFromImmediate>>(instruction); break;
            case Mnemonic.Psrad: EmitVectorShift<ShiftArithmeticLanes32<CountFromSource>, ShiftArithmeticLanes32<CountFromImmediate>>(instruction); break;
            case Mnemonic.Pslldq: EmitLanes<ShiftLeftBytes>(instruction); break;
            case Mnemonic.Psrldq: EmitLanes<ShiftRightBytes>(instruction); break;
            case Mnemonic.Pshufd: EmitLanes<Shuffle32>(instruction); break;
            case Mnemonic.Pshuflw or Mnemonic.Pshufw: EmitLanes<ShuffleLow16>(instruction); break;
            case Mnemonic.Pshufhw: EmitLanes<ShuffleHigh16>(instruction); break;
            case Mnemonic.Pshufb: EmitLanes<ShuffleBytes, ShuffleBytesOf8>(instruction); break;
            case Mnemonic.Palignr: EmitLanes<AlignRight, AlignRightOf8>(instruction); break;
            case Mnemonic.Pmovmskb: EmitToGeneral<SignsOfBytes, SignsOfBytes>(instruction); break;
            case Mnemonic.Pinsrw: EmitInsert(instruction); break;
            case Mnemonic.Pextrw:
                // The form that can store came with SSE4.1.
                if (instruction.Code is not (Code.Pextrw_r32_mm_imm8 or Code.Pextrw_r32_xmm_imm8)) return false;
                EmitToGeneral<Extract16, Extract16Of4>(instruction);
                break;
            default: return false;
        }

        return true;
    }

    /// <summary>The same operation on both kinds of registers.</summary>
    private void EmitLanes<TOperation>(in Instruction instruction) where TOperation : IVectorOperation => EmitLanes<TOperation, TOperation>(instruction);

    private void EmitLanes<TXmm, TMm>(in Instruction instruction) where TXmm : IVectorOperation where TMm : IVectorOperation
    {
        if (IsMmx(instruction.Op0Register)) EmitVector<Pure<TMm>, MmPlace, MmPlace, Vector8>(instruction);
        else EmitVector<Pure<TXmm>, XmmPlace, XmmPlace, Vector16>(instruction);
    }

    /// <summary>With mm, only 4 bytes of memory are read.</summary>
    private void EmitInterleaveLow<TOperation>(in Instruction instruction) where TOperation : IVectorOperation
    {
        if (IsMmx(instruction.Op0Register)) EmitVector<Pure<TOperation>, MmPlace, MmPlace, Vector4>(instruction);
        else EmitVector<Pure<TOperation>, XmmPlace, XmmPlace, Vector16>(instruction);
    }

    private void EmitVectorShift<TBySource, TByImmediate>(in Instruction instruction) where TBySource : IVectorOperation where TByImmediate : IVectorOperation
    {
        if (instruction.Op1Kind == OpKind.Immediate8) EmitLanes<TByImmediate>(instruction);
        else EmitLanes<TBySource>(instruction);
    }

    private void EmitToGeneral<TXmm, TMm>(in Instruction instruction) where TXmm : IVectorOperation where TMm : IVectorOperation
    {
        if (IsMmx(instruction.Op1Register)) EmitVector<Pure<TMm>, GeneralPlace, MmPlace, Vector8>(instruction);
        else EmitVector<Pure<TXmm>, GeneralPlace, XmmPlace, Vector16>(instruction);
    }

    private void EmitInsert(in Instruction instruction)
    {
        if (IsMmx(instruction.Op0Register)) EmitVector<Pure<Insert16Of4>, MmPlace, GeneralPlace, Vector2>(instruction);
        else EmitVector<Pure<Insert16>, XmmPlace, GeneralPlace, Vector2>(instruction);
    }

    private static bool IsMmx(Register register) => register is >= Register.MM0 and <= Register.MM7;

    /// <summary>A destination that is a register, a source that is a register, an immediate or in memory, and perhaps an immediate.</summary>
    private void EmitVector<TAction, TDestination, TSource, TWidth>(in Instruction instruction)
        where TAction : IVectorAction where TDestination : IVectorPlace where TSource : IVectorPlace where TWidth : IVectorWidth
    {
        Operation* op = Begin(instruction);
        op->Destination = VectorPlaceOf(instruction.Op0Register);
        int last = instruction.OpCount - 1;
        if (instruction.GetOpKind(last) == OpKind.Immediate8) op->Immediate = (byte)instruction.GetImmediate(last);
        if (instruction.Op1Kind == OpKind.Memory)
        {
            Use(op, VectorSelect.Read<TAction, TDestination, TWidth>(SetAddress(op, instruction)));
            return;
        }

        if (instruction.Op1Kind == OpKind.Register) op->Source = VectorPlaceOf(instruction.Op1Register);
        Use(op, VectorSelect.Registers<TAction, TDestination, TSource>());
    }

    /// <summary>A register to memory.</summary>
    private void EmitVectorStore<TOperation, TSource, TWidth>(in Instruction instruction)
        where TOperation : IVectorOperation where TSource : IVectorPlace where TWidth : IVectorWidth
    {
        Operation* op = Begin(instruction);
        op->Source = VectorPlaceOf(instruction.Op1Register);
        Use(op, VectorSelect.Write<TOperation, TSource, TWidth>(SetAddress(op, instruction)));
    }

    /// <summary>How operations name a register (see <see cref="IVectorPlace"/>).</summary>
    private static byte VectorPlaceOf(Register register) => register switch
    {
        >= Register.XMM0 and <= Register.XMM7 => (byte)((register - Register.XMM0) * 16),
        >= Register.MM0 and <= Register.MM7 => (byte)((register - Register.MM0) * 16),
        _ => OffsetOf(register),
    };
}
