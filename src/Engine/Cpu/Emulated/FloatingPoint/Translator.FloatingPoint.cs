using Iced.Intel;

namespace LguestPS.Cpu.Emulated;

/// <summary>From an x87 instruction to its operation, by its two opcode bytes.</summary>
internal sealed unsafe partial class Translator
{
    /// <param name="instruction">Says where a memory operand is, and how long the instruction.</param>
    /// <param name="opcode">The first byte, D8 to DF, and above it the second.</param>
    private void EmitFloatingPoint(in Instruction instruction, ushort opcode)
    {
        int first = opcode & 7, second = opcode >> 8;
        bool isMemory = second < 0xC0;
        HandlerPair handlers = default;
        Operation* op = Begin(instruction);
        op->Immediate = instruction.IP32;
        op->Source = (byte)first;
        op->Destination = (byte)second;
        if (!isMemory)
        {
            handlers = SelectRegisters(first, second);
        }
        else if (instruction.Op0Kind == OpKind.Memory || instruction.Op1Kind == OpKind.Memory)
        {
            int function = second >> 3 & 7;
            bool segmented = SetAddress(op, instruction) == AddressKind.Segmented;
            handlers = segmented ? SelectMemory<Segmented>(first, function) : SelectMemory<FlatIndexed>(first, function);
            if (handlers.Fast == null) handlers = SelectImage(first, function, IsWordImage(instruction.Code));
        }

        if (handlers.Fast == null) EmitFaultInto(op, FaultOfUndefined(instruction));
        else Use(op, handlers);
    }

    private static bool IsWordImage(Code code) =>
        code is Code.Fldenv_m14byte or Code.Fnstenv_m14byte or Code.Fnsave_m94byte or Code.Frstor_m94byte;

    private void EmitExtendedState(in Instruction instruction) =>
        EmitWithAddress(instruction, instruction.Mnemonic == Mnemonic.Fxsave ? Select.Rare<ExtendedSave>() : Select.Rare<ExtendedRestore>());

    /// <summary>Operands of 2, 4 and 8 bytes.</summary>
    private static HandlerPair SelectMemory<TAddress>(int first, int function) where TAddress : IAddress => (first, function) switch
    {
        (0, _) => SelectArithmetic<SingleFormat, TAddress>(function),
        (2, _) => SelectArithmetic<Integer32Format, TAddress>(function),
        (4, _) => SelectArithmetic<DoubleFormat, TAddress>(function),
        (6, _) => SelectArithmetic<Integer16Format, TAddress>(function),
        (1, 0) => SelectRead<PushNumber, SingleFormat, TAddress>(),
        (3, 0) => SelectRead<PushNumber, Integer32Format, TAddress>(),
        (5, 0) => SelectRead<PushNumber, DoubleFormat, TAddress>(),
        (7, 0) => SelectRead<PushNumber, Integer16Format, TAddress>(),
        (7, 5) => SelectRead<PushNumber, Integer64Format, TAddress>(),
        (3, 1) => SelectWrite<Pop, TruncatedFormat<Integer32Format>, TAddress>(),
        (5, 1) => SelectWrite<Pop, TruncatedFormat<Integer64Format>, TAddress>(),
        (7, 1) => SelectWrite<Pop, TruncatedFormat<Integer16Format>, TAddress>(),
        (1, 2) => SelectWrite<Keep, SingleFormat, TAddress>(),
        (1, 3) => SelectWrite<Pop, SingleFormat, TAddress>(),
        (3, 2) => SelectWrite<Keep, Integer32Format, TAddress>(),
        (3, 3) => SelectWrite<Pop, Integer32Format, TAddress>(),
        (5, 2) => SelectWrite<Keep, DoubleFormat, TAddress>(),
        (5, 3) => SelectWrite<Pop, DoubleFormat, TAddress>(),
        (7, 2) => SelectWrite<Keep, Integer16Format, TAddress>(),
        (7, 3) => SelectWrite<Pop, Integer16Format, TAddress>(),
        (7, 7) => SelectWrite<Pop, Integer64Format, TAddress>(),
        _ => default,
    };

    private static HandlerPair SelectArithmetic<TFormat, TAddress>(int function) where TFormat : IFpuFormat where TAddress : IAddress => function switch
    {
        0 => SelectRead<WithMemory<FloatAdd>, TFormat, TAddress>(),
        1 => SelectRead<WithMemory<FloatMultiply>, TFormat, TAddress>(),
        2 => SelectRead<CompareWithMemory<Keep>, TFormat, TAddress>(),
        3 => SelectRead<CompareWithMemory<Pop>, TFormat, TAddress>(),
        4 => SelectRead<WithMemory<FloatSubtract>, TFormat, TAddress>(),
        5 => SelectRead<WithMemory<FloatSubtractFrom>, TFormat, TAddress>(),
        6 => SelectRead<WithMemory<FloatDivide>, TFormat, TAddress>(),
        _ => SelectRead<WithMemory<FloatDivideInto>, TFormat, TAddress>(),
    };

    private static HandlerPair SelectRead<TAction, TFormat, TAddress>()
        where TAction : IFpuReads where TFormat : IFpuFormat where TAddress : IAddress =>
        new(new(OperationForm.FpuRead, typeof(TAction)) { Format = typeof(TFormat), Address = TAddress.Kind },
            &FpuSkeletons.ReadMemory<TAction, TFormat, TAddress, FastMemory>, &FpuSkeletons.ReadMemory<TAction, TFormat, TAddress, SlowMemory>);

    private static HandlerPair SelectWrite<TPops, TFormat, TAddress>()
        where TPops : IPops where TFormat : IFpuFormat where TAddress : IAddress =>
        new(new(OperationForm.FpuWrite, typeof(TPops)) { Format = typeof(TFormat), Address = TAddress.Kind },
            &FpuSkeletons.WriteMemory<TPops, TFormat, TAddress, FastMemory>, &FpuSkeletons.WriteMemory<TPops, TFormat, TAddress, SlowMemory>);

    /// <summary>Operands of 10 bytes and more, and control words.</summary>
    private static HandlerPair SelectImage(int first, int function, bool isWord) => (first, function) switch
    {
        (1, 4) => isWord ? Select.Rare<LoadEnvironment<Bits16>>() : Select.Rare<LoadEnvironment<Bits32>>(),
        (1, 5) => Select.Rare<LoadControlWord>(),
        (1, 6) => isWord ? Select.Rare<StoreEnvironment<Bits16>>() : Select.Rare<StoreEnvironment<Bits32>>(),
        (1, 7) => Select.Rare<StoreControlWord>(),
        (3, 5) => Select.Rare<LoadExtended>(),
        (3, 7) => Select.Rare<StoreExtended>(),
        (5, 4) => isWord ? Select.Rare<RestoreFpu<Bits16>>() : Select.Rare<RestoreFpu<Bits32>>(),
        (5, 6) => isWord ? Select.Rare<SaveFpu<Bits16>>() : Select.Rare<SaveFpu<Bits32>>(),
        (5, 7) => Select.Rare<StoreStatusWord>(),
        (7, 4) => Select.Rare<LoadDecimal>(),
        (7, 6) => Select.Rare<StoreDecimal>(),
        _ => default,
    };

    private static HandlerPair SelectRegisters(int first, int second) => first switch
    {
        0 => (second >> 3 & 7) switch
        {
            0 => Registers<IntoTop<FloatAdd>>(),
            1 => Registers<IntoTop<FloatMultiply>>(),
            2 => Registers<CompareRegisters<Strict, Keep>>(),
            3 => Registers<CompareRegisters<Strict, Pop>>(),
            4 => Registers<IntoTop<FloatSubtract>>(),
            5 => Registers<IntoTop<FloatSubtractFrom>>(),
            6 => Registers<IntoTop<FloatDivide>>(),
            _ => Registers<IntoTop<FloatDivideInto>>(),
        },
        1 => SelectD9(second),
        2 => second switch
        {
            < 0xC8 => Registers<CopyIf<Below>>(),
            < 0xD0 => Registers<CopyIf<Equal>>(),
            < 0xD8 => Registers<CopyIf<BelowOrEqual>>(),
            < 0xE0 => Registers<CopyIf<ParityEven>>(),
            0xE9 => Registers<CompareAndPopBoth<Lenient>>(),
            _ => default,
        },
        3 => second switch
        {
            < 0xC8 => Registers<CopyIf<Not<Below>>>(),
            < 0xD0 => Registers<CopyIf<Not<Equal>>>(),
            < 0xD8 => Registers<CopyIf<Not<BelowOrEqual>>>(),
            < 0xE0 => Registers<CopyIf<Not<ParityEven>>>(),
            0xE0 or 0xE1 or 0xE4 => Select.Plain<ObsoleteControl>(),
            0xE2 => Select.Plain<ClearExceptions>(),
            0xE3 => Select.Plain<InitializeFpu>(),
            >= 0xE8 and < 0xF0 => Registers<CompareToFlags<Lenient, Keep>>(),
            >= 0xF0 and < 0xF8 => Registers<CompareToFlags<Strict, Keep>>(),
            _ => default,
        },
        4 => SelectIntoOther<Keep>(second),
        5 => (second >> 3 & 7) switch
        {
            0 => Registers<FreeRegister<Keep>>(),
            1 => Registers<ExchangeWithTop>(),
            2 => Registers<CopyTop<Keep>>(),
            3 => Registers<CopyTop<Pop>>(),
            4 => Registers<CompareRegisters<Lenient, Keep>>(),
            5 => Registers<CompareRegisters<Lenient, Pop>>(),
            _ => default,
        },
        6 => second is >= 0xD8 and < 0xE0
            ? second == 0xD9 ? Registers<CompareAndPopBoth<Strict>>() : default
            : SelectIntoOther<Pop>(second),
        _ => second switch
        {
            < 0xC8 => Registers<FreeRegister<Pop>>(),
            < 0xD0 => Registers<ExchangeWithTop>(),
            < 0xE0 => Registers<CopyTop<Pop>>(),
            0xE0 => Select.Plain<StoreStatusWordToAx>(),
            >= 0xE8 and < 0xF0 => Registers<CompareToFlags<Lenient, Pop>>(),
            >= 0xF0 and < 0xF8 => Registers<CompareToFlags<Strict, Pop>>(),
            _ => default,
        },
    };

    private static HandlerPair SelectIntoOther<TPops>(int second) where TPops : IPops => (second >> 3 & 7) switch
    {
        0 => Registers<IntoOther<FloatAdd, TPops>>(),
        1 => Registers<IntoOther<FloatMultiply, TPops>>(),
        2 => Registers<CompareRegisters<Strict, TPops>>(),
        3 => Registers<CompareRegisters<Strict, Pop>>(),
        4 => Registers<IntoOther<FloatSubtract, TPops>>(),
        5 => Registers<IntoOther<FloatSubtractFrom, TPops>>(),
        6 => Registers<IntoOther<FloatDivide, TPops>>(),
        _ => Registers<IntoOther<FloatDivideInto, TPops>>(),
    };

    private static HandlerPair SelectD9(int second) => second switch
    {
        < 0xC8 => Registers<PushRegister>(),
        < 0xD0 => Registers<ExchangeWithTop>(),
        0xD0 => Registers<NoFloatOperation>(),
        >= 0xD8 and < 0xE0 => Registers<CopyTopQuietly>(),
        0xE0 => Registers<ChangeSign>(),
        0xE1 => Registers<AbsoluteValue>(),
        0xE4 => Registers<CompareWithZero>(),
        0xE5 => Registers<Examine>(),
        0xE8 => Registers<PushConstant<ConstantOne>>(),
        0xE9 => Registers<PushConstant<ConstantLog2Of10>>(),
        0xEA => Registers<PushConstant<ConstantLog2OfE>>(),
        0xEB => Registers<PushConstant<ConstantPi>>(),
        0xEC => Registers<PushConstant<ConstantLog10Of2>>(),
        0xED => Registers<PushConstant<ConstantLn2>>(),
        0xEE => Registers<PushConstant<ConstantZero>>(),
        0xF0 => Registers<Unary<PowerOfTwoMinusOne>>(),
        0xF1 => Registers<Binary<TimesLogarithm, Pop>>(),
        0xF2 => Registers<UnaryInRange<Tangent, SecondIsOne>>(),
        0xF3 => Registers<Binary<ArcTangent, Pop>>(),
        0xF4 => Registers<ExtractParts>(),
        0xF5 => Registers<PartialRemainder<ToNearest>>(),
        0xF6 => Registers<TurnStack<Downwards>>(),
        0xF7 => Registers<TurnStack<Upwards>>(),
        0xF8 => Registers<PartialRemainder<Truncating>>(),
        0xF9 => Registers<Binary<TimesLogarithmOfNext, Pop>>(),
        0xFA => Registers<Unary<SquareRoot>>(),
        0xFB => Registers<UnaryInRange<Sine, SecondIsCosine>>(),
        0xFC => Registers<Unary<RoundToIntegral>>(),
        0xFD => Registers<Binary<Scale, Keep>>(),
        0xFE => Registers<UnaryInRange<Sine, NoSecond>>(),
        0xFF => Registers<UnaryInRange<Cosine, NoSecond>>(),
        _ => default,
    };

    private static HandlerPair Registers<TAction>() where TAction : IFpuAction =>
        new(new(OperationForm.FpuRegisters, typeof(TAction)), &FpuSkeletons.Registers<TAction>);
}
