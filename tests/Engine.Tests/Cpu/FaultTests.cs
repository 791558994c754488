using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>A fault leaves everything as it was before the instruction, so that the guest can mend it and go on.</summary>
public class FaultTests
{
    private const uint BelowStack = CpuMachine.Stack - 4;

    public static TheoryData<string, uint> PushesOntoNothing => new()
    {
        { "50", BelowStack },                   // push eax
        { "6A01", BelowStack },                 // push 1
        { "54", BelowStack },                   // push esp
        { "FF3500000010", BelowStack },         // push dword [Data]
        { "9C", BelowStack },                   // pushf
        { "1E", BelowStack },                   // push ds
        { "E800000000", BelowStack },           // call
        { "FFD0", BelowStack },                 // call eax
        { "C8100000", BelowStack },             // enter 16, 0
    };

    [Theory]
    [MemberData(nameof(PushesOntoNothing))]
    public void A_push_onto_a_missing_page_leaves_esp(string code, uint address)
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        machine.Registers.Esp = CpuMachine.Stack;
        machine.Registers.Ebp = 0x1234;
        GuestRegisters before = machine.Registers;

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, address), machine.Run());
        Assert.Equal(before, machine.Registers);
    }

    [Fact]
    public void Pusha_across_a_missing_page_leaves_esp()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.pushad());
        machine.Registers.Esp = CpuMachine.Stack + 16;
        GuestRegisters before = machine.Registers;

        AssertFaultOn(6, BelowStack, machine.Run());
        Assert.Equal(before, machine.Registers);

        machine.Page(CpuMachine.Stack - GuestMemory.PageSize);
        machine.Run(1);
        Assert.Equal(CpuMachine.Stack - 16, machine.Registers.Esp);
    }

    public static TheoryData<string, uint, uint> PopsFromNothing => new()
    {
        { "61", CpuMachine.StackTop - 16, CpuMachine.StackTop },            // popa
        { "58", CpuMachine.StackTop, CpuMachine.StackTop },                 // pop eax
        { "9D", CpuMachine.StackTop, CpuMachine.StackTop },                 // popf
        { "07", CpuMachine.StackTop, CpuMachine.StackTop },                 // pop es
        { "C3", CpuMachine.StackTop, CpuMachine.StackTop },                 // ret
        { "C20400", CpuMachine.StackTop, CpuMachine.StackTop },             // ret 4
        { "CB", CpuMachine.StackTop - 4, CpuMachine.StackTop },             // lret
        { "CF", CpuMachine.StackTop - 8, CpuMachine.StackTop },             // iret
        { "58", CpuMachine.StackTop - 2, CpuMachine.StackTop },             // pop eax, half of it there
        { "07", CpuMachine.StackTop - 2, CpuMachine.StackTop },             // pop es, likewise
    };

    [Theory]
    [MemberData(nameof(PopsFromNothing))]
    public void A_pop_from_a_missing_page_changes_nothing(string code, uint esp, uint address)
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        machine.Registers.Esp = esp;
        machine.Write32(CpuMachine.StackTop - 4, CpuMachine.UserCode);
        GuestRegisters before = machine.Registers;

        AssertFaultOn(4, address, machine.Run());
        Assert.Equal(before, machine.Registers);
    }

    [Fact]
    public void Pop_into_a_missing_page_leaves_esp()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.pop(__dword_ptr[0x5000]));
        machine.Registers.Esp -= 4;
        GuestRegisters before = machine.Registers;

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, 0x5000), machine.Run());
        Assert.Equal(before, machine.Registers);
    }

    [Theory]
    [InlineData("F00FC101")]        // lock xadd [ecx], eax
    [InlineData("0FC101")]          // xadd [ecx], eax
    [InlineData("8701")]            // xchg [ecx], eax
    [InlineData("0FB119")]          // cmpxchg [ecx], ebx
    [InlineData("0FC709")]          // cmpxchg8b [ecx]
    [InlineData("FF01")]            // inc dword [ecx]
    [InlineData("1101")]            // adc [ecx], eax
    [InlineData("D111")]            // rcl dword [ecx], 1
    [InlineData("0FAB01")]          // bts [ecx], eax
    [InlineData("0FA40103")]        // shld [ecx], eax, 3
    [InlineData("0F9201")]          // setc [ecx]
    public void A_read_and_write_of_a_read_only_page_faults_as_a_write_and_leaves_registers_and_flags(string code)
    {
        using var machine = new CpuMachine();
        machine.Page(0x5000, PageFlags.Present | PageFlags.User);
        machine.Bytes(CpuMachine.Code, Convert.FromHexString(code));
        (machine.Registers.Ecx, machine.Registers.Eax, machine.Registers.Ebx) = (0x5008, 3, 7);
        machine.Registers.Eflags = 0x203;
        GuestRegisters before = machine.Registers;

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 7, 0x5008), machine.Run());
        Assert.Equal(before, machine.Registers);
        Assert.Equal(0u, machine.Read32(0x5008));
    }

    [Fact]
    public void Repeated_moves_stop_at_the_missing_page_and_go_on_when_it_is_there()
    {
        using var machine = new CpuMachine();
        uint last = CpuMachine.Data + GuestMemory.PageSize;
        for (uint i = 0; i < 32; i += 4) machine.Write32(CpuMachine.Data + i, i + 1);
        machine.Assemble(a => { a.rep.movsd(); a.hlt(); });
        (machine.Registers.Esi, machine.Registers.Edi, machine.Registers.Ecx) = (CpuMachine.Data, last - 12, 8);

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, last), machine.Run());
        Assert.Equal((5u, CpuMachine.Data + 12, last), (machine.Registers.Ecx, machine.Registers.Esi, machine.Registers.Edi));
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);

        machine.Page(last);
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(0u, machine.Registers.Ecx);
        Assert.Equal(29u, machine.Read32(last + 16));
    }

    [Fact]
    public void Repeated_moves_downwards_stop_at_the_missing_page_too()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.rep.movsb());
        machine.Registers.Eflags |= 0x400;
        (machine.Registers.Esi, machine.Registers.Edi, machine.Registers.Ecx) = (CpuMachine.Data + 0x100, CpuMachine.Data + 2, 8);

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, CpuMachine.Data - 1), machine.Run());
        Assert.Equal((5u, CpuMachine.Data + 0xFD, CpuMachine.Data - 1), (machine.Registers.Ecx, machine.Registers.Esi, machine.Registers.Edi));
    }

    [Fact]
    public void A_repeated_instruction_with_a_zero_count_touches_nothing()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.rep.movsb(); a.rep.stosd(); a.repe.cmpsb(); a.repne.scasb(); a.hlt(); });
        machine.Registers.Eflags |= 0x41;
        GuestRegisters before = machine.Registers;

        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        before.Eip += 8;
        Assert.Equal(before, machine.Registers);
    }

    [Fact]
    public void Division_faults_leave_the_dividend()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => a.idiv(ecx));
        (machine.Registers.Eax, machine.Registers.Edx, machine.Registers.Ecx) = (0x80000000, 0xFFFFFFFF, 0xFFFFFFFF);
        Assert.Equal(CpuExit.Trap(Vector.DivideError), machine.Run());
        Assert.Equal((0x80000000, 0xFFFFFFFF, CpuMachine.Code), (machine.Registers.Eax, machine.Registers.Edx, machine.Registers.Eip));
    }

    [Fact]
    public void Flags_from_before_the_fault_are_all_there()
    {
        // The compare's flags are dead unless the store faults.
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.cmp(eax, 1); a.mov(__dword_ptr[0x5000], eax); a.add(eax, 5); });
        machine.Registers.Eflags |= 0x800;

        Assert.Equal(Vector.PageFault, machine.Run().Vector);
        Assert.Equal(0x95u, machine.Registers.Eflags & 0x8D5);       // 0 - 1: CF PF AF SF
    }

    /// <summary>Of several accesses to a missing page any may be the one that is reported.</summary>
    private static void AssertFaultOn(uint error, uint address, CpuExit exit)
    {
        Assert.Equal(CpuExit.Trap(Vector.PageFault, error, exit.FaultAddress), exit);
        Assert.Equal(address & PageFlags.Frame, exit.FaultAddress & PageFlags.Frame);
    }
}
