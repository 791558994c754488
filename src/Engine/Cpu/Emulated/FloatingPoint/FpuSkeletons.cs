using System.Runtime.CompilerServices;

namespace LguestPS.Cpu.Emulated;

/// <summary>An instruction on FPU registers.</summary>
internal unsafe interface IFpuAction
{
    /// <param name="cpu">The processor.</param>
    /// <param name="i">The number in st(i).</param>
    static abstract void Run(CpuState* cpu, int i);
}

/// <summary>An instruction with a number from memory.</summary>
internal unsafe interface IFpuReads
{
    static abstract void Run(FpuState* fpu, Float80 value, bool denormal);
}

/// <summary>Whether an instruction ends by popping the stack.</summary>
internal interface IPops
{
    static abstract bool Pops { get; }
}

internal readonly struct Pop : IPops
{
    public static bool Pops => true;
}

internal readonly struct Keep : IPops
{
    public static bool Pops => false;
}

/// <summary>The handlers of x87 instructions. Their operations hold the eip in the immediate, and the opcode: its second byte in the destination, the low bits of the first in the source.</summary>
internal static unsafe class FpuSkeletons
{
    public static Operation* Registers<TAction>(CpuState* cpu, Operation* op, TlbEntry* tlb) where TAction : IFpuAction
    {
        if (!IsReady(cpu)) return Flow.Fault(cpu, op);
        Note(cpu, op);
        TAction.Run(cpu, op->Destination & 7);
        return Flow.Next(cpu, op, tlb);
    }

    public static Operation* ReadMemory<TAction, TFormat, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TAction : IFpuReads where TFormat : IFpuFormat where TAddress : IAddress where TMemory : IMemoryAccess
    {
        if (!IsReady(cpu)) return Flow.Fault(cpu, op);
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanRead<TAddress, TFormat>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        Float80 value = TFormat.Read(TMemory.At<TAddress>(cpu, op, tlb, offset), out bool denormal);
        Note(cpu, op, offset);
        TAction.Run(&cpu->Fpu, value, denormal);
        return TMemory.Next(cpu, op, tlb);
    }

    public static Operation* WriteMemory<TPops, TFormat, TAddress, TMemory>(CpuState* cpu, Operation* op, TlbEntry* tlb)
        where TPops : IPops where TFormat : IFpuFormat where TAddress : IAddress where TMemory : IMemoryAccess
    {
        if (!IsReady(cpu)) return Flow.Fault(cpu, op);
        uint offset = TAddress.Offset(cpu, op);
        if (!TMemory.CanWrite<TAddress, TFormat>(cpu, op, tlb, offset)) return TMemory.Miss(cpu, op, tlb);
        Note(cpu, op, offset);
        if (TryConvert<TFormat>(&cpu->Fpu, out ulong bits))
        {
            TFormat.Write(TMemory.At<TAddress>(cpu, op, tlb, offset), bits);
            TMemory.Written(cpu);
            if (TPops.Pops) cpu->Fpu.Pop();
        }

        return TMemory.Next(cpu, op, tlb);
    }

    /// <summary>May a waiting instruction start? No while a task switch or an exception is to be seen to first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReady(CpuState* cpu) => !(cpu->TaskSwitched | cpu->Fpu.IsPending) || RaiseNotReady(cpu);

    /// <summary>May an instruction start that does not wait for exceptions?</summary>
    public static bool IsPresent(CpuState* cpu) => !cpu->TaskSwitched || CpuState.Raise(cpu, Vector.DeviceNotAvailable);

    /// <summary>Keeps what the environment tells about the last instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Note(CpuState* cpu, Operation* op)
    {
        cpu->Fpu.LastEip = op->Immediate;
        cpu->Fpu.LastCodeSelector = cpu->Registers.Cs;
        cpu->Fpu.LastOpcode = (ushort)((op->Source & 7) << 8 | op->Destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Note(CpuState* cpu, Operation* op, uint offset)
    {
        Note(cpu, op);
        cpu->Fpu.LastDataOffset = offset;
        cpu->Fpu.LastDataSelector = CpuState.SegmentOf(cpu, op->Segment)->Selector;
    }

    private static bool TryConvert<TFormat>(FpuState* fpu, out ulong bits) where TFormat : IFpuFormat
    {
        bits = TFormat.Indefinite;
        if (fpu->IsEmpty(0)) return fpu->ReportUnderflow();
        FloatContext context = fpu->WholeContext;
        bits = TFormat.Convert(*FpuState.St(fpu, 0), ref context);
        return fpu->Report(context, toMemory: true);
    }

    private static bool RaiseNotReady(CpuState* cpu) =>
        CpuState.Raise(cpu, cpu->TaskSwitched ? Vector.DeviceNotAvailable : Vector.FloatingPoint);
}
