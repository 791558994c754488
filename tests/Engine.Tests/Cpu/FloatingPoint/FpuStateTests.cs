using LguestPS.Cpu.Emulated;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>What the x87's state looks like in memory, and how it comes back from there.</summary>
public sealed class FpuStateTests : FpuFixture
{
    [Fact]
    public void A_new_FPU_is_as_after_fninit()
    {
        RunAll(a => a.fnsave(__dword_ptr[Data]));
        Assert.Equal([0xFFFF037F, 0xFFFF0000, 0xFFFFFFFF], Doublewords(Data, 3));
    }

    [Fact]
    public void The_32_bit_environment_tells_of_the_last_instruction_and_its_operand()
    {
        Machine.Registers.Ebx = Data + 0x100;
        uint load = 0;
        RunAll(a =>
        {
            a.fld1();
            load = CpuMachine.Code + 2;
            a.fadd(__dword_ptr[ebx + 0x20]);        // D8 43 20
            a.fnstenv(__dword_ptr[Data]);
        });
        Assert.Equal(
            [0xFFFF037F, 0xFFFF3800, 0xFFFF3FFF, load, 0x0043_0000 | CpuMachine.UserCode, Data + 0x120, 0xFFFF0000 | CpuMachine.UserData],
            Doublewords(Data, 7));
    }

    [Fact]
    public void Control_instructions_leave_the_last_instruction_alone()
    {
        RunAll(a =>
        {
            a.fldz();
            a.fnstcw(__word_ptr[Data + 0x80]);
            a.fldcw(__word_ptr[Data + 0x80]);
            a.fnstsw(ax);
            a.fnclex();
            a.wait();
            a.fnstenv(__dword_ptr[Data]);
        });
        Assert.Equal((CpuMachine.Code, 0x01EE_0000u | CpuMachine.UserCode), (Machine.Read32(Data + 12), Machine.Read32(Data + 16)));
    }

    [Fact]
    public void The_16_bit_environment_has_14_bytes()
    {
        Machine.Registers.Ebx = Data + 0x20;
        Fill(Data, 0x40, 0xAA);
        RunCode("D9E8" + "DD1B" + "66D935" + Hex(Data));      // fld1; fstp [ebx]; fnstenv (16-bit)
        Assert.Equal(
            [0x037F, 0x0000, 0xFFFF, CpuMachine.Code + 2 & 0xFFFF, CpuMachine.UserCode, Data + 0x20 & 0xFFFF, CpuMachine.UserData, 0xAAAA],
            Words(Data, 8).Select(w => (uint)w));
    }

    [Fact]
    public void The_16_bit_state_comes_back()
    {
        RunCode("D9E8" + "D9EB" + "66DD35" + Hex(Data) + "66DD25" + Hex(Data) + "DD35" + Hex(Data + 0x100));
        Assert.Equal(0xFFFF3000, Machine.Read32(Data + 0x104));
        Assert.Equal(Float80.One, Number(Data + 0x100 + 28 + 10));
        Assert.Equal(new Float80(0xC90FDAA22168C235, 0x4000), Number(Data + 14));
        Assert.Equal(Number(Data + 14), Number(Data + 0x100 + 28));
    }

    [Fact]
    public void Fnsave_initialises_and_frstor_brings_everything_back()
    {
        RunAll(a =>
        {
            a.fld1();
            a.fldpi();
            a.fnsave(__dword_ptr[Data]);
            a.fnsave(__dword_ptr[Data + 0x100]);
            a.frstor(__dword_ptr[Data]);
            a.fnsave(__dword_ptr[Data + 0x200]);
        });
        Assert.Equal([0xFFFF037F, 0xFFFF0000, 0xFFFFFFFF, 0u, 0u, 0u, 0xFFFF0000], Doublewords(Data + 0x100, 7));
        Assert.Equal(Bytes(Data, 108), Bytes(Data + 0x200, 108));
    }

    [Fact]
    public void Fnstenv_masks_all_exceptions()
    {
        Write16(Data, 0x0340);
        RunAll(a =>
        {
            a.fldcw(__word_ptr[Data]);
            a.fnstenv(__dword_ptr[Data + 0x10]);
            a.fnstcw(__word_ptr[Data]);
        });
        Assert.Equal((0x0340, 0x037F), (Word(Data + 0x10), Word(Data)));
    }

    [Fact]
    public void The_tag_word_names_zeros_and_special_numbers()
    {
        Write64(Data, 1);
        RunAll(a =>
        {
            a.fld1();
            a.fldz();
            a.fld(__qword_ptr[Data]);                     // denormal in memory, normal on the stack
            a.fld1();
            a.fldz();
            a.fdivp(st1, st0);
            a.fnstenv(__dword_ptr[Data + 0x10]);
        });
        Assert.Equal(0b00_01_00_10_11_11_11_11, Word(Data + 0x18));
    }

    [Fact]
    public void Fxsave_writes_the_registers_and_leaves_what_is_beyond_them()
    {
        Fill(Data, 512, 0xAA);
        Machine.Registers.Ebx = Data + 0x800;
        Write64(Data + 0x800, BitConverter.DoubleToUInt64Bits(-2));
        RunAll(a =>
        {
            a.fldpi();
            a.fld(__qword_ptr[ebx]);                      // DD 03
            a.fxsave(__byte_ptr[Data]);
        });
        Assert.Equal([0x037F, 0x3000, 0x00C0, 0x0503], Words(Data, 4).Select(w => (int)w));
        Assert.Equal([CpuMachine.Code + 2, CpuMachine.UserCode, Data + 0x800, CpuMachine.UserData, 0x1F80u, 0xFFFFu], Doublewords(Data + 8, 6));
        Assert.Equal((new Float80(0x8000000000000000, 0xC000), new Float80(0xC90FDAA22168C235, 0x4000)), (Number(Data + 32), Number(Data + 48)));
        Assert.Equal(0, Word(Data + 42));
        Assert.All(Bytes(Data + 160, 128), b => Assert.Equal(0, b));
        Assert.All(Bytes(Data + 288, 512 - 288), b => Assert.Equal(0xAA, b));
    }

    [Fact]
    public void Fxrstor_brings_back_what_fxsave_saved_and_does_not_initialise()
    {
        RunAll(a =>
        {
            a.fld1();
            a.fldpi();
            a.fdecstp();
            a.fxsave(__byte_ptr[Data]);
            a.fxsave(__byte_ptr[Data + 0x200]);
            a.fninit();
            a.fxrstor(__byte_ptr[Data]);
            a.fxsave(__byte_ptr[Data + 0x400]);
        });
        Assert.Equal(Bytes(Data, 160), Bytes(Data + 0x200, 160));
        Assert.Equal(Bytes(Data, 160), Bytes(Data + 0x400, 160));
    }
}
