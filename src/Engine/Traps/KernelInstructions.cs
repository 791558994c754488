using LguestPS.Abi;
using LguestPS.Cpu;
using LguestPS.Machines;
using LguestPS.Paging;
using LguestPS.Segments;

namespace LguestPS.Traps;

/// <summary>Does for a kernel the privileged instructions that it still contains although it knows that it is a guest.</summary>
/// <remarks>
/// Port instructions: there are no ports, and reading one gives all ones (ABI §5). From 2.6.24 on <c>cli</c> is nothing, as the guest's own
/// idea of the interrupt flag is in its memory; and code that runs before the kernel has set up its handlers may look at model-specific
/// registers, which are zero, and at CR3, which no such code has a use for.
/// </remarks>
internal sealed class KernelInstructions(Machine machine)
{
    private const byte OperandSizePrefix = 0x66;
    private const byte TwoByte = 0x0F;
    private const byte DisableInterrupts = 0xFA;
    private const byte ReadControlRegister = 0x20;
    private const byte EaxFromCr3 = 0xD8;
    private const byte WriteModelSpecific = 0x30;
    private const byte ReadModelSpecific = 0x32;

    /// <summary>If the kernel stands at such an instruction, does it and moves past it.</summary>
    /// <returns>What was done, or null for an instruction that is the kernel's own affair.</returns>
    public TrapOutcome? TryDo()
    {
        ref GuestRegisters registers = ref machine.Cpu.Registers;
        if (registers.PrivilegeLevel != DescriptorTable.GuestPrivilegeLevel) return null;
        if (CodeByte(registers.Eip) is not { } opcode) return null;
        if (TrySkipPort(ref registers, opcode)) return TrapOutcome.PortSkipped;
        return machine.Abi.Boot.EntersAtEntryPoint && TryEmulate(ref registers, opcode) ? TrapOutcome.Emulated : null;
    }

    private bool TrySkipPort(ref GuestRegisters registers, byte opcode)
    {
        uint length = 0;
        bool shortOperand = opcode == OperandSizePrefix;
        if (shortOperand)
        {
            length++;
            if (CodeByte(registers.Eip + length) is not { } afterPrefix) return false;
            opcode = afterPrefix;
        }

        // e4-e7 name the port in a byte of their own, ec-ef in dx; bit 1 means out, bit 0 more than a byte.
        if ((opcode & 0xFC) == 0xE4) length += 2;
        else if ((opcode & 0xFC) == 0xEC) length += 1;
        else return false;

        bool isIn = (opcode & 2) == 0;
        uint mask = (opcode & 1) == 0 ? 0xFFu : shortOperand ? 0xFFFFu : 0xFFFFFFFFu;
        if (isIn) registers.Eax |= mask;
        registers.Eip += length;
        return true;
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
            case ReadControlRegister when CodeByte(registers.Eip + 2) == EaxFromCr3:
                registers.Eax = 0;
                registers.Eip++;
                break;
            default:
                return false;
        }
        registers.Eip += 2;
        return true;
    }

    private byte? CodeByte(uint linear)
    {
        Translation translation = machine.PageTables.Walk(machine.PageDirectory, linear, PageAccess.Read);
        return translation.Ok ? machine.Memory.Read8(translation.Physical) : null;
    }
}
