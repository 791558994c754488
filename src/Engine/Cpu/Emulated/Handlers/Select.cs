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

    /// <summary>An element of a bit string.</summary>
    BitString,
    FlatStack,
    SegmentedStack,
}

/// <summary>What decides, beside the instruction itself, which handler fits.</summary>
internal readonly record struct OperandShape(OperandWidth Width, OperandPlace Place, AddressKind Address);

/// <summary>A handler and, if it touches memory, its slow twin. Operations get their handlers from nowhere else.</summary>
internal readonly unsafe struct HandlerPair
{
    public readonly delegate*<CpuState*, Operation*, TlbEntry*, Operation*> Fast;
    public readonly delegate*<CpuState*, Operation*, TlbEntry*, Operation*> Slow;

    /// <summary>Enters the handlers in the <see cref="HandlerTable"/>, so that from an operation its meaning can be read back.</summary>
    public HandlerPair(
        in Meaning meaning,
        delegate*<CpuState*, Operation*, TlbEntry*, Operation*> fast,
        delegate*<CpuState*, Operation*, TlbEntry*, Operation*> slow = null)
    {
        HandlerTable.Enter((nint)fast, (nint)slow, meaning);
        Fast = fast;
        Slow = slow;
    }
}

/// <summary>From an instruction's action and the shape of its operands to the handlers: a walk through the type parameters, one at a time.</summary>
/// <remarks>
/// What memory is reached the long way round may change the code that follows, and with it who sees the flags (see <see cref="Liveness"/>);
/// so slow handlers always keep them.
/// </remarks>
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
        OperandPlace.Register => ReadFrom<TAction, TFlags, TSize, FromRegister>(),
        OperandPlace.Immediate => ReadFrom<TAction, TFlags, TSize, FromImmediate>(),
        _ => shape.Address switch
        {
            AddressKind.FlatBase => ReadMemory<TAction, TFlags, TSize, FlatBase>(),
            AddressKind.FlatIndexed => ReadMemory<TAction, TFlags, TSize, FlatIndexed>(),
            _ => ReadMemory<TAction, TFlags, TSize, Segmented>(),
        },
    };

    public static HandlerPair ReadFrom<TAction, TFlags, TSize, TSource>()
        where TAction : IReads where TFlags : IFlags where TSize : IOperandSize where TSource : ISource =>
        new(new(OperationForm.Read, typeof(TAction)) { Width = TSize.Width, Source = typeof(TSource), FlagsSeen = TFlags.AreSeen },
            &Skeletons.Read<TAction, TSource, TSize, TFlags>);

    public static HandlerPair ReadMemory<TAction, TFlags, TSize, TAddress>()
        where TAction : IReads where TFlags : IFlags where TSize : IOperandSize where TAddress : IAddress =>
        new(new(OperationForm.ReadMemory, typeof(TAction)) { Width = TSize.Width, Address = TAddress.Kind, FlagsSeen = TFlags.AreSeen },
            &Skeletons.ReadMemory<TAction, TSize, TFlags, TAddress, FastMemory>,
            &Skeletons.ReadMemory<TAction, TSize, FlagsSeen, TAddress, SlowMemory>);

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
        shape.Place == OperandPlace.Register
            ? new(new(OperationForm.Modify, typeof(TAction)) { Width = TSize.Width, FlagsSeen = TFlags.AreSeen }, &Skeletons.Modify<TAction, TSize, TFlags>)
        : shape.Address == AddressKind.Segmented ? ModifyMemory<TAction, TFlags, TSize, Segmented>()
        : ModifyMemory<TAction, TFlags, TSize, FlatIndexed>();

    public static HandlerPair ModifyMemory<TAction, TFlags, TSize, TAddress>()
        where TAction : IModifies where TFlags : IFlags where TSize : IOperandSize where TAddress : IAddress =>
        new(new(OperationForm.ModifyMemory, typeof(TAction)) { Width = TSize.Width, Address = TAddress.Kind, FlagsSeen = TFlags.AreSeen },
            &Skeletons.ModifyMemory<TAction, TSize, TFlags, TAddress, FastMemory>,
            &Skeletons.ModifyMemory<TAction, TSize, FlagsSeen, TAddress, SlowMemory>);

    public static HandlerPair Write<TAction>(OperandShape shape) where TAction : IWrites => shape.Width switch
    {
        OperandWidth.Byte => Write<TAction, Bits8>(shape),
        OperandWidth.Word => Write<TAction, Bits16>(shape),
        _ => Write<TAction, Bits32>(shape),
    };

    public static HandlerPair Write<TAction, TSize>(OperandShape shape) where TAction : IWrites where TSize : IOperandSize =>
        shape.Place == OperandPlace.Register ? WriteRegister<TAction, TSize>() : shape.Address switch
        {
            AddressKind.FlatBase => WriteMemory<TAction, TSize, FlatBase>(),
            AddressKind.FlatIndexed => WriteMemory<TAction, TSize, FlatIndexed>(),
            _ => WriteMemory<TAction, TSize, Segmented>(),
        };

    public static HandlerPair WriteRegister<TAction, TSize>() where TAction : IWrites where TSize : IOperandSize =>
        new(new(OperationForm.Write, typeof(TAction)) { Width = TSize.Width }, &Skeletons.Write<TAction, TSize>);

    public static HandlerPair Plain<TAction>() where TAction : IPlain =>
        new(new(OperationForm.Plain, typeof(TAction)), &Skeletons.Plain<TAction>);

    public static HandlerPair Rare<TAction>() where TAction : IPlain =>
        new(new(OperationForm.Rare, typeof(TAction)), &Skeletons.Rare<TAction>);

    public static HandlerPair Leaving<TAction>() where TAction : IPlain =>
        new(new(OperationForm.Leaving, typeof(TAction)), &Skeletons.Leaving<TAction>);

    private static HandlerPair WriteMemory<TAction, TSize, TAddress>()
        where TAction : IWrites where TSize : IOperandSize where TAddress : IAddress =>
        new(new(OperationForm.WriteMemory, typeof(TAction)) { Width = TSize.Width, Address = TAddress.Kind },
            &Skeletons.WriteMemory<TAction, TSize, TAddress, FastMemory>, &Skeletons.WriteMemory<TAction, TSize, TAddress, SlowMemory>);
}
