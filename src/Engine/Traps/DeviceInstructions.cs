using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Events;
using LguestPS.Machines;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Traps;

/// <summary>Does instructions that reach devices, the same for every vCPU: those that touch device memory, and the kernel's port instructions.</summary>
/// <remarks>
/// Any other instruction at device memory, one whose operand is only partly there, and code that lies there, is trap 14 to the guest.
/// In eras that reach nothing with instructions there are no ports: writing one is nothing, and reading one gives what <see cref="AbsentPorts"/> says (ABI §5).
/// </remarks>
/// <param name="machine">The guest.</param>
/// <param name="registers">What its instructions reach; null if that is nothing.</param>
/// <param name="events">Where accesses become events.</param>
internal sealed class DeviceInstructions(Machine machine, IDeviceRegisters? registers, EventRecorder events)
{
    /// <summary>If the guest stands at an instruction that can access device memory, does it and moves past it.</summary>
    /// <param name="exit">The vCPU's, of kind <see cref="CpuExitKind.DeviceAccess"/>.</param>
    /// <exception cref="Errors.GuestKilledException">It broke a rule of the device.</exception>
    public bool TryAccessMemory(in CpuExit exit)
    {
        if (registers is null || !TryFind(exit, out DeviceInstruction instruction, out uint physical)) return false;

        ref GuestRegisters guest = ref machine.Cpu.Registers;
        uint value = instruction.IsWrite ? instruction.Value : registers.ReadMemory(physical, instruction.Width);
        // A write is told before what follows from it, even if that is the guest's end.
        events.Trapped(exit, guest.Eip, guest.PrivilegeLevel, TrapOutcome.DeviceAccessed, events.Makes(EventKinds.Trap) ? Describe(instruction, physical, value) : null);
        if (instruction.IsWrite) registers.WriteMemory(physical, instruction.Width, value);
        else instruction.Load(ref guest, value);
        guest.Eip += instruction.Length;
        return true;
    }

    /// <summary>If the kernel stands at a port instruction, does it and moves past it.</summary>
    /// <param name="exit">The vCPU's, of trap 13.</param>
    /// <exception cref="Errors.GuestKilledException">It broke a rule of a device.</exception>
    public bool TryAccessPort(in CpuExit exit)
    {
        if (!TryFind(out PortInstruction instruction)) return false;

        ref GuestRegisters guest = ref machine.Cpu.Registers;
        uint value = instruction.IsOut ? GeneralRegister.Read(guest, 0, instruction.Width) : registers?.ReadPort(instruction.Port, instruction.Width) ?? AbsentPorts.Read(instruction.Port, instruction.Width);
        TrapOutcome outcome = registers is null ? TrapOutcome.PortSkipped : TrapOutcome.PortAccessed;
        events.Trapped(exit, guest.Eip, guest.PrivilegeLevel, outcome, registers is not null && events.Makes(EventKinds.Trap) ? Describe(instruction, value) : null);
        if (!instruction.IsOut) GeneralRegister.Write(ref guest, 0, instruction.Width, value);
        else registers?.WritePort(instruction.Port, instruction.Width, value);
        guest.Eip += instruction.Length;
        return true;
    }

    /// <summary>What dealing with a trap will do, if it is an access; nothing is read for that.</summary>
    public RegisterAccess? Preview(in CpuExit exit)
    {
        if (registers is null) return null;
        if (exit.Kind == CpuExitKind.DeviceAccess)
            return TryFind(exit, out DeviceInstruction instruction, out uint physical) ? Describe(instruction, physical, instruction.IsWrite ? instruction.Value : null) : null;
        if (exit.Vector != Vector.GeneralProtection || exit.ErrorCode != 0 || !TryFind(out PortInstruction atPort)) return null;
        return Describe(atPort, atPort.IsOut ? GeneralRegister.Read(machine.Cpu.Registers, 0, atPort.Width) : null);
    }

    private RegisterAccess Describe(in DeviceInstruction instruction, uint physical, uint? value)
    {
        (string Device, string Register)? name = registers!.NameOf(physical);
        return new RegisterAccess(instruction.IsWrite, instruction.Width, value) { Device = name?.Device, Register = name?.Register, PhysicalAddress = physical };
    }

    private static RegisterAccess Describe(in PortInstruction instruction, uint? value) => new(instruction.IsOut, instruction.Width, value) { Port = instruction.Port };

    private bool TryFind(in CpuExit exit, out DeviceInstruction instruction, out uint physical)
    {
        physical = 0;
        if (!DeviceInstruction.TryDecode(ReadCode(stackalloc byte[DeviceInstruction.Longest]), machine.Cpu.Registers, out instruction)) return false;
        if (Find(exit, instruction) is not { } found) return false;
        physical = found;
        return true;
    }

    private bool TryFind(out PortInstruction instruction)
    {
        instruction = default;
        ref GuestRegisters guest = ref machine.Cpu.Registers;
        return guest.PrivilegeLevel == DescriptorTable.GuestPrivilegeLevel && PortInstruction.TryDecode(ReadCode(stackalloc byte[DeviceInstruction.Longest]), guest, out instruction);
    }

    /// <summary>Where the operand is, if it is what the vCPU met and lies in one page of devices.</summary>
    /// <returns>Its guest-physical address.</returns>
    private uint? Find(in CpuExit exit, in DeviceInstruction instruction)
    {
        uint linear = BaseOf(instruction.Selector) + instruction.Offset;
        if (linear != exit.FaultAddress || (linear & GuestMemory.PageSize - 1) + instruction.Width > GuestMemory.PageSize) return null;
        PageAccess access = (instruction.IsWrite ? PageAccess.Write : PageAccess.Read) | (machine.Cpu.Registers.PrivilegeLevel == 3 ? PageAccess.User : PageAccess.Read);
        Translation translation = machine.PageTables.Walk(machine.PageDirectory, linear, access);
        return translation.IsDevice ? translation.Physical : null;
    }

    /// <summary>The instruction's bytes, as far as they lie in memory.</summary>
    private ReadOnlySpan<byte> ReadCode(Span<byte> buffer)
    {
        ref GuestRegisters guest = ref machine.Cpu.Registers;
        if (!SegmentRules.TryFind(machine.Descriptors.Descriptors, guest.Cs, out SegmentDescriptor code) || !code.IsBig) return [];
        return buffer[..LinearMemory.ReadAvailable(machine.PageTables, machine.PageDirectory, code.Base + guest.Eip, buffer)];
    }

    private uint BaseOf(ushort selector) => SegmentRules.TryFind(machine.Descriptors.Descriptors, selector, out SegmentDescriptor segment) ? segment.Base : 0;
}
