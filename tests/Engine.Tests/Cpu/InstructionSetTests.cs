using LguestPS.Cpu;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>Which encodings exist on an i686 that shows our <see cref="CpuIdentity"/>.</summary>
public class InstructionSetTests
{
    [Theory]
    [InlineData("F30F1EFB")]            // endbr32, at the start of every function that gcc -fcf-protection makes
    [InlineData("F30F1EFA")]            // endbr64
    [InlineData("F30F1EC8")]            // rdsspd eax
    [InlineData("0F1EC0")]
    [InlineData("0F1800")]              // prefetchnta [eax]
    [InlineData("0F18C0")]
    [InlineData("0F0D08")]              // prefetchw [eax]
    [InlineData("0F19C0")]
    [InlineData("0F1A00")]              // bndldx
    [InlineData("660F1AC1")]            // bndmov
    [InlineData("F30F1B00")]            // bndmk
    [InlineData("0F1C00")]              // cldemote
    [InlineData("0F1DC0")]
    [InlineData("0F1F00")]
    [InlineData("660F1F440000")]
    [InlineData("66662E0F1F840000000000")]
    [InlineData("F390")]                // pause
    public void A_hint_does_nothing_and_touches_no_memory(string code)
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, [.. Convert.FromHexString(code), 0xF4]);
        machine.Registers.Eax = 0x7FFFFFF0;        // nothing is there
        GuestRegisters before = machine.Registers;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        before.Eip += (uint)code.Length / 2;
        Assert.Equal(before, machine.Registers);
    }

    [Theory]
    [InlineData("F30FBCD9", 4u, 0u)]            // rep bsf ebx, ecx, as gcc writes a count of trailing zeros
    [InlineData("F30FBDD9", 6u, 0u)]            // rep bsr, not lzcnt
    [InlineData("66F30FBCD9", 4u, 0u)]
    [InlineData("F20FBCD9", 4u, 0u)]
    [InlineData("F30FB6D9", 0x50u, 0u)]         // movzx ebx, cl
    [InlineData("F30F44D9", 0x50u, 0x40u)]      // cmove
    [InlineData("F3EB0089CB", 0x50u, 0u)]       // jmp to the next; mov ebx, ecx
    [InlineData("F20F8500000000F389CB", 0x50u, 0u)]
    [InlineData("3EEB0089CB", 0x50u, 0u)]       // notrack jmp
    [InlineData("F30FA3C989CB", 0x50u, 0u)]     // bt
    public void A_prefix_without_a_meaning_changes_nothing(string code, uint result, uint flags)
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, [.. Convert.FromHexString(code), 0xF4]);
        machine.Registers.Ecx = 0x50;
        machine.Registers.Eflags |= flags;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(result, machine.Registers.Ebx);
        Assert.Equal(CpuMachine.Code + (uint)code.Length / 2, machine.Registers.Eip);
    }

    [Theory]
    [InlineData("F30FB8C1")]            // popcnt
    [InlineData("0FC7F0")]              // rdrand eax
    [InlineData("0F38F000")]            // movbe
    [InlineData("F20F38F0C1")]          // crc32
    [InlineData("0F05")]                // syscall
    [InlineData("0F34")]                // sysenter
    [InlineData("0F01F9")]              // rdtscp
    [InlineData("0F01D0")]              // xgetbv
    [InlineData("0FAE20")]              // xsave
    [InlineData("C5F877")]              // vzeroupper
    [InlineData("C4C1")]                // les with a register, where a newer processor has VEX
    [InlineData("62F17C4828C1")]        // bound with a register, where it has EVEX
    [InlineData("8FE878C000")]          // pop with a digit, where another has XOP
    [InlineData("0FFFC0")]              // ud0
    [InlineData("0F0B")]                // ud2
    [InlineData("F00F1FC0")]            // lock nop
    public void What_CPUID_does_not_show_is_an_invalid_opcode(string code)
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        GuestRegisters before = machine.Registers;
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run());
        Assert.Equal(before, machine.Registers);
    }

    [Theory]
    [InlineData(13, "0F0B", Vector.InvalidOpcode)]              // ud2, fifteen bytes
    [InlineData(14, "0F0B", Vector.GeneralProtection)]          // its second byte is the sixteenth
    [InlineData(13, "0F04", Vector.InvalidOpcode)]              // an opcode of no use has no operands
    [InlineData(12, "8F08", Vector.InvalidOpcode)]              // pop with a digit that it has not
    [InlineData(12, "8F4811", Vector.InvalidOpcode)]
    [InlineData(13, "8F4811", Vector.GeneralProtection)]        // and a displacement
    [InlineData(11, "F6C811", Vector.GeneralProtection)]        // test, the other way to write it; it exists, and then hlt
    [InlineData(13, "F6C811", Vector.GeneralProtection)]
    [InlineData(12, "D9C1D9", Vector.GeneralProtection)]        // fld st1 exists
    [InlineData(13, "D948110F", Vector.GeneralProtection)]      // an x87 digit that is reserved
    [InlineData(12, "D948110F", Vector.InvalidOpcode)]
    [InlineData(10, "A0443322110F", Vector.PageFault)]          // mov al, [11223344]
    [InlineData(11, "A0443322110F", Vector.GeneralProtection)]
    public void Longer_than_fifteen_bytes_is_a_protection_fault_whether_or_not_it_exists(int prefixes, string code, byte vector)
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, [.. Enumerable.Repeat((byte)0x3E, prefixes), .. Convert.FromHexString(code), 0xF4, 0xF4]);
        Assert.Equal(vector, machine.Run().Vector);
    }
}
