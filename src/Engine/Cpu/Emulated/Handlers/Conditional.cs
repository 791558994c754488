namespace LguestPS.Cpu.Emulated;

/// <summary>Handlers of setcc and cmovcc for each condition code, 0 to 15; odd ones are the negation of the one before.</summary>
internal static unsafe class Conditional
{
    public static HandlerPair SelectSet(int condition, OperandShape shape) => (condition >> 1) switch
    {
        0 => Set<Overflow>(condition, shape),
        1 => Set<Below>(condition, shape),
        2 => Set<Equal>(condition, shape),
        3 => Set<BelowOrEqual>(condition, shape),
        4 => Set<Negative>(condition, shape),
        5 => Set<ParityEven>(condition, shape),
        6 => Set<Less>(condition, shape),
        _ => Set<LessOrEqual>(condition, shape),
    };

    public static HandlerPair SelectMove(int condition, OperandShape shape) => (condition >> 1) switch
    {
        0 => Move<Overflow>(condition, shape),
        1 => Move<Below>(condition, shape),
        2 => Move<Equal>(condition, shape),
        3 => Move<BelowOrEqual>(condition, shape),
        4 => Move<Negative>(condition, shape),
        5 => Move<ParityEven>(condition, shape),
        6 => Move<Less>(condition, shape),
        _ => Move<LessOrEqual>(condition, shape),
    };

    private static HandlerPair Set<TCondition>(int condition, OperandShape shape) where TCondition : ICondition => (condition & 1) == 0
        ? Select.Write<SetIf<TCondition>, Bits8>(shape)
        : Select.Write<SetIf<Not<TCondition>>, Bits8>(shape);

    private static HandlerPair Move<TCondition>(int condition, OperandShape shape) where TCondition : ICondition => (condition & 1) == 0
        ? MoveSized<MoveIf<TCondition>>(shape)
        : MoveSized<MoveIf<Not<TCondition>>>(shape);

    private static HandlerPair MoveSized<TAction>(OperandShape shape) where TAction : IReads => shape.Width == OperandWidth.Word
        ? Select.Read<TAction, FlagsUnseen, Bits16>(shape)
        : Select.Read<TAction, FlagsUnseen, Bits32>(shape);
}
