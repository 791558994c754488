namespace LguestPS.Cpu.Emulated;

/// <summary>An instruction that takes a value from an operand and does something with it.</summary>
internal unsafe interface IReads
{
    /// <returns>False if a fault was raised; nothing may have changed then.</returns>
    static abstract bool Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags;
}

/// <summary>An instruction that replaces an operand by something made from it.</summary>
internal unsafe interface IModifies
{
    static abstract uint Run<TSize, TFlags>(CpuState* cpu, Operation* op, uint value) where TSize : IOperandSize where TFlags : IFlags;
}

/// <summary>An instruction that stores a value without looking at what was there.</summary>
internal unsafe interface IWrites
{
    static abstract uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize;
}

/// <summary>An instruction without an explicit operand.</summary>
internal unsafe interface IPlain
{
    /// <returns>False if a fault was raised.</returns>
    static abstract bool Run(CpuState* cpu, Operation* op);
}

/// <summary>Where an operand that is not in memory comes from.</summary>
internal unsafe interface ISource
{
    static abstract uint Value<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize;
}

internal readonly unsafe struct FromRegister : ISource
{
    public static uint Value<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => TSize.Read((byte*)cpu + op->Source);
}

/// <summary>A second source, in the place of a destination that is not needed.</summary>
internal readonly unsafe struct FromDestination : ISource
{
    public static uint Value<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => TSize.Read((byte*)cpu + op->Destination);
}

/// <summary>The translator has truncated it to the operand's size.</summary>
internal readonly unsafe struct FromImmediate : ISource
{
    public static uint Value<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => op->Immediate;
}

/// <summary>Whether anybody can see the flags an instruction leaves.</summary>
internal interface IFlags
{
    static abstract bool AreSeen { get; }
}

internal readonly struct FlagsSeen : IFlags
{
    public static bool AreSeen => true;
}

internal readonly struct FlagsUnseen : IFlags
{
    public static bool AreSeen => false;
}

/// <summary>The handlers proper: each puts operands, one of the actions above and the way onwards together.</summary>
internal static unsafe class Skeletons
{
    public static Operation* Read<TAction, TSource, TSize, TFlags>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IReads where TSource : ISource where TSize : IOperandSize where TFlags : IFlags
    {
        if (!TAction.Run<TSize, TFlags>(cpu, op, TSource.Value<TSize>(cpu, op))) return Flow.Fault(cpu, op);
        return Flow.Next(cpu, op, tlb);
    }

    public static Operation* ReadMemory<TAction, TSize, TFlags, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IReads where TSize : IOperandSize where TFlags : IFlags where TAddress : IAddress where TMemory : IMemoryAccess
    {
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        uint value = TSize.Read(TMemory.At<TAddress>(cpu, op, tlb, offset));
        if (!TAction.Run<TSize, TFlags>(cpu, op, value)) return Flow.Fault(cpu, op);
        return TMemory.Next(cpu, op, tlb);
    }

    public static Operation* Modify<TAction, TSize, TFlags>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IModifies where TSize : IOperandSize where TFlags : IFlags
    {
        byte* register = (byte*)cpu + op->Destination;
        TSize.Write(register, TAction.Run<TSize, TFlags>(cpu, op, TSize.Read(register)));
        return Flow.Next(cpu, op, tlb);
    }

    public static Operation* ModifyMemory<TAction, TSize, TFlags, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IModifies where TSize : IOperandSize where TFlags : IFlags where TAddress : IAddress where TMemory : IMemoryAccess
    {
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanWrite<TAddress, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        byte* operand = TMemory.At<TAddress>(cpu, op, tlb, offset);
        TSize.Write(operand, TAction.Run<TSize, TFlags>(cpu, op, TSize.Read(operand)));
        TMemory.Written(cpu);
        return TMemory.Next(cpu, op, tlb);
    }

    public static Operation* Write<TAction, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IWrites where TSize : IOperandSize
    {
        TSize.Write((byte*)cpu + op->Destination, TAction.Run<TSize>(cpu, op));
        return Flow.Next(cpu, op, tlb);
    }

    public static Operation* WriteMemory<TAction, TSize, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IWrites where TSize : IOperandSize where TAddress : IAddress where TMemory : IMemoryAccess
    {
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanWrite<TAddress, TSize>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        TSize.Write(TMemory.At<TAddress>(cpu, op, tlb, offset), TAction.Run<TSize>(cpu, op));
        TMemory.Written(cpu);
        return TMemory.Next(cpu, op, tlb);
    }

    /// <summary>Touches registers only.</summary>
    public static Operation* Plain<TAction>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TAction : IPlain
    {
        if (!TAction.Run(cpu, op)) return Flow.Fault(cpu, op);
        return Flow.Next(cpu, op, tlb);
    }

    /// <summary>May write memory the long way.</summary>
    public static Operation* Rare<TAction>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TAction : IPlain
    {
        if (!TAction.Run(cpu, op)) return Flow.Fault(cpu, op);
        return SlowMemory.Next(cpu, op, tlb);
    }

    /// <summary>Changes what translated code takes for granted, or may need the host: goes on by way of the loop.</summary>
    public static Operation* Leaving<TAction>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TAction : IPlain
    {
        if (!TAction.Run(cpu, op)) return Flow.Fault(cpu, op);
        return Flow.Leave(cpu, op);
    }
}
