using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>From a decoded instruction to its operation: floating point in xmm.</summary>
internal sealed unsafe partial class Translator
{
    /// <returns>False if it is something else.</returns>
    private bool EmitVectorFloats(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Addps: EmitPacked<PackedArithmetic<VectorAdd, BinarySingle>>(instruction); break;
            case Mnemonic.Addpd: EmitPacked<PackedArithmetic<VectorAdd, BinaryDouble>>(instruction); break;
            case Mnemonic.Addss: EmitSingle<ScalarArithmetic<VectorAdd, BinarySingle>>(instruction); break;
            case Mnemonic.Addsd: EmitDouble<ScalarArithmetic<VectorAdd, BinaryDouble>>(instruction); break;
            case Mnemonic.Subps: EmitPacked<PackedArithmetic<VectorSubtract, BinarySingle>>(instruction); break;
            case Mnemonic.Subpd: EmitPacked<PackedArithmetic<VectorSubtract, BinaryDouble>>(instruction); break;
            case Mnemonic.Subss: EmitSingle<ScalarArithmetic<VectorSubtract, BinarySingle>>(instruction); break;
            case Mnemonic.Subsd: EmitDouble<ScalarArithmetic<VectorSubtract, BinaryDouble>>(instruction); break;
            case Mnemonic.Mulps: EmitPacked<PackedArithmetic<VectorMultiply, BinarySingle>>(instruction); break;
            case Mnemonic.Mulpd: EmitPacked<PackedArithmetic<VectorMultiply, BinaryDouble>>(instruction); break;
            case Mnemonic.Mulss: EmitSingle<ScalarArithmetic<VectorMultiply, BinarySingle>>(instruction); break;
            case Mnemonic.Mulsd: EmitDouble<ScalarArithmetic<VectorMultiply, BinaryDouble>>(instruction); break;
            case Mnemonic.Divps: EmitPacked<PackedArithmetic<VectorDivide, BinarySingle>>(instruction); break;
            case Mnemonic.Divpd: EmitPacked<PackedArithmetic<VectorDivide, BinaryDouble>>(instruction); break;
            case Mnemonic.Divss: EmitSingle<ScalarArithmetic<VectorDivide, BinarySingle>>(instruction); break;
            case Mnemonic.Divsd: EmitDouble<ScalarArithmetic<VectorDivide, BinaryDouble>>(instruction); break;
            case Mnemonic.Sqrtps: EmitPacked<PackedArithmetic<VectorSquareRoot, BinarySingle>>(instruction); break;
            case Mnemonic.Sqrtpd: EmitPacked<PackedArithmetic<VectorSquareRoot, BinaryDouble>>(instruction); break;
            case Mnemonic.Sqrtss: EmitSingle<ScalarArithmetic<VectorSquareRoot, BinarySingle>>(instruction); break;
            case Mnemonic.Sqrtsd: EmitDouble<ScalarArithmetic<VectorSquareRoot, BinaryDouble>>(instruction); break;
            case Mnemonic.Minps: EmitPacked<PackedSelection<FloatLess, BinarySingle>>(instruction); break;
            case Mnemonic.Minpd: EmitPacked<PackedSelection<FloatLess, BinaryDouble>>(instruction); break;
            case Mnemonic.Minss: EmitSingle<ScalarSelection<FloatLess, BinarySingle>>(instruction); break;
            case Mnemonic.Minsd: EmitDouble<ScalarSelection<FloatLess, BinaryDouble>>(instruction); break;
            case Mnemonic.Maxps: EmitPacked<PackedSelection<FloatGreater, BinarySingle>>(instruction); break;
            case Mnemonic.Maxpd: EmitPacked<PackedSelection<FloatGreater, BinaryDouble>>(instruction); break;
            case Mnemonic.Maxss: EmitSingle<ScalarSelection<FloatGreater, BinarySingle>>(instruction); break;
            case Mnemonic.Maxsd: EmitDouble<ScalarSelection<FloatGreater, BinaryDouble>>(instruction); break;
            case Mnemonic.Addsubps: EmitPacked<AddSubtract<BinarySingle>>(instruction); break;
            case Mnemonic.Haddps: EmitPacked<HorizontalArithmetic<VectorAdd, BinarySingle>>(instruction); break;
            case Mnemonic.Hsubps: EmitPacked<HorizontalArithmetic<VectorSubtract, BinarySingle>>(instruction); break;
            case Mnemonic.Andps: EmitLanes<AndBits>(instruction); break;
            case Mnemonic.Andnps: EmitLanes<AndNotBits>(instruction); break;
            case Mnemonic.Orps: EmitLanes<OrBits>(instruction); break;
            case Mnemonic.Xorps: EmitLanes<XorBits>(instruction); break;
            case Mnemonic.Addsubpd: EmitPacked<AddSubtract<BinaryDouble>>(instruction); break;
            case Mnemonic.Haddpd: EmitPacked<HorizontalArithmetic<VectorAdd, BinaryDouble>>(instruction); break;
            case Mnemonic.Hsubpd: EmitPacked<HorizontalArithmetic<VectorSubtract, BinaryDouble>>(instruction); break;
            case Mnemonic.Andpd: EmitLanes<AndBits>(instruction); break;
            case Mnemonic.Andnpd: EmitLanes<AndNotBits>(instruction); break;
            case Mnemonic.Orpd: EmitLanes<OrBits>(instruction); break;
            case Mnemonic.Xorpd: EmitLanes<XorBits>(instruction); break;
            case Mnemonic.Unpcklps: EmitLanes<InterleaveLow32>(instruction); break;
            case Mnemonic.Unpckhps: EmitLanes<InterleaveHigh32>(instruction); break;
            case Mnemonic.Unpcklpd: EmitLanes<InterleaveLow64>(instruction); break;
            case Mnemonic.Unpckhpd: EmitLanes<InterleaveHigh64>(instruction); break;
            case Mnemonic.Shufps: EmitLanes<ShuffleSingles>(instruction); break;
            case Mnemonic.Shufpd: EmitLanes<ShuffleDoubles>(instruction); break;
            case Mnemonic.Rcpps: EmitLanes<PackedApproximation<Reciprocal>>(instruction); break;
            case Mnemonic.Rsqrtps: EmitLanes<PackedApproximation<ReciprocalSquareRoot>>(instruction); break;
            case Mnemonic.Rcpss: EmitSingle<Pure<ScalarApproximation<Reciprocal>>>(instruction); break;
            case Mnemonic.Rsqrtss: EmitSingle<Pure<ScalarApproximation<ReciprocalSquareRoot>>>(instruction); break;
            case Mnemonic.Movmskps: EmitToGeneral<SignsOfSingles, SignsOfSingles>(instruction); break;
            case Mnemonic.Movmskpd: EmitToGeneral<SignsOfDoubles, SignsOfDoubles>(instruction); break;
            case Mnemonic.Comiss: EmitVector<CompareToStatus<FloatLess, BinarySingle>, FlagsPlace, XmmPlace, Vector4>(instruction); break;
            case Mnemonic.Comisd: EmitVector<CompareToStatus<FloatLess, BinaryDouble>, FlagsPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Ucomiss: EmitVector<CompareToStatus<FloatEqual, BinarySingle>, FlagsPlace, XmmPlace, Vector4>(instruction); break;
            case Mnemonic.Ucomisd: EmitVector<CompareToStatus<FloatEqual, BinaryDouble>, FlagsPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cmpps or Mnemonic.Cmppd or Mnemonic.Cmpss or Mnemonic.Cmpsd: EmitVectorCompare(instruction); break;
            default: return EmitConversion(instruction);
        }

        return true;
    }

    private bool EmitConversion(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Cvtdq2ps: EmitVector<Converted<IntegerToSingle, FourToFour>, XmmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvtdq2pd: EmitVector<Converted<IntegerToDouble, TwoToDoubles>, XmmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtps2dq: EmitVector<Converted<ToInteger<BinarySingle, ByMxcsr>, FourToFour>, XmmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvttps2dq: EmitVector<Converted<ToInteger<BinarySingle, TowardsZero>, FourToFour>, XmmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvtpd2dq: EmitVector<Converted<ToInteger<BinaryDouble, ByMxcsr>, TwoFromDoubles>, XmmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvttpd2dq: EmitVector<Converted<ToInteger<BinaryDouble, TowardsZero>, TwoFromDoubles>, XmmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvtps2pd: EmitVector<Converted<SingleToDouble, TwoToDoubles>, XmmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtpd2ps: EmitVector<Converted<DoubleToSingle, TwoFromDoubles>, XmmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvtss2sd: EmitVector<Converted<SingleToDouble, OneToDouble>, XmmPlace, XmmPlace, Vector4>(instruction); break;
            case Mnemonic.Cvtsd2ss: EmitVector<Converted<DoubleToSingle, OneFromDouble>, XmmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtsi2ss: EmitVector<Converted<IntegerToSingle, OneToOne>, XmmPlace, GeneralPlace, Vector4>(instruction); break;
            case Mnemonic.Cvtsi2sd: EmitVector<Converted<IntegerToDouble, OneToDouble>, XmmPlace, GeneralPlace, Vector4>(instruction); break;
            case Mnemonic.Cvtss2si: EmitVector<Converted<ToInteger<BinarySingle, ByMxcsr>, OneToOne>, GeneralPlace, XmmPlace, Vector4>(instruction); break;
            case Mnemonic.Cvttss2si: EmitVector<Converted<ToInteger<BinarySingle, TowardsZero>, OneToOne>, GeneralPlace, XmmPlace, Vector4>(instruction); break;
            case Mnemonic.Cvtsd2si: EmitVector<Converted<ToInteger<BinaryDouble, ByMxcsr>, OneFromDouble>, GeneralPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvttsd2si: EmitVector<Converted<ToInteger<BinaryDouble, TowardsZero>, OneFromDouble>, GeneralPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtpi2ps: EmitVector<Converted<IntegerToSingle, TwoToTwo>, XmmPlace, MmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtpi2pd: EmitVector<Converted<IntegerToDouble, TwoToDoubles>, XmmPlace, MmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtps2pi: EmitVector<Converted<ToInteger<BinarySingle, ByMxcsr>, TwoToTwo>, MmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvttps2pi: EmitVector<Converted<ToInteger<BinarySingle, TowardsZero>, TwoToTwo>, MmPlace, XmmPlace, Vector8>(instruction); break;
            case Mnemonic.Cvtpd2pi: EmitVector<Converted<ToInteger<BinaryDouble, ByMxcsr>, TwoFromDoubles>, MmPlace, XmmPlace, Vector16>(instruction); break;
            case Mnemonic.Cvttpd2pi: EmitVector<Converted<ToInteger<BinaryDouble, TowardsZero>, TwoFromDoubles>, MmPlace, XmmPlace, Vector16>(instruction); break;
            default: return false;
        }

        return true;
    }

    private void EmitPacked<TAction>(in Instruction instruction) where TAction : IVectorAction => EmitVector<TAction, XmmPlace, XmmPlace, Vector16>(instruction);

    private void EmitSingle<TAction>(in Instruction instruction) where TAction : IVectorAction => EmitVector<TAction, XmmPlace, XmmPlace, Vector4>(instruction);

    private void EmitDouble<TAction>(in Instruction instruction) where TAction : IVectorAction => EmitVector<TAction, XmmPlace, XmmPlace, Vector8>(instruction);

    private void EmitVectorCompare(in Instruction instruction)
    {
        switch (instruction.GetImmediate(2) & 7)
        {
            case 0: EmitVectorCompare<FloatEqual>(instruction); break;
            case 1: EmitVectorCompare<FloatLess>(instruction); break;
            case 2: EmitVectorCompare<FloatLessOrEqual>(instruction); break;
            case 3: EmitVectorCompare<FloatUnordered>(instruction); break;
            case 4: EmitVectorCompare<Opposite<FloatEqual>>(instruction); break;
            case 5: EmitVectorCompare<Opposite<FloatLess>>(instruction); break;
            case 6: EmitVectorCompare<Opposite<FloatLessOrEqual>>(instruction); break;
            default: EmitVectorCompare<Opposite<FloatUnordered>>(instruction); break;
        }
    }

    private void EmitVectorCompare<TPredicate>(in Instruction instruction) where TPredicate : IFloatPredicate
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Cmpps: EmitPacked<PackedCompare<TPredicate, BinarySingle>>(instruction); break;
            case Mnemonic.Cmppd: EmitPacked<PackedCompare<TPredicate, BinaryDouble>>(instruction); break;
            case Mnemonic.Cmpss: EmitSingle<ScalarCompare<TPredicate, BinarySingle>>(instruction); break;
            default: EmitDouble<ScalarCompare<TPredicate, BinaryDouble>>(instruction); break;
        }
    }
}
