using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Machines;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Traps;

/// <summary>Does for a kernel the privileged instructions that it still contains although it knows that it is a guest.</summary>
/// <remarks>
/// From 2.6.24 on <c>cli</c> is nothing, as the guest's own idea of the interrupt flag is in its memory; and code that runs before the kernel
/// has set up its handlers may look at model-specific registers, which are zero, at CR3, which no such code has a use for, and at CR0, which
/// tells it that there is an FPU.
/// Port instructions are the business of <see cref="DeviceInstructions"/>.
/// </remarks>
internal sealed class KernelInstructions(Machine machine)
{
    private const byte TwoByte = 0x0F;
    private const byte DisableInterrupts = 0xFA;
    private const byte ReadControlRegister = 0x20;
    private const byte WriteModelSpecific = 0x30;
    private const byte ReadModelSpecific = 0x32;

    /// <summary>If the kernel stands at such an instruction, does it and moves past it.</summary>
    /// <returns>What was done, or null for an instruction that is the kernel's own affair.</returns>
    public TrapOutcome? TryDo()
    {
        ref GuestRegisters registers = ref machine.Cpu.Registers;
        if (registers.PrivilegeLevel != DescriptorTable.GuestPrivilegeLevel) return null;
        if (CodeByte(registers.Eip) is not { } opcode) return null;
        return machine.Abi.Boot.EntersAtEntryPoint && TryEmulate(ref registers, opcode) ? TrapOutcome.Emulated : null;
    }

    private bool TryEmulate(ref GuestRegisters registers, byte opcode)
    {
        if (opcode == DisableInterrupts)
        {
            registers.Eip++;
            return true;
        }
        if (opcode != TwoByte || machine.Gates[Vector.GeneralProtection] is not null) return false;

        switch (CodeByte(registers.Eip + 1))
        {
            case ReadModelSpecific:
                registers.Eax = registers.Edx = 0;
                break;
            case WriteModelSpecific:
                break;
            case ReadControlRegister when CodeByte(registers.Eip + 2) is { } operands && ControlRegister(operands >> 3 & 7) is { } value:
                GeneralRegister.Write(ref registers, operands & 7, sizeof(uint), value);
                registers.Eip++;
                break;
            default:
                return false;
        }
        registers.Eip += 2;
        return true;
    }

    private static uint? ControlRegister(int number) => number switch
    {
        0 => CpuIdentity.ControlRegister0,
        3 => 0,
        _ => null,
    };

    private byte? CodeByte(uint linear)
    {
        Translation translation = machine.PageTables.Walk(machine.PageDirectory, linear, PageAccess.Read);
        return translation.Ok ? machine.Memory.Read8(translation.Physical) : null;
    }
}
