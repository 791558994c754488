using System.Runtime.Intrinsics;
using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>When vector instructions fault, and what a fault leaves alone (Intel SDM volume 3, 2.5 and chapter 13).</summary>
public sealed class VectorRulesTests : IDisposable
{
    private const uint Missing = CpuMachine.Data + 0x1000, Image = CpuMachine.Data + 0x400;
    private readonly CpuMachine machine = new();

    public void Dispose() => machine.Dispose();

    public static TheoryData<string> UsersOfRegisters => new(users.Keys);

    private static readonly Dictionary<string, Action<Assembler>> users = new()
    {
        ["addps"] = a => a.addps(xmm0, xmm1),
        ["movdqa"] = a => a.movdqa(xmm0, __xmmword_ptr[CpuMachine.Data]),
        ["movntdq"] = a => a.movntdq(__xmmword_ptr[CpuMachine.Data], xmm0),
        ["pand"] = a => a.pand(mm0, mm1),
        ["movq"] = a => a.movq(mm0, __qword_ptr[CpuMachine.Data]),
        ["emms"] = a => a.emms(),
        ["cvtsi2sd"] = a => a.cvtsi2sd(xmm0, eax),
        ["cvttss2si"] = a => a.cvttss2si(eax, xmm0),
        ["ucomisd"] = a => a.ucomisd(xmm0, xmm1),
        ["ldmxcsr"] = a => a.ldmxcsr(__dword_ptr[CpuMachine.Data]),
        ["stmxcsr"] = a => a.stmxcsr(__dword_ptr[CpuMachine.Data]),
        ["maskmovdqu"] = a => a.maskmovdqu(xmm0, xmm1),
        ["fxsave"] = a => a.fxsave(__[CpuMachine.Data]),
        ["fxrstor"] = a => a.fxrstor(__[CpuMachine.Data]),
    };

    [Theory]
    [MemberData(nameof(UsersOfRegisters))]
    public void What_uses_the_registers_is_trap_7_after_a_task_switch(string name)
    {
        machine.Assemble(users[name]);
        machine.Cpu.TaskSwitched = true;
        Assert.Equal(CpuExit.Trap(Vector.DeviceNotAvailable), machine.Run(1));
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
    }

    [Fact]
    public void Fences_prefetches_and_plain_registers_do_not_mind_a_task_switch()
    {
        machine.Cpu.TaskSwitched = true;
        machine.Assemble(a =>
        {
            a.lfence();
            a.mfence();
            a.sfence();
            a.prefetcht0(__byte_ptr[Missing]);
            a.prefetchnta(__byte_ptr[Missing]);
            a.clflush(__byte_ptr[CpuMachine.Data]);
            a.movnti(__dword_ptr[CpuMachine.Data], eax);
        });
        machine.Registers.Eax = 0x12345678;
        Assert.Equal(CpuExit.Budget, machine.Run(7));
        Assert.Equal(0x12345678u, machine.Read32(CpuMachine.Data));
    }

    [Fact]
    public void A_flush_of_a_missing_page_is_a_page_fault()
    {
        machine.Assemble(a => a.clflush(__byte_ptr[Missing]));
        Assert.Equal(Vector.PageFault, machine.Run(1).Vector);
    }

    [Theory]
    [InlineData(Missing + 4, Vector.GeneralProtection)]
    [InlineData(CpuMachine.Data + 1, Vector.GeneralProtection)]
    [InlineData(Missing, Vector.PageFault)]
    public void Alignment_counts_before_the_page(uint address, byte vector)
    {
        foreach (Action<Assembler> code in (Action<Assembler>[])[
            a => a.movaps(xmm0, __xmmword_ptr[address]), a => a.movapd(__xmmword_ptr[address], xmm0), a => a.addps(xmm0, __xmmword_ptr[address]),
            a => a.pxor(xmm0, __xmmword_ptr[address]), a => a.movntps(__xmmword_ptr[address], xmm0)])
        {
            machine.Assemble(code);
            CpuExit exit = machine.Run(1);
            Assert.Equal(vector, exit.Vector);
            Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
        }
    }

    [Fact]
    public void A_limit_counts_before_alignment()
    {
        machine.Descriptors[16] = CpuMachine.Segment(CpuMachine.Data, 0xFF, 0xF3, 0x4);
        machine.LoadDescriptors();
        machine.Registers.Ss = 16 * 8 + 3;
        machine.Assemble(a => a.movaps(xmm0, __xmmword_ptr[ebp + 0x1001]));
        machine.Registers.Ebp = 0;
        Assert.Equal(CpuExit.Trap(Vector.StackFault), machine.Run(1));
    }

    [Fact]
    public void Alignment_is_of_the_linear_address()
    {
        machine.Descriptors[16] = CpuMachine.Segment(CpuMachine.Data + 8, 0xFF, 0xF3, 0x4);
        machine.LoadDescriptors();
        machine.Registers.Fs = 16 * 8 + 3;
        machine.Write32(CpuMachine.Data + 16, 77);
        machine.Assemble(a =>
        {
            a.movaps(xmm0, __xmmword_ptr.fs[8]);
            a.movd(eax, xmm0);
            a.movaps(xmm0, __xmmword_ptr.fs[0]);
        });
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(77u, machine.Registers.Eax);
    }

    [Fact]
    public void Unaligned_moves_cross_pages()
    {
        machine.Page(Missing);
        machine.Assemble(a =>
        {
            a.movups(xmm0, __xmmword_ptr[CpuMachine.Data]);
            a.movdqu(__xmmword_ptr[Missing - 6], xmm0);
            a.movups(xmm1, __xmmword_ptr[Missing - 6]);
            a.movaps(__xmmword_ptr[CpuMachine.Data + 32], xmm1);
        });
        for (uint i = 0; i < 4; i++) machine.Write32(CpuMachine.Data + 4 * i, 0x11111111 * (i + 1));
        Assert.Equal(CpuExit.Budget, machine.Run(4));
        for (uint i = 0; i < 4; i++) Assert.Equal(0x11111111 * (i + 1), machine.Read32(CpuMachine.Data + 32 + 4 * i));
    }

    [Fact]
    public void A_store_that_reaches_a_missing_page_writes_nothing()
    {
        machine.Assemble(a => a.movups(__xmmword_ptr[Missing - 8], xmm0));
        machine.Write32(Missing - 8, 0x55555555);
        CpuExit exit = machine.Run(1);
        Assert.Equal((Vector.PageFault, Missing), (exit.Vector, exit.FaultAddress));
        Assert.Equal(0x55555555u, machine.Read32(Missing - 8));
    }

    [Fact]
    public void An_exception_that_is_not_masked_is_trap_19_and_stores_nothing()
    {
        machine.Write32(CpuMachine.Data, 0x1F80 & ~0x200u);        // division by zero
        machine.Write32(CpuMachine.Data + 16, 0x3F800000);
        machine.Assemble(a =>
        {
            a.ldmxcsr(__dword_ptr[CpuMachine.Data]);
            a.movss(xmm0, __dword_ptr[CpuMachine.Data + 16]);
            a.xorps(xmm1, xmm1);
            a.nop();
            a.divss(xmm0, xmm1);
        });
        Assert.Equal(CpuExit.Trap(Vector.SimdFloatingPoint), machine.Run());
        FloatingPointState state = machine.Cpu.FloatingPoint!.Value;
        Assert.Equal(0x3F800000u, BitConverter.ToUInt32(state.Xmm(0)));
        Assert.Equal(0x1D84u, state.Mxcsr);
        Assert.Equal(CpuMachine.Code + 7 + 8 + 3 + 1, machine.Registers.Eip);
    }

    [Fact]
    public void An_exception_of_the_x87_that_waits_stops_mmx_but_not_sse()
    {
        machine.Assemble(a =>
        {
            a.fldz();
            a.fld1();
            a.fdivrp(st1, st0);
            a.addps(xmm0, xmm1);
            a.paddb(mm0, mm1);
        });
        byte[] image = new byte[512];
        machine.Cpu.SaveFpu(image);
        image[0] &= 0xFB;       // division by zero is not masked
        machine.Cpu.LoadFpu(image);
        Assert.Equal(CpuExit.Trap(Vector.FloatingPoint), machine.Run());
        Assert.Equal(CpuMachine.Code + 2 + 2 + 2 + 3, machine.Registers.Eip);
    }

    [Fact]
    public void A_page_fault_of_mmx_leaves_the_stack_to_the_x87()
    {
        machine.Assemble(a =>
        {
            a.fld1();
            a.movq(mm0, __qword_ptr[Missing]);
        });
        Assert.Equal(Vector.PageFault, machine.Run().Vector);
        FloatingPointState state = machine.Cpu.FloatingPoint!.Value;
        Assert.Equal((7, 0x80), (state.Top, state.Used));
    }

    [Theory]
    [InlineData(0x10000u)]
    [InlineData(0x80001F80u)]
    public void Bits_that_mxcsr_has_not_are_a_general_protection_fault(uint value)
    {
        machine.Write32(CpuMachine.Data, value);
        machine.Assemble(a => a.ldmxcsr(__dword_ptr[CpuMachine.Data]));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));

        machine.Write32(Image + 24, value);
        machine.Assemble(a => a.fxrstor(__[Image]));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));
        Assert.Equal(0x1F80u, machine.Cpu.FloatingPoint!.Value.Mxcsr);
    }

    [Fact]
    public void An_image_carries_everything()
    {
        var random = new Random(1);
        byte[] before = new byte[512];
        machine.Cpu.SaveFpu(before);
        random.NextBytes(before.AsSpan(160, 128));
        for (int i = 0; i < 8; i++) random.NextBytes(before.AsSpan(32 + 16 * i, 10));
        before[24] = 0xA5;
        before[4] = 0x5A;
        machine.Memory.Write(machine.Physical(Image), before);
        machine.Assemble(a =>
        {
            a.fxrstor(__[Image]);
            a.fxsave(__[Image + 0x200]);
        });
        Assert.Equal(CpuExit.Budget, machine.Run(2));
        Assert.Equal(before[..288], machine.Memory.Read(machine.Physical(Image + 0x200), 288).ToArray());
        Assert.Equal(0xFFFFu, machine.Read32(Image + 0x200 + 28));
    }

    [Fact]
    public void An_image_from_before_there_was_sse_gives_the_first_mxcsr()
    {
        machine.Cpu.LoadFpu(new byte[512]);
        Assert.Equal(0x1F80u, machine.Cpu.FloatingPoint!.Value.Mxcsr);
    }

    [Fact]
    public void A_masked_store_needs_only_the_bytes_that_it_writes()
    {
        machine.Assemble(a => a.maskmovdqu(xmm0, xmm1));
        byte[] image = new byte[512];
        machine.Cpu.SaveFpu(image);
        image.AsSpan(160, 16).Fill(0xEE);
        image[176 + 2] = 0x80;
        machine.Cpu.LoadFpu(image);
        machine.Registers.Edi = Missing - 4;
        Assert.Equal(CpuExit.Budget, machine.Run(1));
        Assert.Equal(0x00EE0000u, machine.Read32(Missing - 4));
    }

    [Fact]
    public void A_store_over_the_next_instruction_is_seen()
    {
        machine.Assemble(a =>
        {
            a.movups(xmm0, __xmmword_ptr[CpuMachine.Data]);
            a.movups(__xmmword_ptr[CpuMachine.Code + 14], xmm0);
            a.mov(eax, 1);
        });
        machine.Memory.Write(machine.Physical(CpuMachine.Data), [0xB8, 2, 0, 0, 0, 0xCC]);
        Assert.Equal(CpuExit.Budget, machine.Run(3));
        Assert.Equal(2u, machine.Registers.Eax);
    }

    [Theory]
    [InlineData(new byte[] { 0x66, 0x0F, 0x38, 0x10, 0xC1 })]         // pblendvb, of SSE4.1
    [InlineData(new byte[] { 0x66, 0x0F, 0x3A, 0x15, 0xC8, 1 })]      // pextrw that can store, of SSE4.1
    [InlineData(new byte[] { 0xC5, 0xF8, 0x58, 0xC1 })]               // vaddps
    [InlineData(new byte[] { 0x0F, 0x0F, 0xC1, 0x9E })]               // pfadd, of 3DNow!
    [InlineData(new byte[] { 0xF0, 0x0F, 0x58, 0xC1 })]               // lock addps
    public void What_cpuid_does_not_show_is_undefined(byte[] code)
    {
        machine.Bytes(CpuMachine.Code, code);
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run(1));
    }

    [Fact]
    public void Portable_lanes_do_what_the_processors_do()
    {
        var random = new Random(2);
        for (int i = 0; i < 10_000; i++)
        {
            Vector128<byte> x = Next(random), y = Next(random);
            Vector128<short> xs = x.AsInt16(), ys = y.AsInt16();
            Vector128<ushort> xu = x.AsUInt16(), yu = y.AsUInt16();
            Assert.Equal(IntegerLanes.PackSigned(xs, ys), PortableLanes.PackSigned(xs, ys));
            Assert.Equal(IntegerLanes.PackUnsigned(xs, ys), PortableLanes.PackUnsigned(xs, ys));
            Assert.Equal(IntegerLanes.PackSigned(x.AsInt32(), y.AsInt32()), PortableLanes.PackSigned(x.AsInt32(), y.AsInt32()));
            Assert.Equal(IntegerLanes.InterleaveLow8(x, y), PortableLanes.Interleave(x, y, 0));
            Assert.Equal(IntegerLanes.InterleaveHigh16(x, y), PortableLanes.Interleave(xu, yu, 4));
            Assert.Equal(IntegerLanes.InterleaveHigh32(x, y), PortableLanes.Interleave(x.AsUInt32(), y.AsUInt32(), 2));
            Assert.Equal(IntegerLanes.MultiplyHigh(xs, ys), PortableLanes.MultiplyHigh(xs, ys));
            Assert.Equal(IntegerLanes.MultiplyHigh(xu, yu), PortableLanes.MultiplyHigh(xu, yu));
            Assert.Equal(IntegerLanes.MultiplyAdd(xs, ys), PortableLanes.MultiplyAdd(xs, ys));
            Assert.Equal(IntegerLanes.MultiplyEven(x.AsUInt32(), y.AsUInt32()), PortableLanes.MultiplyEven(x.AsUInt32(), y.AsUInt32()));
            Assert.Equal(IntegerLanes.Average(x, y), PortableLanes.Average(x, y));
            Assert.Equal(IntegerLanes.Average(xu, yu), PortableLanes.Average(xu, yu));
            Assert.Equal(IntegerLanes.SumOfDifferences(x, y), PortableLanes.SumOfDifferences(x, y));
            Assert.Equal(IntegerLanes.Choose(x, y), PortableLanes.Choose(x, y));
            Assert.Equal(IntegerLanes.MultiplyAddBytes(x, y.AsSByte()), PortableLanes.MultiplyAddBytes(x, y.AsSByte()));
            Assert.Equal(IntegerLanes.MultiplyHighRounded(xs, ys), PortableLanes.MultiplyHighRounded(xs, ys));
        }
    }

    private static Vector128<byte> Next(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        if (random.Next(4) == 0) bytes[..8].Fill((byte)(random.Next(2) * 0x7F + random.Next(2)));
        return Vector128.Create<byte>(bytes);
    }
}
