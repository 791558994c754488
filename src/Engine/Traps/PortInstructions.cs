using LguestPS.Machines;
using LguestPS.Paging;

namespace LguestPS.Traps;

/// <summary>Skips the port instructions a kernel still contains: there are no ports, and reading one gives all ones (ABI §5).</summary>
internal sealed class PortInstructions(Machine machine)
{
    private const byte OperandSizePrefix = 0x66;

    /// <summary>If the kernel stands at an <c>in</c> or <c>out</c>, does it and moves behind it.</summary>
    public bool TrySkip()
    {
        ref GuestRegisters registers = ref machine.Cpu.Registers;
        if (registers.PrivilegeLevel != Segments.DescriptorTable.GuestPrivilegeLevel) return false;

        uint length = 0;
        if (CodeByte(registers.Eip) is not { } opcode) return false;
        bool shortOperand = opcode == OperandSizePrefix;
        if (shortOperand)
        {
            length++;
            if (CodeByte(registers.Eip + length) is not { } behindPrefix) return false;
            opcode = behindPrefix;
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

    private byte? CodeByte(uint linear)
    {
        Translation translation = machine.PageTables.Walk(machine.PageDirectory, linear, PageAccess.Read);
        return translation.Ok ? machine.Memory.Read8(translation.Physical) : null;
    }
}
