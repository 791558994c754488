using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>How a handler reaches memory: through the TLB, or the long way round. One source serves both.</summary>
/// <remarks>
/// A handler asks <see cref="CanRead{TAddress,TSize}"/> or <see cref="CanWrite{TAddress,TSize}"/>, ends with <see cref="Miss"/> if it may not,
/// else uses <see cref="At{TAddress}"/>, after a write says <see cref="Written"/>, and ends with <see cref="Next"/>.
/// </remarks>
internal unsafe interface IMemoryAccess
{
    static abstract bool CanRead<TAddress, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset)
        where TAddress : IAddress where TSize : IAccessSize;

    /// <summary>Asks for reading and writing; nothing can fail between this and <see cref="Written"/>.</summary>
    static abstract bool CanWrite<TAddress, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset)
        where TAddress : IAddress where TSize : IAccessSize;

    static abstract byte* At<TAddress>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset) where TAddress : IAddress;
    static abstract void Written(CpuState* cpu);
    static abstract Operation* Miss(CpuState* cpu, Operation* op, TlbEntry* tlb);
    static abstract Operation* Next(CpuState* cpu, Operation* op, TlbEntry* tlb);
}

/// <summary>The TLB serves the access; no calls. If it cannot, the operation's slow handler takes over.</summary>
internal readonly unsafe struct FastMemory : IMemoryAccess
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CanRead<TAddress, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset)
        where TAddress : IAddress where TSize : IAccessSize
    {
        if (!TAddress.IsFlat && offset >= CpuState.SegmentOf(cpu, TAddress.SegmentOf(op))->ReadEnd) return false;
        uint linear = Linear<TAddress>(cpu, op, offset);
        return TlbEntry.For(tlb, linear)->ReadTag == (linear + TSize.Bytes - 1 & TlbEntry.PageMask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CanWrite<TAddress, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset)
        where TAddress : IAddress where TSize : IAccessSize
    {
        if (!TAddress.IsFlat && offset >= CpuState.SegmentOf(cpu, TAddress.SegmentOf(op))->WriteEnd) return false;
        uint linear = Linear<TAddress>(cpu, op, offset);
        return TlbEntry.For(tlb, linear)->WriteTag == (linear + TSize.Bytes - 1 & TlbEntry.PageMask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* At<TAddress>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset) where TAddress : IAddress
    {
        uint linear = Linear<TAddress>(cpu, op, offset);
        return (byte*)(TlbEntry.AddendOf(TlbEntry.For(tlb, linear)) + (nint)linear);
    }

    public static void Written(CpuState* cpu)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation* Miss(CpuState* cpu, Operation* op, TlbEntry* tlb) => op->SlowHandler(cpu, op, tlb);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Operation* Next(CpuState* cpu, Operation* op, TlbEntry* tlb) => Flow.Next(cpu, op, tlb);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Linear<TAddress>(CpuState* cpu, Operation* op, uint offset) where TAddress : IAddress =>
        TAddress.IsFlat ? offset : offset + CpuState.SegmentOf(cpu, TAddress.SegmentOf(op))->Base;
}

/// <summary>Checks the segment, walks the page tables, crosses pages, notices writes to code; then returns to the run loop.</summary>
internal readonly unsafe struct SlowMemory : IMemoryAccess
{
    public static bool CanRead<TAddress, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset)
        where TAddress : IAddress where TSize : IAccessSize =>
        TAddress.IsFlat
            ? LongWay.OpenRead(cpu, offset, TSize.Bytes)
            : LongWay.OpenRead(cpu, TAddress.SegmentOf(op), offset, TSize.Bytes);

    public static bool CanWrite<TAddress, TSize>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset)
        where TAddress : IAddress where TSize : IAccessSize =>
        TAddress.IsFlat
            ? LongWay.OpenWrite(cpu, offset, TSize.Bytes)
            : LongWay.OpenWrite(cpu, TAddress.SegmentOf(op), offset, TSize.Bytes);

    public static byte* At<TAddress>(CpuState* cpu, Operation* op, TlbEntry* tlb, uint offset) where TAddress : IAddress => cpu->Operand;

    public static void Written(CpuState* cpu) => LongWay.Written(cpu);

    public static Operation* Miss(CpuState* cpu, Operation* op, TlbEntry* tlb) => Flow.Fault(cpu, op);

    public static Operation* Next(CpuState* cpu, Operation* op, TlbEntry* tlb) => cpu->CodeDropped ? Flow.Leave(cpu, op) : op + 1;
}
