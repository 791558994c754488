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
/// In eras that reach nothing with instructions there are no ports: writing one is nothing, and reading one gives all ones (ABI §5).
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
        if (registers is null) return false;
        ref GuestRegisters guest = ref machine.Cpu.Registers;
        if (!DeviceInstruction.TryDecode(ReadCode(stackalloc byte[DeviceInstruction.Longest]), guest, out DeviceInstruction instruction)) return false;
        if (Find(exit, instruction) is not { } physical) return false;

        // A write is told before what follows from it, even if that is the guest's end.
        if (instruction.IsWrite)
        {
            events.Trapped(exit, guest.Eip, guest.PrivilegeLevel, TrapOutcome.DeviceAccessed);
            registers.WriteMemory(physical, instruction.Width, instruction.Value);
        }
        else
        {
            uint value = registers.ReadMemory(physical, instruction.Width);
            events.Trapped(exit, guest.Eip, guest.PrivilegeLevel, TrapOutcome.DeviceAccessed);
            instruction.Load(ref guest, value);
        }
        guest.Eip += instruction.Length;
        return true;
    }

    /// <summary>If the kernel stands at a port instruction, does it and moves past it.</summary>
    /// <param name="exit">The vCPU's, of trap 13.</param>
    /// <exception cref="Errors.GuestKilledException">It broke a rule of a device.</exception>
    public bool TryAccessPort(in CpuExit exit)
    {
        ref GuestRegisters guest = ref machine.Cpu.Registers;
        if (guest.PrivilegeLevel != DescriptorTable.GuestPrivilegeLevel) return false;
        if (!PortInstruction.TryDecode(ReadCode(stackalloc byte[DeviceInstruction.Longest]), guest, out PortInstruction instruction)) return false;

        TrapOutcome outcome = registers is null ? TrapOutcome.PortSkipped : TrapOutcome.PortAccessed;
        if (instruction.IsOut)
        {
            uint value = GeneralRegister.Read(guest, 0, instruction.Width);
            events.Trapped(exit, guest.Eip, guest.PrivilegeLevel, outcome);
            registers?.WritePort(instruction.Port, instruction.Width, value);
        }
        else
        {
            uint value = registers?.ReadPort(instruction.Port, instruction.Width) ?? uint.MaxValue;
            events.Trapped(exit, guest.Eip, guest.PrivilegeLevel, outcome);
            GeneralRegister.Write(ref guest, 0, instruction.Width, value);
        }
        guest.Eip += instruction.Length;
        return true;
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
