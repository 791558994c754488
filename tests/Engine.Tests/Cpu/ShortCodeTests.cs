using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;

namespace LguestPS.Tests.Cpu;

/// <summary>Segments of 16-bit code: what a program gets that makes one with set_thread_area, as kernels before 3.19 let it.</summary>
public class ShortCodeTests
{
    private const int Slot = 7;
    private const ushort Selector = Slot << 3 | 3;
    private const byte Code3 = 0xFB;

    [Fact]
    public void Operands_and_addresses_have_16_bits_and_prefixes_make_32_of_them()
    {
        using CpuMachine machine = InShortCode(
            "B83412"            // mov ax,1234h
            + "66BB78563412"    // mov ebx,12345678h
            + "8B0F"            // mov cx,[bx]
            + "678B13");        // mov dx,[ebx]
        machine.Registers.Eax = machine.Registers.Ecx = machine.Registers.Edx = 0xFFFFFFFF;
        machine.Run(2);
        Assert.Equal((0xFFFF1234u, 0x12345678u), (machine.Registers.Eax, machine.Registers.Ebx));
        machine.Page(0x5000);
        machine.Write32(0x5678, 0xABCD);
        machine.Page(0x12345000);
        machine.Write32(0x12345678, 0x4321);
        machine.Run(2);
        Assert.Equal((0xFFFFABCDu, 0xFFFF4321u), (machine.Registers.Ecx, machine.Registers.Edx));
    }

    [Fact]
    public void A_branch_of_16_bits_stays_in_the_first_64_kib()
    {
        using CpuMachine machine = InShortCode("E9FCFF");       // jmp -4, to before the segment's start
        machine.Run(1);
        Assert.Equal(0xFFFFu, machine.Registers.Eip);
    }

    [Fact]
    public void Calls_push_and_returns_pop_words()
    {
        using CpuMachine machine = InShortCode("E80100" + "90" + "C3");
        machine.Run(1);
        Assert.Equal((4u, CpuMachine.StackTop - 2), (machine.Registers.Eip, machine.Registers.Esp));
        machine.Run(1);
        Assert.Equal((3u, CpuMachine.StackTop), (machine.Registers.Eip, machine.Registers.Esp));
    }

    [Fact]
    public void Code_beyond_the_limit_is_a_protection_fault()
    {
        using CpuMachine machine = InShortCode("90B83412", limit: 2);      // the mov is longer than what is left of the segment
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(10));
        Assert.Equal(1u, machine.Registers.Eip);
    }

    [Fact]
    public void Fifteen_bytes_are_the_most_with_either_size()
    {
        using CpuMachine machine = InShortCode(string.Concat(Enumerable.Repeat("3E", 12)) + "B83412");
        machine.Run(1);
        Assert.Equal(0x1234u, machine.Registers.Eax & 0xFFFF);
        using CpuMachine longer = InShortCode(string.Concat(Enumerable.Repeat("3E", 11)) + "66B878563412");
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), longer.Run(1));
    }

    /// <summary>An invalid opcode of more than fifteen bytes is a protection fault; how long it is depends on the sizes.</summary>
    [Theory]
    [InlineData(11, Vector.InvalidOpcode)]      // 11 prefixes, C7 /1, a word: 15 bytes
    [InlineData(12, Vector.GeneralProtection)]
    public void The_length_of_an_invalid_instruction_counts_words(int prefixes, byte vector)
    {
        using CpuMachine machine = InShortCode(string.Concat(Enumerable.Repeat("3E", prefixes)) + "C7C83412");
        Assert.Equal(CpuExit.Trap(vector), machine.Run(1));
    }

    /// <summary>Far jumps there and back; the same bytes mean something else in either segment.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public void The_same_bytes_are_other_instructions_in_32_bit_code(int? heat)
    {
        using var machine = new CpuMachine(make: (memory, time) => new EmulatedCpu(memory, time, heat));
        machine.Descriptors[Slot] = CpuMachine.Segment(CpuMachine.Code, 0xFFFF, Code3, 0);
        machine.LoadDescriptors();
        byte[] code = Convert.FromHexString("40" + "B8341200CC");       // inc; mov ax,1234h and add ah,cl, or mov eax,0CC001234h
        foreach (bool isShort in (bool[])[true, false, true, false])
        {
            machine.Bytes(CpuMachine.Code + 0x100, code);
            machine.Registers.Cs = isShort ? Selector : CpuMachine.UserCode;
            machine.Registers.Eip = isShort ? 0x100 : CpuMachine.Code + 0x100;
            machine.Registers.Eax = 0xFFFFFFFF;
            machine.Registers.Ecx = 1;
            machine.Run(isShort ? 3 : 2);
            Assert.Equal(isShort ? 0xFFFF1334u : 0xCC001234u, machine.Registers.Eax);
        }
    }

    [Fact]
    public void A_far_jump_goes_there_and_back()
    {
        using CpuMachine machine = InShortCode("66EA" + Hex(CpuMachine.Code + 0x10) + "7300");      // jmp 73:Code+10h
        machine.Bytes(CpuMachine.Code + 0x10, Convert.FromHexString("EA" + Hex(0x20) + "3B00"));    // jmp 3B:20h
        machine.Bytes(CpuMachine.Code + 0x20, Convert.FromHexString("B83412"));
        machine.Registers.Eip = 0;
        machine.Registers.Eax = 0xFFFFFFFF;
        machine.Run(3);
        Assert.Equal((0xFFFF1234u, 0x23u, Selector), (machine.Registers.Eax, machine.Registers.Eip, machine.Registers.Cs));
    }

    private static string Hex(uint value) => Convert.ToHexString(BitConverter.GetBytes(value));

    private static CpuMachine InShortCode(string code, uint limit = 0xFFFF)
    {
        var machine = new CpuMachine();
        machine.Descriptors[Slot] = CpuMachine.Segment(CpuMachine.Code, limit, Code3, 0);
        machine.LoadDescriptors();
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        machine.Registers.Cs = Selector;
        machine.Registers.Eip = 0;
        return machine;
    }
}
