using LguestPS.Cpu;
using LguestPS.Errors;
using LguestPS.Paging;
using LguestPS.Segments;
using LguestPS.State;

namespace LguestPS.Machines;

/// <summary>The guest's interrupt descriptor table as LOAD_IDT_ENTRY built it, and the way into its handlers (ABI §5, §6).</summary>
internal sealed class GateTable
{
    private const int Vectors = 256;
    private const uint InterruptGate = 0xE;
    private const uint TrapGate = 0xF;
    private const uint PresentBit = 0x8000;

    // In a frame: eip, cs, eflags.
    private const uint SavedEflags = 8;

    private readonly Gate?[] gates = new Gate?[Vectors];
    private readonly VirtualCpu cpu;

    public GateTable(VirtualCpu cpu)
    {
        this.cpu = cpu;
        cpu.SetGatePrivilege(Vector.Hypercall, DescriptorTable.GuestPrivilegeLevel);
    }

    /// <summary>A present gate: where its handler starts, and whether entering it switches interrupts off.</summary>
    internal sealed record Gate(uint Offset, bool DisablesInterrupts, int PrivilegeLevel);

    public Gate? this[int vector] => gates[vector];

    /// <exception cref="GuestKilledException">The vector does not exist or the gate has a type a guest may not use.</exception>
    public void Load(uint vector, uint low, uint high)
    {
        if (vector >= Vectors) throw new GuestKilledException($"setting idt entry {vector}");
        if (BelongsToHost(vector)) return;

        if ((high & PresentBit) == 0)
        {
            gates[vector] = null;
            cpu.SetGatePrivilege((byte)vector, 0);
            return;
        }
        uint type = (high >> 8) & 0xF;
        if (type is not (InterruptGate or TrapGate)) throw new GuestKilledException($"bad IDT type {type}");

        int privilegeLevel = (int)(high >> 13) & 3;
        gates[vector] = new Gate((high & 0xFFFF0000) | (low & 0xFFFF), type == InterruptGate, privilegeLevel);
        cpu.SetGatePrivilege((byte)vector, privilegeLevel);
    }

    /// <summary>Makes no gate present.</summary>
    public void Reset()
    {
        for (uint vector = 0; vector < Vectors; vector++) Load(vector, 0, 0);
    }

    public void Save(StateWriter state)
    {
        state.Part("gates");
        foreach (Gate? gate in gates)
        {
            state.Write(gate is not null);
            if (gate is null) continue;
            state.Write(gate.Offset);
            state.Write(gate.DisablesInterrupts);
            state.Write(gate.PrivilegeLevel);
        }
    }

    /// <exception cref="InvalidStateException">A guest could not have loaded such gates.</exception>
    public void Load(StateReader state)
    {
        state.Part("gates");
        for (int vector = 0; vector < Vectors; vector++)
        {
            Gate? gate = state.ReadBool() ? new Gate(state.ReadUInt32(), state.ReadBool(), state.ReadInt32(0, 3, "a gate's privilege")) : null;
            if (BelongsToHost((uint)vector))
            {
                if (gate is not null) throw new InvalidStateException($"vector {vector} has a gate, which is the host's");
                continue;
            }
            gates[vector] = gate;
            cpu.SetGatePrivilege((byte)vector, gate?.PrivilegeLevel ?? 0);
        }
    }

    /// <summary>Makes the guest's own handler run next, as if a processor had taken the trap or interrupt.</summary>
    /// <returns>False, with nothing changed, if the gate is not present.</returns>
    /// <exception cref="GuestKilledException">The kernel stack cannot take the frame.</exception>
    public bool TryReflect(Machine machine, byte vector, uint? errorCode)
    {
        if (gates[vector] is not { } gate) return false;

        ref GuestRegisters registers = ref machine.Cpu.Registers;
        bool fromKernel = registers.PrivilegeLevel == DescriptorTable.GuestPrivilegeLevel;
        ushort stackSegment = fromKernel ? registers.Ss : machine.Stack.Ss;
        StackFrame frame = new(machine, fromKernel ? registers.Esp : machine.Stack.Esp);
        if (!fromKernel)
        {
            frame.Push(registers.Ss);
            frame.Push(registers.Esp);
        }
        // What the guest calls IF is in irq_enabled; the real one is always on.
        uint irqEnabled = machine.Data.IsInitialised ? machine.Data.IrqEnabled : 0;
        frame.Push((registers.Eflags & ~Eflags.Interrupt) | (irqEnabled & Eflags.Interrupt));
        frame.Push(registers.Cs);
        frame.Push(registers.Eip);
        if (errorCode is { } code) frame.Push(code);

        registers.Ss = stackSegment;
        registers.Esp = frame.Top;
        Enter(machine, gate);
        return true;
    }

    /// <summary>As <see cref="TryReflect"/>, for an interrupt and a kernel that stands at its iret: the handler comes first, and returns with the frame that is there (ABI §4).</summary>
    /// <remarks>That spares the guest a frame for each interrupt that comes in there: under a storm of them its stack would run full.</remarks>
    public bool TryReflectAtReturn(Machine machine, byte vector)
    {
        if (gates[vector] is not { } gate) return false;
        ref GuestRegisters registers = ref machine.Cpu.Registers;
        uint returned = StackFrame.Read(machine, registers.Esp + SavedEflags);
        registers.Eflags = (registers.Eflags & ~Eflags.Loadable) | (returned & Eflags.Loadable);
        Enter(machine, gate);
        return true;
    }

    private static void Enter(Machine machine, Gate gate)
    {
        ref GuestRegisters registers = ref machine.Cpu.Registers;
        registers.Cs = DescriptorTable.KernelCodeSelector;
        registers.Eip = gate.Offset;
        registers.Eflags &= ~(Eflags.Trap | Eflags.NestedTask | Eflags.Resume | Eflags.Virtual8086);
        if (gate.DisablesInterrupts && machine.Data.IsInitialised) machine.Data.IrqEnabled = 0;
    }

    /// <summary>NMI, double fault, the spurious vector and the hypercall.</summary>
    private static bool BelongsToHost(uint vector) => vector is Vector.NonMaskableInterrupt or Vector.DoubleFault or Vector.Spurious or Vector.Hypercall;

    private ref struct StackFrame(Machine machine, uint top)
    {
        public uint Top { get; private set; } = top;

        public void Push(uint value)
        {
            Top -= 4;
            if ((Top & 3) == 0)
            {
                machine.Memory.Write32(KernelAddresses.Translate(machine, Top, PageAccess.Write, "bad stack page"), value);
                return;
            }
            // A misaligned stack may have this word in two pages.
            for (int i = 0; i < 4; i++)
                machine.Memory.Write8(KernelAddresses.Translate(machine, Top + (uint)i, PageAccess.Write, "bad stack page"), (byte)(value >> (8 * i)));
        }

        /// <summary>A word of a frame that is there already, wherever its four bytes are.</summary>
        public static uint Read(Machine machine, uint linear)
        {
            uint value = 0;
            for (int i = 0; i < 4; i++)
                value |= (uint)machine.Memory.Read8(KernelAddresses.Translate(machine, linear + (uint)i, PageAccess.Read, "bad stack page")) << (8 * i);
            return value;
        }
    }
}
