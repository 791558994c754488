using System.Buffers.Binary;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>The x87 rules that are about the CPU around it: traps, faults, and what its state looks like in memory.</summary>
public sealed class FpuRulesTests : IDisposable
{
    private const uint Data = CpuMachine.Data, NextPage = CpuMachine.Data + 0x1000;
    private readonly CpuMachine machine = new();

    public void Dispose() => machine.Dispose();

    [Fact]
    public void A_new_FPU_is_as_after_fninit()
    {
        RunAll(a => a.fnsave(__dword_ptr[Data]));
        Assert.Equal([0xFFFF037F, 0xFFFF0000, 0xFFFFFFFF], Doublewords(Data, 3));
    }

    [Fact]
    public void The_32_bit_environment_tells_of_the_last_instruction_and_its_operand()
    {
        machine.Registers.Ebx = Data + 0x100;
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
        Assert.Equal((CpuMachine.Code, 0x01EE_0000u | CpuMachine.UserCode), (machine.Read32(Data + 12), machine.Read32(Data + 16)));
    }

    [Fact]
    public void The_16_bit_environment_has_14_bytes()
    {
        machine.Registers.Ebx = Data + 0x20;
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
        Assert.Equal(0xFFFF3000, machine.Read32(Data + 0x104));
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
        machine.Registers.Ebx = Data + 0x800;
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

    [Theory]
    [InlineData("0FAE03")]      // fxsave [ebx]
    [InlineData("0FAE0B")]      // fxrstor [ebx]
    public void Fxsave_and_fxrstor_want_16_byte_alignment(string code)
    {
        machine.Registers.Ebx = Data + 8;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
    }

    [Fact]
    public void An_unmasked_exception_traps_at_the_next_waiting_instruction()
    {
        // 0 / 0 and then instructions that do not wait, until one does.
        Write16(Data, 0x0340);
        machine.Assemble(a =>
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
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), machine.Run(8));
        Assert.Equal(0xB081u, machine.Registers.Eax);
        Assert.Equal(CpuMachine.Encode(CpuMachine.Code, a => a.fld1()), Bytes(machine.Registers.Eip, 2));

        // The operands are as they were, and the trap repeats until the exception is gone.
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), machine.Run(1));
        machine.Assemble(a =>
        {
            a.fnclex();
            a.fnsave(__dword_ptr[Data]);
        });
        Assert.Equal(CpuExit.Budget, machine.Run(2));
        Assert.Equal((0xFFFF3000, 0xFFFF5FFF), (machine.Read32(Data + 4), machine.Read32(Data + 8)));
        Assert.Equal((CpuMachine.Code + 10, 0x06F9u), (machine.Read32(Data + 12), machine.Read32(Data + 16) >> 16));
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
        machine.Registers.Ebx = Data + 0x200;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        Assert.Equal(waits ? CpuExit.Trap(Vector.FloatingPoint) : CpuExit.Budget, machine.Run(1));

        // A switched task comes first, and everybody minds.
        machine.Registers.Eip = CpuMachine.Code;
        machine.Cpu.TaskSwitched = true;
        Assert.Equal(CpuExit.Trap(Vector.DeviceNotAvailable), machine.Run(1));
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
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
        Assert.Equal(0x80A0u, machine.Registers.Eax & 0x80A0);
        machine.Assemble(a => a.wait());
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), machine.Run(1));
    }

    [Fact]
    public void An_exception_in_waiting_comes_before_a_page_fault()
    {
        MakePending();
        machine.Assemble(a => a.fld(__qword_ptr[NextPage]));
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), machine.Run(1));
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
        machine.Page(NextPage);
        int steps = step == 16 ? 31 : Math.Min(step - 1, 20);
        for (int before = 1; before <= steps; before++)
        {
            uint at = NextPage - (uint)(step == 16 ? 16 * before : before);
            machine.Registers.Ebx = at;
            Fill(at - 16, 16, 0x55);
            RunCode("DBE3" + "D9EB" + store + "DBE3" + load + "DB3D" + Hex(Data));
            Assert.Equal(new Float80(step == 8 ? 0xC90FDAA22168C000 : 0xC90FDAA22168C235, 0x4000), Number(Data));
            Assert.All(Bytes(at - 16, 16), b => Assert.Equal(0x55, b));
        }
    }

    [Fact]
    public void Stores_into_code_take_effect()
    {
        // fistp over the immediate of the instruction right behind it.
        machine.Write32(Data, 0x12345678);
        machine.Assemble(a =>
        {
            a.fild(__dword_ptr[Data]);
            a.fistp(__dword_ptr[CpuMachine.Code + 13]);
            a.mov(eax, 0);
        });
        Assert.Equal(CpuExit.Budget, machine.Run(3));
        Assert.Equal(0x12345678u, machine.Registers.Eax);
    }

    [Theory]
    [InlineData("DC43F8", Vector.GeneralProtection, 0xFFFu)]        // fadd qword [ebx-8]: the last byte is outside
    [InlineData("DB6BF6", Vector.GeneralProtection, 0xFFFu)]        // fld m80 [ebx-10]
    [InlineData("DB6BF6", null, 0x1000u)]
    public void Operands_end_inside_the_segment(string code, byte? vector, uint end)
    {
        machine.Descriptors[15] = CpuMachine.Segment(Data, 0xFFE + (end & 1 ^ 1), 0xF3, 4);
        machine.LoadDescriptors();
        machine.Registers.Ebx = 0x1000;
        machine.Bytes(CpuMachine.Code, Convert.FromHexString("D9E8" + code));
        Assert.Equal(vector is { } v ? CpuExit.Trap(v) : CpuExit.Budget, machine.Run(2));
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
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code + "9090909090"));
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run(1));
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
    }

    [Theory]
    [InlineData("D9C0", 0x3A41)]        // fld st(0) of nothing: underflow, C1 clear (top moves for the indefinite)
    [InlineData("D8C1", 0x0041)]        // fadd
    [InlineData("DD13", 0x0041)]        // fst m64
    public void A_stack_underflow_gives_the_indefinite(string code, int status)
    {
        machine.Registers.Ebx = Data + 0x80;
        RunCode(code + "9B" + "DD35" + Hex(Data));
        Assert.Equal(status & ~0x200, Word(Data + 4));
        if (code == "DD13") Assert.Equal((0u, 0xFFF80000), (machine.Read32(Data + 0x80), machine.Read32(Data + 0x84)));
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
        machine.Bytes(Data, Convert.FromHexString("00000000000000803E40"));     // 2^63
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
        machine.Page(NextPage, CpuMachine.PageRights & ~(write ? PageFlags.Writable : PageFlags.Present));
        for (int inside = 0; inside < Math.Min(bytes, 12); inside++)
        {
            Fill(Data + 0xF00, 0x100, 0x11);
            RunCode("DBE3" + "D9E8" + "D9EB" + "DD35" + Hex(Data));
            RunCode("DD25" + Hex(Data));
            machine.Registers.Ebx = NextPage - (uint)inside;
            machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
            CpuExit exit = machine.Run(1);
            Assert.Equal((CpuExitKind.Trap, Vector.PageFault, NextPage), (exit.Kind, exit.Vector, exit.FaultAddress));
            Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
            RunCode("DD35" + Hex(Data + 0x100));
            Assert.Equal(Bytes(Data, 108), Bytes(Data + 0x100, 108));
            Assert.All(Bytes(Data + 0xF00, 0x100), b => Assert.Equal(0x11, b));
        }
    }

    private void RunAll(Action<Assembler> write)
    {
        var assembler = new Assembler(32);
        write(assembler);
        machine.Assemble(write);
        Assert.Equal(CpuExit.Budget, machine.Run(assembler.Instructions.Count));
    }

    private void RunCode(string hex)
    {
        byte[] code = Convert.FromHexString(hex);
        machine.Bytes(CpuMachine.Code, code);
        while (machine.Registers.Eip != CpuMachine.Code + code.Length) Assert.Equal(CpuExit.Budget, machine.Run(1));
    }

    private static string Hex(uint address) => Convert.ToHexString(BitConverter.GetBytes(address));

    private byte[] Bytes(uint linear, int count)
    {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = machine.Memory.Read8(machine.Physical(linear + (uint)i));
        return bytes;
    }

    private void Fill(uint linear, int count, byte value)
    {
        for (int i = 0; i < count; i++) machine.Memory.Write8(machine.Physical(linear + (uint)i), value);
    }

    private ushort Word(uint linear) => machine.Memory.Read16(machine.Physical(linear));

    private IEnumerable<ushort> Words(uint linear, int count) => Enumerable.Range(0, count).Select(i => Word(linear + 2 * (uint)i));

    private IEnumerable<uint> Doublewords(uint linear, int count) => Enumerable.Range(0, count).Select(i => machine.Read32(linear + 4 * (uint)i));

    private void Write16(uint linear, ushort value) => machine.Memory.Write16(machine.Physical(linear), value);

    private void Write64(uint linear, ulong value)
    {
        machine.Write32(linear, (uint)value);
        machine.Write32(linear + 4, (uint)(value >> 32));
    }

    private Float80 Number(uint linear)
    {
        ReadOnlySpan<byte> bytes = Bytes(linear, 10);
        return new Float80(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));
    }
}
