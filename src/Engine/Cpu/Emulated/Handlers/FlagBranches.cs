namespace LguestPS.Cpu.Emulated;

/// <summary>Arithmetic on a register, fused with the jcc behind it. Other than cmp and test it leaves a result, so the branch looks at the flags.</summary>
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
        0 => new(&Arithmetic<TAction, TSource, Overflow>),
        1 => new(&Arithmetic<TAction, TSource, Below>),
        2 => new(&Arithmetic<TAction, TSource, Equal>),
        3 => new(&Arithmetic<TAction, TSource, BelowOrEqual>),
        4 => new(&Arithmetic<TAction, TSource, Negative>),
        5 => new(&Arithmetic<TAction, TSource, ParityEven>),
        6 => new(&Arithmetic<TAction, TSource, Less>),
        _ => new(&Arithmetic<TAction, TSource, LessOrEqual>),
    };

    /// <inheritdoc cref="SelectArithmetic{TAction,TSource}(int)"/>
    public static HandlerPair SelectCount<TAction>(int condition) where TAction : IModifies => condition switch
    {
        0 => new(&Count<TAction, Overflow>),
        1 => new(&Count<TAction, Below>),
        2 => new(&Count<TAction, Equal>),
        3 => new(&Count<TAction, BelowOrEqual>),
        4 => new(&Count<TAction, Negative>),
        5 => new(&Count<TAction, ParityEven>),
        6 => new(&Count<TAction, Less>),
        _ => new(&Count<TAction, LessOrEqual>),
    };
}
