using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LguestPS.Cpu.Emulated;

/// <summary>An instruction that makes a vector from two: its destination's old value, and its source.</summary>
internal unsafe interface IVectorAction
{
    /// <summary>The way for nearly all values.</summary>
    /// <returns>False if <see cref="RunCarefully"/> must find the result.</returns>
    static abstract bool TryRun(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second, out Vector128<byte> result);

    /// <summary>The way for all values. May raise a fault; then the result is not used.</summary>
    static abstract Vector128<byte> RunCarefully(CpuState* cpu, Operation* op, Vector128<byte> first, Vector128<byte> second);
}

/// <summary>The handlers of vector instructions.</summary>
/// <remarks>Whether the x87's registers are meant decides what must be ready, and that the stack is theirs no more (Intel SDM volume 1, 9.5).</remarks>
internal static unsafe class VectorSkeletons
{
    private const uint Alignment = 16;

    /// <summary>By the JIT and not ahead of time: code that is compiled ahead of time calls most of what .NET's vectors offer instead of containing it.</summary>
    private const MethodImplOptions Compiled = MethodImplOptions.AggressiveOptimization;

    [MethodImpl(Compiled)]
    public static Operation* Registers<TAction, TDestination, TSource>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IVectorAction where TDestination : IVectorPlace where TSource : IVectorPlace
    {
        if (!IsReady<TDestination, TSource>(cpu)) return Flow.Fault(cpu, op);
        Vector128<byte> first = TDestination.Load(cpu, op->Destination), second = TSource.Load(cpu, op->Source);
        Enter<TDestination, TSource>(cpu);
        if (!TAction.TryRun(cpu, op, first, second, out Vector128<byte> result)) return RegistersCarefully<TAction, TDestination, TSource>(cpu, op, tlb);
        TDestination.Store(cpu, op->Destination, result);
        return Flow.Next(cpu, op, tlb);
    }

    [MethodImpl(Compiled)]
    public static Operation* ReadMemory<TAction, TDestination, TWidth, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IVectorAction where TDestination : IVectorPlace where TWidth : IVectorWidth
        where TAddress : IAddress where TMemory : IMemoryAccess
    {
        if (!IsReady<TDestination, TDestination>(cpu)) return Flow.Fault(cpu, op);
        uint offset = TAddress.Offset(cpu, op);
        if (IsMisaligned<TWidth, TAddress>(cpu, op, offset)) return Misaligned<TWidth, TAddress>(cpu, op, offset, write: false);
        if (!TMemory.CanRead<TAddress, TWidth>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        Vector128<byte> first = TDestination.Load(cpu, op->Destination), second = TWidth.Read(TMemory.At<TAddress>(cpu, op, tlb, offset));
        Enter<TDestination, TDestination>(cpu);
        if (!TAction.TryRun(cpu, op, first, second, out Vector128<byte> result)) return ReadMemoryCarefully<TAction, TDestination, TWidth, TAddress, TMemory>(cpu, op, tlb);
        TDestination.Store(cpu, op->Destination, result);
        return TMemory.Next(cpu, op, tlb);
    }

    /// <summary>The low bytes of what <typeparamref name="TAction"/> makes from the source go to memory.</summary>
    [MethodImpl(Compiled)]
    public static Operation* WriteMemory<TAction, TSource, TWidth, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IVectorOperation where TSource : IVectorPlace where TWidth : IVectorWidth
        where TAddress : IAddress where TMemory : IMemoryAccess
    {
        if (!IsReady<TSource, TSource>(cpu)) return Flow.Fault(cpu, op);
        uint offset = TAddress.Offset(cpu, op);
        if (IsMisaligned<TWidth, TAddress>(cpu, op, offset)) return Misaligned<TWidth, TAddress>(cpu, op, offset, write: true);
        if (!TMemory.CanWrite<TAddress, TWidth>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        Vector128<byte> source = TSource.Load(cpu, op->Source);
        TWidth.Write(TMemory.At<TAddress>(cpu, op, tlb, offset), TAction.Run(op, source, source));
        Enter<TSource, TSource>(cpu);
        TMemory.Written(cpu);
        return TMemory.Next(cpu, op, tlb);
    }

    // The careful ways are handlers of their own, reached by jumps: a call in the middle would cost the usual way a stack frame.

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Operation* RegistersCarefully<TAction, TDestination, TSource>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IVectorAction where TDestination : IVectorPlace where TSource : IVectorPlace
    {
        Vector128<byte> result = TAction.RunCarefully(cpu, op, TDestination.Load(cpu, op->Destination), TSource.Load(cpu, op->Source));
        if (cpu->Cause != ExitCause.None) return Flow.Fault(cpu, op);
        TDestination.Store(cpu, op->Destination, result);
        return Flow.Next(cpu, op, tlb);
    }

    /// <summary>The operand has just been found readable.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Operation* ReadMemoryCarefully<TAction, TDestination, TWidth, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IVectorAction where TDestination : IVectorPlace where TWidth : IVectorWidth
        where TAddress : IAddress where TMemory : IMemoryAccess
    {
        Vector128<byte> second = TWidth.Read(TMemory.At<TAddress>(cpu, op, tlb, TAddress.Offset(cpu, op)));
        Vector128<byte> result = TAction.RunCarefully(cpu, op, TDestination.Load(cpu, op->Destination), second);
        if (cpu->Cause != ExitCause.None) return Flow.Fault(cpu, op);
        TDestination.Store(cpu, op->Destination, result);
        return TMemory.Next(cpu, op, tlb);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsReady<TOne, TOther>(CpuState* cpu) where TOne : IVectorPlace where TOther : IVectorPlace =>
        TOne.IsMmx || TOther.IsMmx ? FpuSkeletons.IsReady(cpu) : FpuSkeletons.IsPresent(cpu);

    /// <summary>An MMX instruction makes all registers of the x87 its own, even one that then ends in #XF; but no other fault does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Enter<TOne, TOther>(CpuState* cpu) where TOne : IVectorPlace where TOther : IVectorPlace
    {
        if (TOne.IsMmx || TOther.IsMmx) cpu->Fpu.EnterMmx();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsMisaligned<TWidth, TAddress>(CpuState* cpu, Operation* op, uint offset) where TWidth : IVectorWidth where TAddress : IAddress =>
        TWidth.IsAligned && ((TAddress.IsFlat ? offset : offset + CpuState.SegmentOf(cpu, op->Segment)->Base) & Alignment - 1) != 0;

    /// <summary>#GP, whether the page is there or not; but a segment's limit counts first.</summary>
    private static Operation* Misaligned<TWidth, TAddress>(CpuState* cpu, Operation* op, uint offset, bool write)
        where TWidth : IVectorWidth where TAddress : IAddress =>
        TAddress.IsFlat || Segmentation.Check(cpu, op->Segment, offset, TWidth.Bytes, write)
            ? Flow.Fault(cpu, op, Vector.GeneralProtection)
            : Flow.Fault(cpu, op);
}
