namespace LguestPS.Cpu.Emulated;

/// <summary>Arithmetic on a register, fused with the jcc after it. Other than cmp and test it leaves a result, so the branch looks at the flags.</summary>
internal static unsafe class FlagBranches
{
    /// <summary>add, sub, and, or.</summary>
    public static Operation* Arithmetic<TAction, TSource, TCondition>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IReads where TSource : ISource where TCondition : ICondition
    {
        TAction.Run<Bits32, FlagsSeen>(cpu, op, TSource.Value<Bits32>(cpu, op));
        return Branches.Branch<TCondition>(cpu, op, tlb);
    }

    /// <summary>inc, dec.</summary>
    public static Operation* Count<TAction, TCondition>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IModifies where TCondition : ICondition
    {
        uint* register = (uint*)((byte*)cpu + op->Destination);
        *register = TAction.Run<Bits32, FlagsSeen>(cpu, op, *register);
        return Branches.Branch<TCondition>(cpu, op, tlb);
    }

    /// <param name="condition">Half the condition code: the negated ones swap the links.</param>
    public static HandlerPair SelectArithmetic<TAction, TSource>(int condition) where TAction : IReads where TSource : ISource => condition switch
    {
        0 => MakeArithmetic<TAction, TSource, Overflow>(),
        1 => MakeArithmetic<TAction, TSource, Below>(),
        2 => MakeArithmetic<TAction, TSource, Equal>(),
        3 => MakeArithmetic<TAction, TSource, BelowOrEqual>(),
        4 => MakeArithmetic<TAction, TSource, Negative>(),
        5 => MakeArithmetic<TAction, TSource, ParityEven>(),
        6 => MakeArithmetic<TAction, TSource, Less>(),
        _ => MakeArithmetic<TAction, TSource, LessOrEqual>(),
    };

    /// <inheritdoc cref="SelectArithmetic{TAction,TSource}(int)"/>
    public static HandlerPair SelectCount<TAction>(int condition) where TAction : IModifies => condition switch
    {
        0 => MakeCount<TAction, Overflow>(),
        1 => MakeCount<TAction, Below>(),
        2 => MakeCount<TAction, Equal>(),
        3 => MakeCount<TAction, BelowOrEqual>(),
        4 => MakeCount<TAction, Negative>(),
        5 => MakeCount<TAction, ParityEven>(),
        6 => MakeCount<TAction, Less>(),
        _ => MakeCount<TAction, LessOrEqual>(),
    };

    private static HandlerPair MakeArithmetic<TAction, TSource, TCondition>()
        where TAction : IReads where TSource : ISource where TCondition : ICondition =>
        new(new(OperationForm.ArithmeticBranch, typeof(TAction)) { Width = OperandWidth.Long, Source = typeof(TSource), FlagsSeen = true, Condition = TCondition.Code },
            &Arithmetic<TAction, TSource, TCondition>);

    private static HandlerPair MakeCount<TAction, TCondition>() where TAction : IModifies where TCondition : ICondition =>
        new(new(OperationForm.CountBranch, typeof(TAction)) { Width = OperandWidth.Long, FlagsSeen = true, Condition = TCondition.Code },
            &Count<TAction, TCondition>);
}
