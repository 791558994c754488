using System.Runtime.Intrinsics.X86;

namespace LguestPS.Cpu.Emulated;

/// <summary>The host's instruction that does what an action on xmm registers does.</summary>
/// <param name="Prefix">0, or the byte in front of 0F that belongs to the opcode.</param>
/// <param name="Opcode">With the bytes that lead to its map, such as 0F or 0F38.</param>
/// <param name="Field">More of the opcode in the place of the first register, for shifts by an immediate; else -1.</param>
/// <param name="Immediate">The immediate operand: none, the guest's, or one that is part of the action.</param>
/// <param name="IsFloat">Whether MXCSR has a part in it.</param>
internal readonly record struct VectorOpcode(int Prefix, int Opcode, int Field = -1, int Immediate = VectorOpcode.None, bool IsFloat = false)
{
    public const int None = -1, FromGuest = -2;

    private static readonly Dictionary<Type, VectorOpcode> known = Known();

    /// <summary>What does this action on registers, or on a register and memory.</summary>
    public static bool TryFind(Type action, out VectorOpcode encoding)
    {
        if (Definition(action) == typeof(Pure<>)) action = action.GenericTypeArguments[0];
        return known.TryGetValue(action, out encoding);
    }

    public static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private static Dictionary<Type, VectorOpcode> Known()
    {
        var table = new Dictionary<Type, VectorOpcode>();
        AddIntegers(table);
        AddShuffles(table);
        AddShifts(table);
        AddFloats<VectorAdd>(table, 0x0F58);
        AddFloats<VectorSubtract>(table, 0x0F5C);
        AddFloats<VectorMultiply>(table, 0x0F59);
        AddFloats<VectorDivide>(table, 0x0F5E);
        AddFloats<VectorSquareRoot>(table, 0x0F51);
        AddSelections<FloatLess>(table, 0x0F5D);
        AddSelections<FloatGreater>(table, 0x0F5F);
        AddComparisons<FloatEqual>(table, 0);
        AddComparisons<FloatLess>(table, 1);
        AddComparisons<FloatLessOrEqual>(table, 2);
        AddComparisons<FloatUnordered>(table, 3);
        AddConversions(table);
        if (Sse3.IsSupported) AddSse3(table);
        if (Ssse3.IsSupported) AddSsse3(table);
        return table;
    }

    private static void AddIntegers(Dictionary<Type, VectorOpcode> table)
    {
        foreach ((Type operation, int opcode) in (ReadOnlySpan<(Type, int)>)
        [
            (typeof(AddLanes8), 0xFC), (typeof(AddLanes16), 0xFD), (typeof(AddLanes32), 0xFE), (typeof(AddLanes64), 0xD4),
            (typeof(SubtractLanes8), 0xF8), (typeof(SubtractLanes16), 0xF9), (typeof(SubtractLanes32), 0xFA), (typeof(SubtractLanes64), 0xFB),
            (typeof(AddSigned8), 0xEC), (typeof(AddSigned16), 0xED), (typeof(AddUnsigned8), 0xDC), (typeof(AddUnsigned16), 0xDD),
            (typeof(SubtractSigned8), 0xE8), (typeof(SubtractSigned16), 0xE9), (typeof(SubtractUnsigned8), 0xD8), (typeof(SubtractUnsigned16), 0xD9),
            (typeof(MultiplyLow16), 0xD5), (typeof(MultiplyHighSigned16), 0xE5), (typeof(MultiplyHighUnsigned16), 0xE4),
            (typeof(MultiplyAddPairs16), 0xF5), (typeof(MultiplyEven32), 0xF4), (typeof(Average8), 0xE0), (typeof(Average16), 0xE3),
            (typeof(SumOfDifferences), 0xF6), (typeof(MinimumUnsigned8), 0xDA), (typeof(MaximumUnsigned8), 0xDE),
            (typeof(MinimumSigned16), 0xEA), (typeof(MaximumSigned16), 0xEE),
            (typeof(AndBits), 0xDB), (typeof(AndNotBits), 0xDF), (typeof(OrBits), 0xEB), (typeof(XorBits), 0xEF),
            (typeof(EqualLanes8), 0x74), (typeof(EqualLanes16), 0x75), (typeof(EqualLanes32), 0x76),
            (typeof(GreaterLanes8), 0x64), (typeof(GreaterLanes16), 0x65), (typeof(GreaterLanes32), 0x66),
            (typeof(PackSigned16), 0x63), (typeof(PackUnsigned16), 0x67), (typeof(PackSigned32), 0x6B),
            (typeof(InterleaveLow8), 0x60), (typeof(InterleaveLow16), 0x61), (typeof(InterleaveLow32), 0x62), (typeof(InterleaveLow64), 0x6C),
            (typeof(InterleaveHigh8), 0x68), (typeof(InterleaveHigh16), 0x69), (typeof(InterleaveHigh32), 0x6A), (typeof(InterleaveHigh64), 0x6D),
            (typeof(SignsOfBytes), 0xD7), (typeof(SignsOfDoubles), 0x50),
        ])
            table.Add(operation, new VectorOpcode(0x66, 0x0F00 | opcode));
        table.Add(typeof(SignsOfSingles), new VectorOpcode(0, 0x0F50));
    }

    private static void AddShuffles(Dictionary<Type, VectorOpcode> table)
    {
        table.Add(typeof(Shuffle32), new VectorOpcode(0x66, 0x0F70, Immediate: FromGuest));
        table.Add(typeof(ShuffleLow16), new VectorOpcode(0xF2, 0x0F70, Immediate: FromGuest));
        table.Add(typeof(ShuffleHigh16), new VectorOpcode(0xF3, 0x0F70, Immediate: FromGuest));
        table.Add(typeof(ShuffleSingles), new VectorOpcode(0, 0x0FC6, Immediate: FromGuest));
        table.Add(typeof(ShuffleDoubles), new VectorOpcode(0x66, 0x0FC6, Immediate: FromGuest));
        table.Add(typeof(Insert16), new VectorOpcode(0x66, 0x0FC4, Immediate: FromGuest));
        table.Add(typeof(Extract16), new VectorOpcode(0x66, 0x0FC5, Immediate: FromGuest));
    }

    private static void AddShifts(Dictionary<Type, VectorOpcode> table)
    {
        AddShift<ShiftLeftLanes16<CountFromSource>, ShiftLeftLanes16<CountFromImmediate>>(table, 0xF1, 0x71, 6);
        AddShift<ShiftLeftLanes32<CountFromSource>, ShiftLeftLanes32<CountFromImmediate>>(table, 0xF2, 0x72, 6);
        AddShift<ShiftLeftLanes64<CountFromSource>, ShiftLeftLanes64<CountFromImmediate>>(table, 0xF3, 0x73, 6);
        AddShift<ShiftRightLanes16<CountFromSource>, ShiftRightLanes16<CountFromImmediate>>(table, 0xD1, 0x71, 2);
        AddShift<ShiftRightLanes32<CountFromSource>, ShiftRightLanes32<CountFromImmediate>>(table, 0xD2, 0x72, 2);
        AddShift<ShiftRightLanes64<CountFromSource>, ShiftRightLanes64<CountFromImmediate>>(table, 0xD3, 0x73, 2);
        AddShift<ShiftArithmeticLanes16<CountFromSource>, ShiftArithmeticLanes16<CountFromImmediate>>(table, 0xE1, 0x71, 4);
        AddShift<ShiftArithmeticLanes32<CountFromSource>, ShiftArithmeticLanes32<CountFromImmediate>>(table, 0xE2, 0x72, 4);
        table.Add(typeof(ShiftLeftBytes), new VectorOpcode(0x66, 0x0F73, 7, FromGuest));
        table.Add(typeof(ShiftRightBytes), new VectorOpcode(0x66, 0x0F73, 3, FromGuest));
    }

    private static void AddShift<TBySource, TByImmediate>(Dictionary<Type, VectorOpcode> table, int bySource, int byImmediate, int field)
    {
        table.Add(typeof(TBySource), new VectorOpcode(0x66, 0x0F00 | bySource));
        table.Add(typeof(TByImmediate), new VectorOpcode(0x66, 0x0F00 | byImmediate, field, FromGuest));
    }

    private static void AddFloats<TOp>(Dictionary<Type, VectorOpcode> table, int opcode) where TOp : IFloatArithmetic
    {
        table.Add(typeof(PackedArithmetic<TOp, BinarySingle>), new VectorOpcode(0, opcode, IsFloat: true));
        table.Add(typeof(PackedArithmetic<TOp, BinaryDouble>), new VectorOpcode(0x66, opcode, IsFloat: true));
        table.Add(typeof(ScalarArithmetic<TOp, BinarySingle>), new VectorOpcode(0xF3, opcode, IsFloat: true));
        table.Add(typeof(ScalarArithmetic<TOp, BinaryDouble>), new VectorOpcode(0xF2, opcode, IsFloat: true));
    }

    private static void AddSelections<TPredicate>(Dictionary<Type, VectorOpcode> table, int opcode) where TPredicate : IFloatPredicate
    {
        table.Add(typeof(PackedSelection<TPredicate, BinarySingle>), new VectorOpcode(0, opcode, IsFloat: true));
        table.Add(typeof(PackedSelection<TPredicate, BinaryDouble>), new VectorOpcode(0x66, opcode, IsFloat: true));
        table.Add(typeof(ScalarSelection<TPredicate, BinarySingle>), new VectorOpcode(0xF3, opcode, IsFloat: true));
        table.Add(typeof(ScalarSelection<TPredicate, BinaryDouble>), new VectorOpcode(0xF2, opcode, IsFloat: true));
    }

    private static void AddComparisons<TPredicate>(Dictionary<Type, VectorOpcode> table, int number) where TPredicate : IFloatPredicate
    {
        AddComparison<TPredicate>(table, number);
        AddComparison<Opposite<TPredicate>>(table, number + 4);
    }

    private static void AddComparison<TPredicate>(Dictionary<Type, VectorOpcode> table, int number) where TPredicate : IFloatPredicate
    {
        table.Add(typeof(PackedCompare<TPredicate, BinarySingle>), new VectorOpcode(0, 0x0FC2, Immediate: number, IsFloat: true));
        table.Add(typeof(PackedCompare<TPredicate, BinaryDouble>), new VectorOpcode(0x66, 0x0FC2, Immediate: number, IsFloat: true));
        table.Add(typeof(ScalarCompare<TPredicate, BinarySingle>), new VectorOpcode(0xF3, 0x0FC2, Immediate: number, IsFloat: true));
        table.Add(typeof(ScalarCompare<TPredicate, BinaryDouble>), new VectorOpcode(0xF2, 0x0FC2, Immediate: number, IsFloat: true));
    }

    private static void AddConversions(Dictionary<Type, VectorOpcode> table)
    {
        table.Add(typeof(CompareToStatus<FloatLess, BinarySingle>), new VectorOpcode(0, 0x0F2F, IsFloat: true));
        table.Add(typeof(CompareToStatus<FloatLess, BinaryDouble>), new VectorOpcode(0x66, 0x0F2F, IsFloat: true));
        table.Add(typeof(CompareToStatus<FloatEqual, BinarySingle>), new VectorOpcode(0, 0x0F2E, IsFloat: true));
        table.Add(typeof(CompareToStatus<FloatEqual, BinaryDouble>), new VectorOpcode(0x66, 0x0F2E, IsFloat: true));
        table.Add(typeof(Converted<IntegerToSingle, FourToFour>), new VectorOpcode(0, 0x0F5B, IsFloat: true));
        table.Add(typeof(Converted<IntegerToDouble, TwoToDoubles>), new VectorOpcode(0xF3, 0x0FE6, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinarySingle, ByMxcsr>, FourToFour>), new VectorOpcode(0x66, 0x0F5B, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinarySingle, TowardsZero>, FourToFour>), new VectorOpcode(0xF3, 0x0F5B, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinaryDouble, ByMxcsr>, TwoFromDoubles>), new VectorOpcode(0xF2, 0x0FE6, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinaryDouble, TowardsZero>, TwoFromDoubles>), new VectorOpcode(0x66, 0x0FE6, IsFloat: true));
        table.Add(typeof(Converted<SingleToDouble, TwoToDoubles>), new VectorOpcode(0, 0x0F5A, IsFloat: true));
        table.Add(typeof(Converted<DoubleToSingle, TwoFromDoubles>), new VectorOpcode(0x66, 0x0F5A, IsFloat: true));
        table.Add(typeof(Converted<SingleToDouble, OneToDouble>), new VectorOpcode(0xF3, 0x0F5A, IsFloat: true));
        table.Add(typeof(Converted<DoubleToSingle, OneFromDouble>), new VectorOpcode(0xF2, 0x0F5A, IsFloat: true));
        table.Add(typeof(Converted<IntegerToSingle, OneToOne>), new VectorOpcode(0xF3, 0x0F2A, IsFloat: true));
        table.Add(typeof(Converted<IntegerToDouble, OneToDouble>), new VectorOpcode(0xF2, 0x0F2A, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinarySingle, ByMxcsr>, OneToOne>), new VectorOpcode(0xF3, 0x0F2D, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinarySingle, TowardsZero>, OneToOne>), new VectorOpcode(0xF3, 0x0F2C, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinaryDouble, ByMxcsr>, OneFromDouble>), new VectorOpcode(0xF2, 0x0F2D, IsFloat: true));
        table.Add(typeof(Converted<ToInteger<BinaryDouble, TowardsZero>, OneFromDouble>), new VectorOpcode(0xF2, 0x0F2C, IsFloat: true));
    }

    private static void AddSse3(Dictionary<Type, VectorOpcode> table)
    {
        table.Add(typeof(DuplicateLow8), new VectorOpcode(0xF2, 0x0F12));
        table.Add(typeof(DuplicateEven4), new VectorOpcode(0xF3, 0x0F12));
        table.Add(typeof(DuplicateOdd4), new VectorOpcode(0xF3, 0x0F16));
        table.Add(typeof(AddSubtract<BinarySingle>), new VectorOpcode(0xF2, 0x0FD0, IsFloat: true));
        table.Add(typeof(AddSubtract<BinaryDouble>), new VectorOpcode(0x66, 0x0FD0, IsFloat: true));
        table.Add(typeof(HorizontalArithmetic<VectorAdd, BinarySingle>), new VectorOpcode(0xF2, 0x0F7C, IsFloat: true));
        table.Add(typeof(HorizontalArithmetic<VectorAdd, BinaryDouble>), new VectorOpcode(0x66, 0x0F7C, IsFloat: true));
        table.Add(typeof(HorizontalArithmetic<VectorSubtract, BinarySingle>), new VectorOpcode(0xF2, 0x0F7D, IsFloat: true));
        table.Add(typeof(HorizontalArithmetic<VectorSubtract, BinaryDouble>), new VectorOpcode(0x66, 0x0F7D, IsFloat: true));
    }

    private static void AddSsse3(Dictionary<Type, VectorOpcode> table)
    {
        foreach ((Type operation, int opcode) in (ReadOnlySpan<(Type, int)>)
        [
            (typeof(ShuffleBytes), 0x00), (typeof(HorizontalAdd16), 0x01), (typeof(HorizontalAdd32), 0x02), (typeof(HorizontalAddSigned16), 0x03),
            (typeof(MultiplyAddPairs8), 0x04), (typeof(HorizontalSubtract16), 0x05), (typeof(HorizontalSubtract32), 0x06),
            (typeof(HorizontalSubtractSigned16), 0x07), (typeof(TakeSign8), 0x08), (typeof(TakeSign16), 0x09), (typeof(TakeSign32), 0x0A),
            (typeof(MultiplyHighRounded16), 0x0B), (typeof(Absolute8), 0x1C), (typeof(Absolute16), 0x1D), (typeof(Absolute32), 0x1E),
        ])
            table.Add(operation, new VectorOpcode(0x66, 0x0F3800 | opcode));
        table.Add(typeof(AlignRight), new VectorOpcode(0x66, 0x0F3A0F, Immediate: FromGuest));
    }
}
