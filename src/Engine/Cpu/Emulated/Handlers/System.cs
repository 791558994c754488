using LguestPS.Memory;
using LguestPS.Segments;

namespace LguestPS.Cpu.Emulated;

/// <summary>Instructions that ask the processor or the host about something, or trap to it.</summary>
internal static unsafe class SystemHandlers
{
    /// <summary>Always faults: the vector is in the immediate, the error code 0. For privileged and undefined instructions.</summary>
    public static Operation* RaiseFault(CpuState* cpu, Operation* op, TlbEntry* tlb) => Flow.Fault(cpu, op, (byte)op->Immediate);

    /// <summary>int n and int3: a gate's privilege decides whether the host sees the vector or a #GP that names the gate.</summary>
    public static Operation* Interrupt(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        byte vector = (byte)op->Immediate;
        if (cpu->PrivilegeLevel > cpu->GatePrivileges[vector])
            return Flow.Fault(cpu, op, Vector.GeneralProtection, vector * 8u + 2);
        CpuState.Raise(cpu, vector);
        return Flow.Leave(cpu, op);
    }

    public static Operation* InterruptIfOverflow(CpuState* cpu, Operation* op, TlbEntry* tlb) =>
        LazyFlags.IsOverflow(cpu) ? Interrupt(cpu, op, tlb) : Flow.Leave(cpu, op);

    /// <summary>int1 (icebp): no gate check.</summary>
    public static Operation* DebugInterrupt(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        CpuState.Raise(cpu, Vector.Debug);
        return Flow.Leave(cpu, op);
    }

    /// <summary>vmcall and vmmcall: the kernel's hypercall where its host takes them for one, else undefined.</summary>
    public static Operation* Vmcall(CpuState* cpu, Operation* op, TlbEntry* tlb)
    {
        if (!cpu->AcceptsVmcall || cpu->PrivilegeLevel != DescriptorTable.GuestPrivilegeLevel) return Flow.Fault(cpu, op, Vector.InvalidOpcode);
        CpuState.Raise(cpu, Vector.Hypercall);
        return Flow.Leave(cpu, op);
    }

    public static HandlerPair SelectRaiseFault() => new(new(OperationForm.RaiseFault), &RaiseFault);

    public static HandlerPair SelectInterrupt() => new(new(OperationForm.Interrupt), &Interrupt);

    public static HandlerPair SelectInterruptIfOverflow() => new(new(OperationForm.InterruptIfOverflow), &InterruptIfOverflow);

    public static HandlerPair SelectVmcall() => new(new(OperationForm.Vmcall), &Vmcall);

    public static HandlerPair SelectDebugInterrupt() => new(new(OperationForm.DebugInterrupt), &DebugInterrupt);
}

internal readonly unsafe struct ReadTimeStamp : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        // The clock may ask for the instruction count, in which this instruction, last of its block, is not yet.
        cpu->Budget++;
        ulong now = CpuState.OwnerOf(cpu).ReadTimeStamp();
        cpu->Budget--;
        cpu->Registers.Eax = (uint)now;
        cpu->Registers.Edx = (uint)(now >> 32);
        return true;
    }
}

internal readonly unsafe struct Identify : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        ref GuestRegisters registers = ref cpu->Registers;
        (registers.Eax, registers.Ebx, registers.Ecx, registers.Edx) = CpuIdentity.Leaf(registers.Eax);
        return true;
    }
}

/// <summary>bound: the pair of limits is signed.</summary>
internal readonly unsafe struct CheckBounds<TSize> : IPlain where TSize : IOperandSize
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint address = Segmented.Offset(cpu, op);
        if (!LongWay.Read<TSize>(cpu, op->Segment, address, out uint lower)
            || !LongWay.Read<TSize>(cpu, op->Segment, address + TSize.Bytes, out uint upper)) return false;
        int index = TSize.Extend(TSize.Read((byte*)cpu + op->Destination));
        return index >= TSize.Extend(lower) && index <= TSize.Extend(upper) || CpuState.Raise(cpu, Vector.BoundRange);
    }
}

/// <summary>sgdt and sidt show what Linux expects of a table: its limit in the immediate, and a base in the host's part of the address space.</summary>
internal readonly unsafe struct StoreDescriptorTable : IPlain
{
    public static bool Run(CpuState* cpu, Operation* op)
    {
        uint address = Segmented.Offset(cpu, op);
        if (!LongWay.OpenWrite(cpu, op->Segment, address, 6)) return false;
        Bits16.Write(cpu->Operand, op->Immediate);
        Bits32.Write(cpu->Operand + 2, GuestMemory.SwitcherBase);
        LongWay.Written(cpu);
        return true;
    }
}

/// <summary>smsw: the immediate is CR0 but for TS.</summary>
internal readonly unsafe struct StoreMachineStatus : IWrites
{
    private const uint TaskSwitched = 1 << 3;

    public static uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize =>
        op->Immediate | (cpu->TaskSwitched ? TaskSwitched : 0);
}

/// <summary>sldt and str: a constant.</summary>
internal readonly unsafe struct StoreConstant : IWrites
{
    public static uint Run<TSize>(CpuState* cpu, Operation* op) where TSize : IOperandSize => op->Immediate;
}
