namespace LguestPS.Cpu.Emulated;

internal enum OperandWidth : byte
{
    Byte,
    Word,
    Long,
}

internal enum OperandPlace : byte
{
    Register,
    Immediate,
    Memory,
}

internal enum AddressKind : byte
{
    FlatBase,
    FlatIndexed,
    Segmented,
}

/// <summary>What decides, beside the instruction itself, which handler fits.</summary>
internal readonly record struct OperandShape(OperandWidth Width, OperandPlace Place, AddressKind Address);

/// <summary>A handler and, if it touches memory, its slow twin.</summary>
internal readonly unsafe struct HandlerPair(
    delegate*<CpuState*, Operation*, TlbEntry*, Operation*> fast, delegate*<CpuState*, Operation*, TlbEntry*, Operation*> slow = null)
{
    public readonly delegate*<CpuState*, Operation*, TlbEntry*, Operation*> Fast = fast;
    public readonly delegate*<CpuState*, Operation*, TlbEntry*, Operation*> Slow = slow;
}

/// <summary>From an instruction's action and the shape of its operands to the handlers: a walk through the type parameters, one at a time.</summary>
internal static unsafe class Select
{
    public static HandlerPair Read<TAction>(OperandShape shape, bool flags) where TAction : IReads =>
        flags ? Read<TAction, FlagsSeen>(shape) : Read<TAction, FlagsUnseen>(shape);

    public static HandlerPair Read<TAction, TFlags>(OperandShape shape) where TAction : IReads where TFlags : IFlags => shape.Width switch
    {
        OperandWidth.Byte => Read<TAction, TFlags, Bits8>(shape),
        OperandWidth.Word => Read<TAction, TFlags, Bits16>(shape),
        _ => Read<TAction, TFlags, Bits32>(shape),
    };

    public static HandlerPair Read<TAction, TFlags, TSize>(OperandShape shape)
        where TAction : IReads where TFlags : IFlags where TSize : IOperandSize => shape.Place switch
    {
        OperandPlace.Register => new(&Skeletons.Read<TAction, FromRegister, TSize, TFlags>),
        OperandPlace.Immediate => new(&Skeletons.Read<TAction, FromImmediate, TSize, TFlags>),
        _ => shape.Address switch
        {
            AddressKind.FlatBase => ReadMemory<TAction, TFlags, TSize, FlatBase>(),
            AddressKind.FlatIndexed => ReadMemory<TAction, TFlags, TSize, FlatIndexed>(),
            _ => ReadMemory<TAction, TFlags, TSize, Segmented>(),
        },
    };

    public static HandlerPair ReadMemory<TAction, TFlags, TSize, TAddress>()
        where TAction : IReads where TFlags : IFlags where TSize : IOperandSize where TAddress : IAddress =>
        new(&Skeletons.ReadMemory<TAction, TSize, TFlags, TAddress, FastMemory>,
            &Skeletons.ReadMemory<TAction, TSize, TFlags, TAddress, SlowMemory>);

    public static HandlerPair Modify<TAction>(OperandShape shape, bool flags) where TAction : IModifies =>
        flags ? Modify<TAction, FlagsSeen>(shape) : Modify<TAction, FlagsUnseen>(shape);

    public static HandlerPair Modify<TAction, TFlags>(OperandShape shape) where TAction : IModifies where TFlags : IFlags => shape.Width switch
    {
        OperandWidth.Byte => Modify<TAction, TFlags, Bits8>(shape),
        OperandWidth.Word => Modify<TAction, TFlags, Bits16>(shape),
        _ => Modify<TAction, TFlags, Bits32>(shape),
    };

    public static HandlerPair Modify<TAction, TFlags, TSize>(OperandShape shape)
        where TAction : IModifies where TFlags : IFlags where TSize : IOperandSize =>
        shape.Place == OperandPlace.Register ? new(&Skeletons.Modify<TAction, TSize, TFlags>)
        : shape.Address == AddressKind.Segmented ? ModifyMemory<TAction, TFlags, TSize, Segmented>()
        : ModifyMemory<TAction, TFlags, TSize, FlatIndexed>();

    public static HandlerPair ModifyMemory<TAction, TFlags, TSize, TAddress>()
        where TAction : IModifies where TFlags : IFlags where TSize : IOperandSize where TAddress : IAddress =>
        new(&Skeletons.ModifyMemory<TAction, TSize, TFlags, TAddress, FastMemory>,
            &Skeletons.ModifyMemory<TAction, TSize, TFlags, TAddress, SlowMemory>);

    public static HandlerPair Write<TAction>(OperandShape shape) where TAction : IWrites => shape.Width switch
    {
        OperandWidth.Byte => Write<TAction, Bits8>(shape),
        OperandWidth.Word => Write<TAction, Bits16>(shape),
        _ => Write<TAction, Bits32>(shape),
    };

    public static HandlerPair Write<TAction, TSize>(OperandShape shape) where TAction : IWrites where TSize : IOperandSize =>
        shape.Place == OperandPlace.Register ? new(&Skeletons.Write<TAction, TSize>) : shape.Address switch
        {
            AddressKind.FlatBase => WriteMemory<TAction, TSize, FlatBase>(),
            AddressKind.FlatIndexed => WriteMemory<TAction, TSize, FlatIndexed>(),
            _ => WriteMemory<TAction, TSize, Segmented>(),
        };

    public static HandlerPair Plain<TAction>() where TAction : IPlain => new(&Skeletons.Plain<TAction>);

    public static HandlerPair Rare<TAction>() where TAction : IPlain => new(&Skeletons.Rare<TAction>);

    public static HandlerPair Leaving<TAction>() where TAction : IPlain => new(&Skeletons.Leaving<TAction>);

    private static HandlerPair WriteMemory<TAction, TSize, TAddress>()
        where TAction : IWrites where TSize : IOperandSize where TAddress : IAddress =>
        new(&Skeletons.WriteMemory<TAction, TSize, TAddress, FastMemory>, &Skeletons.WriteMemory<TAction, TSize, TAddress, SlowMemory>);
}
