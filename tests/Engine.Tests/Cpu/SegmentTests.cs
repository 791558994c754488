using Iced.Intel;
using LguestPS.Cpu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Segment limits, kinds and loads (Intel SDM volume 3, 5.2 to 5.7).</summary>
public class SegmentTests
{
    private const int Slot = 7;
    private const ushort Selector = Slot << 3 | 3;
    private const byte Data3 = 0xF3, ReadOnly3 = 0xF1, ExpandDown3 = 0xF7, Code3 = 0xFB, ExecuteOnly3 = 0xF9, Data1 = 0xB3, Absent3 = 0x73;

    [Theory]
    [InlineData(0x7Fu, 0x4, Data3, 0x7Cu, true)]
    [InlineData(0x7Fu, 0x4, Data3, 0x7Du, false)]
    [InlineData(0x7Fu, 0x4, Data3, 0xFFFFFFFDu, false)]
    [InlineData(0u, 0xC, Data3, 0xFFCu, true)]
    [InlineData(0u, 0xC, Data3, 0xFFDu, false)]
    [InlineData(0x7Fu, 0x4, ExpandDown3, 0x7Cu, false)]
    [InlineData(0x7Fu, 0x4, ExpandDown3, 0x7Fu, false)]
    [InlineData(0x7Fu, 0x4, ExpandDown3, 0x80u, true)]
    [InlineData(0x7Fu, 0x0, ExpandDown3, 0xFFFCu, true)]
    [InlineData(0x7Fu, 0x0, ExpandDown3, 0xFFFDu, false)]
    [InlineData(0xFFFFFu, 0xC, ExpandDown3, 0x80u, false)]
    public void An_access_beyond_the_limit_is_a_protection_fault(uint limit, byte flags, byte access, uint offset, bool allowed)
    {
        foreach (bool write in new[] { false, true })
        {
            using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Data, limit, access, flags));
            for (uint page = 0x1000; page < 0x11000; page += 0x1000) machine.Page(CpuMachine.Data + page);
            machine.Assemble(a => { if (write) a.mov(__.fs[ecx], eax); else a.mov(eax, __.fs[ecx]); });
            machine.Registers.Ecx = offset;
            Assert.Equal(allowed ? CpuExit.Budget : CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));
        }
    }

    [Fact]
    public void The_base_is_added()
    {
        using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Data + 0x100, 0xFFFFF, Data3, 0xC));
        machine.Write32(CpuMachine.Data + 0x104, 0x1234);
        machine.Write32(CpuMachine.Data + 0xFC, 0x5678);
        machine.Assemble(a => { a.mov(eax, __.fs[4]); a.mov(ebx, __.fs[ecx]); });
        machine.Registers.Ecx = unchecked((uint)-4);        // thread-local variables lie below the base
        machine.Run(2);
        Assert.Equal((0x1234u, 0x5678u), (machine.Registers.Eax, machine.Registers.Ebx));
    }

    [Fact]
    public void A_new_table_takes_effect_at_the_next_run()
    {
        using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Data, 0xFFFFF, Data3, 0xC));
        machine.Write32(CpuMachine.Data, 1);
        machine.Write32(CpuMachine.Data + 8, 2);
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.mov(eax, __.fs[0]);
            a.jmp(top);
        });
        machine.Run(2);
        machine.Descriptors[Slot] = CpuMachine.Segment(CpuMachine.Data + 8, 0xFFFFF, Data3, 0xC);
        machine.LoadDescriptors();
        machine.Run(2);
        Assert.Equal(2u, machine.Registers.Eax);
    }

    [Fact]
    public void A_selector_the_host_writes_takes_effect_at_the_next_run()
    {
        using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Data + 8, 0xFFFFF, Data3, 0xC));
        machine.Write32(CpuMachine.Data + 8, 2);
        machine.Registers.Fs = 0;
        machine.Assemble(a => a.mov(eax, __.fs[0]));
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));
        machine.Registers.Fs = Selector;
        machine.Run(1);
        Assert.Equal(2u, machine.Registers.Eax);
    }

    [Fact]
    public void A_stack_access_beyond_the_limit_is_a_stack_fault()
    {
        using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Stack, 0x7FF, Data3, 0x4));
        machine.Assemble(a => { a.push(eax); a.mov(eax, __[ebp]); a.push(eax); });
        machine.Registers.Ss = Selector;
        (machine.Registers.Esp, machine.Registers.Ebp) = (0x800, 0x800);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal(CpuExit.Trap(Vector.StackFault), machine.Run(1));
        (machine.Registers.Ebp, machine.Registers.Esp) = (0x7FC, 0x808);
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal(CpuExit.Trap(Vector.StackFault), machine.Run(1));
        Assert.Equal(0x808u, machine.Registers.Esp);
    }

    [Theory]
    [InlineData(ReadOnly3)]
    [InlineData(Code3)]
    public void A_write_to_a_segment_for_reading_is_a_protection_fault(byte access)
    {
        using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Data, 0xFFFFF, access, 0xC));
        machine.Assemble(a => { a.mov(eax, __.fs[0]); a.mov(__.fs[0], eax); });
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));
    }

    [Fact]
    public void A_write_through_cs_is_a_protection_fault()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.mov(eax, __.cs[CpuMachine.Data]); a.mov(__.cs[CpuMachine.Data], eax); });
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(1));
    }

    [Fact]
    public void A_pushed_selector_fills_its_slot()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.push(ds));
        machine.Write32(machine.Registers.Esp - 4, 0xAABBCCDD);
        machine.Run(1);
        Assert.Equal(CpuMachine.UserData, machine.Read32(machine.Registers.Esp));
    }

    [Fact]
    public void A_null_selector_can_be_loaded_but_not_used()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.mov(ds, eax); a.mov(__[ebx], eax); });
        (machine.Registers.Eax, machine.Registers.Ebx) = (3, CpuMachine.Data);
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run(2));
        Assert.Equal((CpuMachine.Code + 2, (ushort)3), (machine.Registers.Eip, machine.Registers.Ds));
    }

    [Theory]
    [InlineData(Data3, Selector, -1, 0u)]
    [InlineData(Data3, Selector & ~3, -1, 0u)]                            // a lower RPL is no harm
    [InlineData(Code3, Selector, -1, 0u)]
    [InlineData(ExecuteOnly3, Selector, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(Data1, Selector, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(Data1, Selector & ~3, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(Absent3, Selector, Vector.SegmentNotPresent, Selector & ~3u)]
    [InlineData((byte)0, Selector, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData((byte)0xE2, Selector, Vector.GeneralProtection, Selector & ~3u)]    // an LDT
    [InlineData(Data3, 0x103, Vector.GeneralProtection, 0x100u)]          // after the table
    [InlineData(Data3, Selector | 4, Vector.GeneralProtection, (Selector & ~3u) | 4)]   // there is no LDT
    public void Loading_a_data_segment_checks_its_descriptor(byte access, int selector, int trap, uint error)
    {
        using CpuMachine machine = With(CpuMachine.Segment(0, 0xFFFFF, access, 0xC), use: false);
        machine.Assemble(a => a.mov(es, eax));
        machine.Registers.Eax = (uint)selector;
        CpuExit exit = machine.Run(1);
        Assert.Equal(trap < 0 ? CpuExit.Budget : CpuExit.Trap((byte)trap, error), exit);
        Assert.Equal(trap < 0 ? selector : CpuMachine.UserData, machine.Registers.Es);
    }

    [Theory]
    [InlineData(Data3, Selector, -1, 0u)]
    [InlineData(Data3, 0, Vector.GeneralProtection, 0u)]
    [InlineData(Data3, 3, Vector.GeneralProtection, 0u)]
    [InlineData(Data3, Selector & ~3, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(Data1, Selector, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(ReadOnly3, Selector, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(Code3, Selector, Vector.GeneralProtection, Selector & ~3u)]
    [InlineData(Absent3, Selector, Vector.StackFault, Selector & ~3u)]
    public void Loading_ss_is_stricter(byte access, int selector, int trap, uint error)
    {
        using CpuMachine machine = With(CpuMachine.Segment(0, 0xFFFFF, access, 0xC), use: false);
        machine.Assemble(a => a.mov(ss, eax));
        machine.Registers.Eax = (uint)selector;
        Assert.Equal(trap < 0 ? CpuExit.Budget : CpuExit.Trap((byte)trap, error), machine.Run(1));
    }

    [Fact]
    public void Nothing_moves_into_cs()
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, 0x8E, 0xC8);
        Assert.Equal(CpuExit.Trap(Vector.InvalidOpcode), machine.Run(1));
    }

    [Fact]
    public void Code_beyond_its_segments_limit_is_a_protection_fault()
    {
        using CpuMachine machine = With(CpuMachine.Segment(CpuMachine.Code, 3, Code3, 0x4), use: false);
        machine.Assemble(a => { a.nop(); a.nop(); a.nop(); a.nop(); a.nop(); });
        machine.Registers.Cs = Selector;
        machine.Registers.Eip = 0;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(4u, machine.Registers.Eip);
    }

    [Fact]
    public void A_failed_load_of_a_far_pointer_leaves_both_registers()
    {
        using CpuMachine machine = With(CpuMachine.Segment(0, 0xFFFFF, Data1, 0xC), use: false);
        machine.Write32(CpuMachine.Data, 0x12345678);
        machine.Write32(CpuMachine.Data + 4, Selector);
        machine.Assemble(a => a.les(ebx, __fword_ptr[ecx]));
        machine.Registers.Ecx = CpuMachine.Data;
        GuestRegisters before = machine.Registers;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection, Selector & ~3u), machine.Run(1));
        Assert.Equal(before, machine.Registers);
    }

    [Theory]
    [InlineData(Data3, true, true, true)]
    [InlineData(ReadOnly3, true, true, false)]
    [InlineData(Code3, true, true, false)]
    [InlineData(ExecuteOnly3, true, false, false)]
    [InlineData(Data1, false, false, false)]
    [InlineData(Absent3, true, true, true)]          // not being present forbids none of these
    [InlineData((byte)0xE4, false, false, false)]    // a call gate has no limit; asked below
    public void Lar_lsl_verr_and_verw_ask_without_trapping(byte access, bool visible, bool readable, bool writable)
    {
        using CpuMachine machine = With(CpuMachine.Segment(0, 0xABCDE, access, 0xC), use: false);
        machine.Assemble(a =>
        {
            a.lsl(ebx, ecx);
            a.setz(dl);
            a.verr(cx);
            a.setz(dh);
            a.verw(cx);
            a.setz(al);
            a.hlt();
        });
        (machine.Registers.Ecx, machine.Registers.Ebx) = (Selector, 0x55);
        machine.Run();
        Assert.Equal(visible ? 0xABCDEFFFu : 0x55u, machine.Registers.Ebx);
        Assert.Equal((visible ? 1u : 0) | (readable ? 0x100u : 0), machine.Registers.Edx);
        Assert.Equal(writable ? 1u : 0, machine.Registers.Eax);
    }

    [Fact]
    public void Lar_gives_the_descriptors_second_half_masked()
    {
        using CpuMachine machine = With(CpuMachine.Segment(0x12345678, 0xABCDE, Data3, 0xC), use: false);
        machine.Assemble(a => { a.lar(ebx, ecx); a.hlt(); });
        machine.Registers.Ecx = Selector;
        machine.Run();
        Assert.Equal(0x00C0F300u, machine.Registers.Ebx & 0x00F0FF00);
        Assert.Equal(0u, machine.Registers.Ebx & 0xFF0000FF);
        Assert.Equal(0x40u, machine.Registers.Eflags & 0x40);
    }

    private static CpuMachine With(ulong descriptor, bool use = true)
    {
        var machine = new CpuMachine();
        machine.Descriptors[Slot] = descriptor;
        machine.LoadDescriptors();
        if (use) machine.Registers.Fs = Selector;
        return machine;
    }
}
