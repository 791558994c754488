using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>The x87 rules that are about the CPU around it: traps and faults.</summary>
public sealed class FpuRulesTests : FpuFixture
{
    private const uint NextPage = CpuMachine.Data + 0x1000;

    [Theory]
    [InlineData("0FAE03")]      // fxsave [ebx]
    [InlineData("0FAE0B")]      // fxrstor [ebx]
    public void Fxsave_and_fxrstor_want_16_byte_alignment(string code)
    {
        Machine.Registers.Ebx = Data + 8;
        Machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), Machine.Run(1));
        Assert.Equal(CpuMachine.Code, Machine.Registers.Eip);
    }

    [Fact]
    public void An_unmasked_exception_traps_at_the_next_waiting_instruction()
    {
        // 0 / 0 and then instructions that do not wait, until one does.
        Write16(Data, 0x0340);
        Machine.Assemble(a =>
        {
            a.fldcw(__word_ptr[Data]);
            a.fldz();
            a.fldz();
            a.fdivp(st1, st0);
            a.mov(eax, 1);
            a.fnstsw(ax);
            a.fnstcw(__word_ptr[Data]);
            a.fld1();
        });
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), Machine.Run(8));
        Assert.Equal(0xB081u, Machine.Registers.Eax);
        Assert.Equal(CpuMachine.Encode(CpuMachine.Code, a => a.fld1()), Bytes(Machine.Registers.Eip, 2));

        // The operands are as they were, and the trap repeats until the exception is gone.
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), Machine.Run(1));
        Machine.Assemble(a =>
        {
            a.fnclex();
            a.fnsave(__dword_ptr[Data]);
        });
        Assert.Equal(CpuExit.Budget, Machine.Run(2));
        Assert.Equal((0xFFFF3000, 0xFFFF5FFF), (Machine.Read32(Data + 4), Machine.Read32(Data + 8)));
        Assert.Equal((CpuMachine.Code + 10, 0x06F9u), (Machine.Read32(Data + 12), Machine.Read32(Data + 16) >> 16));
    }

    [Theory]
    [InlineData("9B", true)]        // wait
    [InlineData("D9D0", true)]      // fnop
    [InlineData("D92B", true)]      // fldcw
    [InlineData("D923", true)]      // fldenv
    [InlineData("DD23", true)]      // frstor
    [InlineData("D9C0", true)]      // fld st(0)
    [InlineData("DB3B", true)]      // fstp m80
    [InlineData("D93B", false)]     // fnstcw
    [InlineData("DFE0", false)]     // fnstsw ax
    [InlineData("DD3B", false)]     // fnstsw m16
    [InlineData("DBE2", false)]     // fnclex
    [InlineData("DBE3", false)]     // fninit
    [InlineData("D933", false)]     // fnstenv
    [InlineData("DD33", false)]     // fnsave
    [InlineData("0FAE03", false)]   // fxsave
    [InlineData("0FAE0B", false)]   // fxrstor
    public void Who_waits_for_exceptions(string code, bool waits)
    {
        MakePending();
        Machine.Registers.Ebx = Data + 0x200;
        Machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(waits ? CpuExit.Trap(Vector.FloatingPoint) : CpuExit.Budget, Machine.Run(1));

        // A switched task comes first, and everybody minds.
        Machine.Registers.Eip = CpuMachine.Code;
        Machine.Cpu.TaskSwitched = true;
        Assert.Equal(CpuExit.Trap(Vector.DeviceNotAvailable), Machine.Run(1));
        Assert.Equal(CpuMachine.Code, Machine.Registers.Eip);
    }

    [Fact]
    public void Unmasking_a_recorded_exception_makes_it_pending()
    {
        Write16(Data, 0x035F);
        RunAll(a =>
        {
            a.fld1();
            a.fldpi();
            a.fdivp(st1, st0);      // inexact
            a.fldcw(__word_ptr[Data]);
            a.fnstsw(ax);
        });
        Assert.Equal(0x80A0u, Machine.Registers.Eax & 0x80A0);
        Machine.Assemble(a => a.wait());
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), Machine.Run(1));
    }

    [Fact]
    public void An_exception_in_waiting_comes_before_a_page_fault()
    {
        MakePending();
        Machine.Assemble(a => a.fld(__qword_ptr[NextPage]));
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), Machine.Run(1));
    }

    [Theory]
    [InlineData("D903", 4)]     // fld m32
    [InlineData("DD03", 8)]     // fld m64
    [InlineData("DB2B", 10)]    // fld m80
    [InlineData("DF2B", 8)]     // fild m64
    [InlineData("DF23", 10)]    // fbld
    [InlineData("DC03", 8)]     // fadd m64
    [InlineData("DE03", 2)]     // fiadd m16
    [InlineData("DC1B", 8)]     // fcomp m64
    [InlineData("D923", 28)]    // fldenv
    [InlineData("DD23", 108)]   // frstor
    [InlineData("D92B", 2)]     // fldcw
    public void A_load_that_faults_changes_nothing(string code, int bytes) => Faults(code, bytes, write: false);

    [Theory]
    [InlineData("D91B", 4)]     // fstp m32
    [InlineData("DD1B", 8)]     // fstp m64
    [InlineData("DB3B", 10)]    // fstp m80
    [InlineData("DF3B", 8)]     // fistp m64
    [InlineData("DF33", 10)]    // fbstp
    [InlineData("D933", 28)]    // fnstenv
    [InlineData("DD33", 108)]   // fnsave
    [InlineData("D93B", 2)]     // fnstcw
    [InlineData("DD3B", 2)]     // fnstsw
    public void A_store_that_faults_changes_nothing(string code, int bytes) => Faults(code, bytes, write: true);

    [Theory]
    [InlineData("DD1B", "DD03", 8)]
    [InlineData("DB3B", "DB2B", 10)]
    [InlineData("DD33", "DD23", 108)]
    [InlineData("0FAE03", "0FAE0B", 16)]
    public void Operands_may_cross_a_page(string store, string load, int step)
    {
        Machine.Page(NextPage);
        int steps = step == 16 ? 31 : Math.Min(step - 1, 20);
        for (int before = 1; before <= steps; before++)
        {
            uint at = NextPage - (uint)(step == 16 ? 16 * before : before);
            Machine.Registers.Ebx = at;
            Fill(at - 16, 16, 0x55);
            RunCode("DBE3" + "D9EB" + store + "DBE3" + load + "DB3D" + Hex(Data));
            Assert.Equal(new Float80(step == 8 ? 0xC90FDAA22168C000 : 0xC90FDAA22168C235, 0x4000), Number(Data));
            Assert.All(Bytes(at - 16, 16), b => Assert.Equal(0x55, b));
        }
    }

    [Fact]
    public void Stores_into_code_take_effect()
    {
        // fistp over the immediate of the instruction right after it.
        Machine.Write32(Data, 0x12345678);
        Machine.Assemble(a =>
        {
            a.fild(__dword_ptr[Data]);
            a.fistp(__dword_ptr[CpuMachine.Code + 13]);
            a.mov(eax, 0);
        });
        Assert.Equal(CpuExit.Budget, Machine.Run(3));
        Assert.Equal(0x12345678u, Machine.Registers.Eax);
    }

    [Theory]
    [InlineData("DC43F8", Vector.GeneralProtection, 0xFFFu)]        // fadd qword [ebx-8]: the last byte is outside
    [InlineData("DB6BF6", Vector.GeneralProtection, 0xFFFu)]        // fld m80 [ebx-10]
    [InlineData("DB6BF6", null, 0x1000u)]
    public void Operands_end_inside_the_segment(string code, byte? vector, uint end)
    {
        Machine.Descriptors[15] = CpuMachine.Segment(Data, 0xFFE + (end & 1 ^ 1), 0xF3, 4);
        Machine.LoadDescriptors();
        Machine.Registers.Ebx = 0x1000;
        Machine.Bytes(CpuMachine.Code, Convert.FromHexString("D9E8" + code));
        Assert.Equal(vector is { } v ? CpuExit.Trap(v) : CpuExit.Budget, Machine.Run(2));
    }

    [Theory]
    [InlineData("D9D1")]
    [InlineData("D90B")]
    [InlineData("D9E2")]
    [InlineData("D9EF")]
    [InlineData("DAE8")]
    [InlineData("DB23")]
    [InlineData("DBE5")]
    [InlineData("DDF0")]
    [InlineData("DED8")]
    [InlineData("DFE1")]
    [InlineData("DFF8")]
    [InlineData("F0D9E8")]      // lock
    public void Opcodes_that_do_not_exist(string code)
    {
        Machine.Bytes(CpuMachine.Code, Convert.FromHexString(code + "9090909090"));
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), Machine.Run(1));
        Assert.Equal(CpuMachine.Code, Machine.Registers.Eip);
    }

    [Theory]
    [InlineData("D9C0", 0x3A41)]        // fld st(0) of nothing: underflow, C1 clear (top moves for the indefinite)
    [InlineData("D8C1", 0x0041)]        // fadd
    [InlineData("DD13", 0x0041)]        // fst m64
    public void A_stack_underflow_gives_the_indefinite(string code, int status)
    {
        Machine.Registers.Ebx = Data + 0x80;
        RunCode(code + "9B" + "DD35" + Hex(Data));
        Assert.Equal(status & ~0x200, Word(Data + 4));
        if (code == "DD13") Assert.Equal((0u, 0xFFF80000), (Machine.Read32(Data + 0x80), Machine.Read32(Data + 0x84)));
        else Assert.Equal(Float80.Indefinite, Number(Data + 28));
    }

    [Fact]
    public void A_stack_overflow_gives_the_indefinite_and_C1()
    {
        RunCode(string.Concat(Enumerable.Repeat("D9E8", 9)) + "DD35" + Hex(Data));
        Assert.Equal(0x3A41, Word(Data + 4));
        Assert.Equal(Float80.Indefinite, Number(Data + 28));
    }

    [Fact]
    public void Trigonometric_functions_leave_arguments_from_2_to_the_63_on_alone()
    {
        Machine.Bytes(Data, Convert.FromHexString("00000000000000803E40"));     // 2^63
        RunCode("DB2D" + Hex(Data) + "D9FE" + "DD35" + Hex(Data + 0x40));
        Assert.Equal(0x3C00, Word(Data + 0x44));
        Assert.Equal(new Float80(Float80.IntegerBit, 0x403E), Number(Data + 0x40 + 28));
    }

    private void MakePending()
    {
        Write16(Data, 0x0340);
        RunAll(a =>
        {
            a.fninit();
            a.fldcw(__word_ptr[Data]);
            a.fldz();
            a.fldz();
            a.fdivp(st1, st0);
        });
    }

    private void Faults(string code, int bytes, bool write)
    {
        Machine.Page(NextPage, CpuMachine.PageRights & ~(write ? PageFlags.Writable : PageFlags.Present));
        for (int inside = 0; inside < Math.Min(bytes, 12); inside++)
        {
            Fill(Data + 0xF00, 0x100, 0x11);
            RunCode("DBE3" + "D9E8" + "D9EB" + "DD35" + Hex(Data));
            RunCode("DD25" + Hex(Data));
            Machine.Registers.Ebx = NextPage - (uint)inside;
            Machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
            CpuExit exit = Machine.Run(1);
            Assert.Equal((CpuExitKind.Trap, Vector.PageFault, NextPage), (exit.Kind, exit.Vector, exit.FaultAddress));
            Assert.Equal(CpuMachine.Code, Machine.Registers.Eip);
            RunCode("DD35" + Hex(Data + 0x100));
            Assert.Equal(Bytes(Data, 108), Bytes(Data + 0x100, 108));
            Assert.All(Bytes(Data + 0xF00, 0x100), b => Assert.Equal(0x11, b));
        }
    }
}
