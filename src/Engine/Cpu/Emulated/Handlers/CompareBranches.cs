namespace LguestPS.Cpu.Emulated;

/// <summary>cmp or test fused with the jcc after it: the branch looks at the operands, not at the flags.</summary>
internal unsafe interface IFusedTest
{
    static abstract bool Holds<TCondition, TSize>(uint x, uint y, uint result) where TCondition : ICondition where TSize : IOperandSize;
    static abstract uint Result(uint x, uint y);
    static abstract uint Carries(uint x, uint y, uint result);
}

internal readonly struct FusedCompare : IFusedTest
{
    public static bool Holds<TCondition, TSize>(uint x, uint y, uint result) where TCondition : ICondition where TSize : IOperandSize =>
        TCondition.AfterCompare<TSize>(x, y);

    public static uint Result(uint x, uint y) => x - y;
    public static uint Carries(uint x, uint y, uint result) => Subtract.Carries(x, y, result);
}

internal readonly struct FusedTest : IFusedTest
{
    public static bool Holds<TCondition, TSize>(uint x, uint y, uint result) where TCondition : ICondition where TSize : IOperandSize =>
        TCondition.AfterTest<TSize>(result);

    public static uint Result(uint x, uint y) => x & y;
    public static uint Carries(uint x, uint y, uint result) => 0;
}

internal static unsafe class CompareBranches
{
    public static Operation* Registers<TTest, TCondition, TSize, TSource>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize where TSource : ISource
    {
        uint x = TSize.Read((byte*)cpu + op->Destination);
        uint y = TSource.Value<TSize>(cpu, op);
        uint result = TTest.Result(x, y);
        LazyFlags.Set<TSize>(cpu, result, TTest.Carries(x, y, result));
        Link* links = (Link*)(op + 1);
        return TTest.Holds<TCondition, TSize>(x, y, result) ? Flow.Follow(cpu, links + 1, tlb) : Flow.Follow(cpu, links, tlb);
    }

    /// <summary>cmp memory, register or immediate.</summary>
    public static Operation* Memory<TTest, TCondition, TSize, TSource, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize where TSource : ISource
        where TAddress : IAddress where TMemory : IMemoryAccess
    {
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        uint x = TSize.Read(TMemory.At<TAddress>(cpu, op, tlb, offset));
        uint y = TSource.Value<TSize>(cpu, op);
        uint result = TTest.Result(x, y);
        LazyFlags.Set<TSize>(cpu, result, TTest.Carries(x, y, result));
        Link* links = (Link*)(op + 1);
        return TTest.Holds<TCondition, TSize>(x, y, result) ? Flow.Follow(cpu, links + 1, tlb) : Flow.Follow(cpu, links, tlb);
    }

    /// <summary>cmp register, memory.</summary>
    public static Operation* RegisterWithMemory<TTest, TCondition, TSize, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize
        where TAddress : IAddress where TMemory : IMemoryAccess
    {
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        uint y = TSize.Read(TMemory.At<TAddress>(cpu, op, tlb, offset));
        uint x = TSize.Read((byte*)cpu + op->Destination);
        uint result = TTest.Result(x, y);
        LazyFlags.Set<TSize>(cpu, result, TTest.Carries(x, y, result));
        Link* links = (Link*)(op + 1);
        return TTest.Holds<TCondition, TSize>(x, y, result) ? Flow.Follow(cpu, links + 1, tlb) : Flow.Follow(cpu, links, tlb);
    }

    /// <param name="isTest">test, else cmp.</param>
    /// <param name="condition">Half the condition code: the negated ones swap the links.</param>
    /// <param name="form">Where the operands are.</param>
    /// <param name="shape">Their size, and the address if one is in memory.</param>
    public static HandlerPair Select(bool isTest, int condition, FusedForm form, OperandShape shape) =>
        isTest ? Select<FusedTest>(condition, form, shape) : Select<FusedCompare>(condition, form, shape);

    private static HandlerPair Select<TTest>(int condition, FusedForm form, OperandShape shape) where TTest : IFusedTest => condition switch
    {
        0 => Select<TTest, Overflow>(form, shape),
        1 => Select<TTest, Below>(form, shape),
        2 => Select<TTest, Equal>(form, shape),
        3 => Select<TTest, BelowOrEqual>(form, shape),
        4 => Select<TTest, Negative>(form, shape),
        5 => Select<TTest, ParityEven>(form, shape),
        6 => Select<TTest, Less>(form, shape),
        _ => Select<TTest, LessOrEqual>(form, shape),
    };

    private static HandlerPair Select<TTest, TCondition>(FusedForm form, OperandShape shape)
        where TTest : IFusedTest where TCondition : ICondition => shape.Width switch
    {
        OperandWidth.Byte => Select<TTest, TCondition, Bits8>(form, shape),
        OperandWidth.Word => Select<TTest, TCondition, Bits16>(form, shape),
        _ => Select<TTest, TCondition, Bits32>(form, shape),
    };

    private static HandlerPair Select<TTest, TCondition, TSize>(FusedForm form, OperandShape shape)
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize => form switch
    {
        FusedForm.RegisterRegister => SelectRegisters<TTest, TCondition, TSize, FromRegister>(),
        FusedForm.RegisterImmediate => SelectRegisters<TTest, TCondition, TSize, FromImmediate>(),
        _ => shape.Address == AddressKind.Segmented
            ? SelectMemory<TTest, TCondition, TSize, Segmented>(form)
            : SelectMemory<TTest, TCondition, TSize, FlatIndexed>(form),
    };

    private static HandlerPair SelectMemory<TTest, TCondition, TSize, TAddress>(FusedForm form)
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize where TAddress : IAddress => form switch
    {
        FusedForm.RegisterMemory => new(
            new(OperationForm.CompareBranchWithMemory, typeof(TTest)) { Width = TSize.Width, Address = TAddress.Kind, FlagsSeen = true, Condition = TCondition.Code },
            &RegisterWithMemory<TTest, TCondition, TSize, TAddress, FastMemory>,
            &RegisterWithMemory<TTest, TCondition, TSize, TAddress, SlowMemory>),
        FusedForm.MemoryRegister => SelectMemory<TTest, TCondition, TSize, FromRegister, TAddress>(),
        _ => SelectMemory<TTest, TCondition, TSize, FromImmediate, TAddress>(),
    };

    private static HandlerPair SelectMemory<TTest, TCondition, TSize, TSource, TAddress>()
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize where TSource : ISource where TAddress : IAddress => new(
        new(OperationForm.CompareBranchMemory, typeof(TTest))
        {
            Width = TSize.Width, Source = typeof(TSource), Address = TAddress.Kind, FlagsSeen = true, Condition = TCondition.Code,
        },
        &Memory<TTest, TCondition, TSize, TSource, TAddress, FastMemory>,
        &Memory<TTest, TCondition, TSize, TSource, TAddress, SlowMemory>);

    private static HandlerPair SelectRegisters<TTest, TCondition, TSize, TSource>()
        where TTest : IFusedTest where TCondition : ICondition where TSize : IOperandSize where TSource : ISource => new(
        new(OperationForm.CompareBranch, typeof(TTest)) { Width = TSize.Width, Source = typeof(TSource), FlagsSeen = true, Condition = TCondition.Code },
        &Registers<TTest, TCondition, TSize, TSource>);
}

internal enum FusedForm
{
    RegisterRegister,
    RegisterImmediate,
    RegisterMemory,
    MemoryRegister,
    MemoryImmediate,
}
