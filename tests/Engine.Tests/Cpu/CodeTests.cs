using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Where instructions come from: pages and their ends, and code that changes under the processor's feet.</summary>
public class CodeTests
{
    private const uint NextPage = CpuMachine.Code + 0x1000;

    [Fact]
    public void An_instruction_may_lie_on_two_pages()
    {
        using var machine = new CpuMachine();
        machine.Frame();                              // so that the two frames are not neighbours
        machine.Page(NextPage);
        machine.Bytes(NextPage - 3, 0x05, 0x44, 0x33, 0x22, 0x11, 0xF4);     // add eax, 11223344h; hlt
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(0x11223344u, machine.Registers.Eax);
        Assert.Equal(NextPage + 2, machine.Registers.Eip);
    }

    [Fact]
    public void An_instruction_whose_second_page_is_absent_faults_there_and_does_nothing()
    {
        using var machine = new CpuMachine();
        machine.Bytes(NextPage - 4, 0x40, 0x05, 0x44, 0x33);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, NextPage), machine.Run());
        Assert.Equal((1u, NextPage - 3), (machine.Registers.Eax, machine.Registers.Eip));

        machine.Page(NextPage);
        machine.Memory.Write(machine.Physical(NextPage), [0x22, 0x11, 0xF4]);
        machine.Run();
        Assert.Equal(0x11223345u, machine.Registers.Eax);
    }

    [Fact]
    public void Running_off_a_page_goes_on_with_the_next_one()
    {
        using var machine = new CpuMachine();
        machine.Frame();
        machine.Page(NextPage);
        machine.Bytes(NextPage, 0x43, 0xF4);
        machine.Bytes(NextPage - 2, 0x40, 0x40);
        machine.Run();
        Assert.Equal((2u, 1u), (machine.Registers.Eax, machine.Registers.Ebx));
    }

    [Fact]
    public void Running_off_into_an_absent_page_faults_behind_the_last_instruction()
    {
        using var machine = new CpuMachine();
        machine.Bytes(NextPage - 2, 0x40, 0x40);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, NextPage), machine.Run());
        Assert.Equal((2u, NextPage), (machine.Registers.Eax, machine.Registers.Eip));
        Assert.Equal(2, machine.Cpu.InstructionCount);
    }

    [Fact]
    public void An_instruction_on_two_pages_follows_the_second_page_when_it_is_replaced()
    {
        using var machine = new CpuMachine();
        uint first = machine.Page(NextPage);
        machine.Memory.Write(first, [0, 0, 0xF4]);
        machine.Bytes(NextPage - 3, 0xB8, 0x01, 0x00);      // mov eax, 1
        machine.Run();
        Assert.Equal(1u, machine.Registers.Eax);

        uint second = machine.Page(NextPage);
        machine.Memory.Write(second, [0, 2, 0xF4]);
        machine.Cpu.FlushPage(null, NextPage);
        machine.Registers.Eip = NextPage - 3;
        machine.Run();
        Assert.Equal(0x02000001u, machine.Registers.Eax);
    }

    [Fact]
    public void An_instruction_on_two_pages_follows_writes_to_the_second_page()
    {
        using var machine = new CpuMachine();
        machine.Page(NextPage);
        machine.Memory.Write(machine.Physical(NextPage), [0, 0, 0xF4]);
        machine.Bytes(NextPage - 3, 0xB8, 0x01, 0x00);
        machine.Run();
        machine.Memory.Write8(machine.Physical(NextPage), 7);
        machine.Registers.Eip = NextPage - 3;
        machine.Run();
        Assert.Equal(0x00070001u, machine.Registers.Eax);
    }

    [Fact]
    public void A_branch_into_the_middle_of_an_instruction_runs_what_is_there()
    {
        using var machine = new CpuMachine();
        machine.Bytes(CpuMachine.Code, 0xB8, 0x43, 0xF4, 0x00, 0x00, 0x49, 0x74, 0xF9, 0xF4);   // mov eax, ..; dec ecx; je into the mov: inc ebx; hlt
        machine.Registers.Ecx = 1;
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal((1u, CpuMachine.Code + 2), (machine.Registers.Ebx, machine.Registers.Eip));
    }

    [Fact]
    public void An_instruction_of_more_than_15_bytes_is_a_protection_fault()
    {
        using var machine = new CpuMachine();
        byte[] code = [.. Enumerable.Repeat((byte)0x66, 15), 0x90];
        machine.Bytes(CpuMachine.Code, code);
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        machine.Bytes(CpuMachine.Code, code.AsSpan(1));
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
    }

    [Fact]
    public void Code_that_changes_the_next_instruction_of_its_own_block_runs_the_new_one()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            a.mov(__byte_ptr[CpuMachine.Code + 7], 0x48);          // inc eax becomes dec eax
            a.inc(eax);
            a.hlt();
        });
        machine.Registers.Eax = 10;
        machine.Run();
        Assert.Equal(9u, machine.Registers.Eax);
    }

    [Fact]
    public void Code_that_changes_a_block_that_has_run_runs_the_new_one()
    {
        const uint routine = CpuMachine.Code + 0x80;
        using var machine = new CpuMachine();
        machine.Bytes(routine, 0x40, 0xC3);         // inc eax; ret
        machine.Assemble(a =>
        {
            a.call(routine);
            a.mov(__byte_ptr[routine], 0x48);
            a.call(routine);
            a.call(routine);
            a.hlt();
        });
        machine.Registers.Eax = 10;
        machine.Run();
        Assert.Equal(9u, machine.Registers.Eax);
    }

    [Fact]
    public void A_loop_that_changes_itself_each_round_does_each_time_what_stands_there()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.db(0xB8, 1, 0, 0, 0);                     // mov eax, 1
            a.add(ebx, eax);
            a.inc(__byte_ptr[CpuMachine.Code + 1]);
            a.loop(top);
            a.hlt();
        });
        machine.Registers.Ecx = 10;
        machine.Run();
        Assert.Equal(55u, machine.Registers.Ebx);
    }

    [Fact]
    public void Code_that_changes_itself_is_counted_exactly()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            a.nop();
            a.mov(__byte_ptr[CpuMachine.Code + 0x20], al);
            a.nop();
            a.nop();
            a.hlt();
        });
        machine.Run();
        Assert.Equal(4, machine.Cpu.InstructionCount);
    }

    [Fact]
    public void Data_on_the_same_page_as_code_can_be_written_while_it_runs()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.add(__dword_ptr[CpuMachine.Code + 0x800], ecx);
            a.loop(top);
            a.hlt();
        });
        machine.Registers.Ecx = 1000;
        machine.Run();
        Assert.Equal(500_500u, machine.Read32(CpuMachine.Code + 0x800));
    }

    [Fact]
    public void A_write_through_another_mapping_reaches_the_code()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.inc(eax); a.ret(); });
        machine.Map(0x20000000, machine.Physical(CpuMachine.Code));
        machine.Assemble(CpuMachine.Code + 0x100, a =>
        {
            a.call(ebx);
            a.mov(__byte_ptr[0x20000000], 0x48);
            a.call(ebx);
            a.call(ebx);
            a.hlt();
        });
        (machine.Registers.Ebx, machine.Registers.Eax) = (CpuMachine.Code, 10);
        machine.Run();
        Assert.Equal(9u, machine.Registers.Eax);
    }

    [Fact]
    public void A_repeated_store_over_code_reaches_it()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            a.call(ebx);
            a.rep.stosb();
            a.call(ebx);
            a.hlt();
        });
        machine.Bytes(CpuMachine.Code + 0x100, 0x42, 0x42, 0x42, 0xC3);     // inc edx, three times; ret
        machine.Registers.Eip = CpuMachine.Code;
        (machine.Registers.Ebx, machine.Registers.Edi, machine.Registers.Ecx, machine.Registers.Eax) = (CpuMachine.Code + 0x100, CpuMachine.Code + 0x101, 2, 0x90);
        machine.Run();
        Assert.Equal(4u, machine.Registers.Edx);
    }

    public static TheoryData<string> FlagSetters => new()
    {
        "01D8", "83C07F", "0500000080",     // add eax, ebx; 0x7F; 0x80000000
        "29D8", "83E801", "2D00000080",     // sub
        "21D8", "83E0FE", "2500000080",     // and
        "09D8", "83C800", "0D00000080",     // or
        "40", "48",                         // inc, dec
        "39D8", "85C0",                     // cmp, test
    };

    [Theory] // run one by one they are translated one by one
    [MemberData(nameof(FlagSetters))]
    public void A_branch_fused_with_what_sets_its_flags_does_the_same_as_both_alone(string setter)
    {
        uint[] values = [0, 1, 2, 0x7F, 0x80, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFF80, 0xFFFFFFFE, 0xFFFFFFFF];
        using var fused = new CpuMachine();
        using var alone = new CpuMachine();
        for (byte condition = 0; condition < 16; condition++)
        {
            byte[] code = [.. Convert.FromHexString(setter), (byte)(0x70 | condition), 5];
            fused.Bytes(CpuMachine.Code, code);
            alone.Bytes(CpuMachine.Code, code);
            foreach (uint x in values)
            {
                foreach (uint y in values)
                {
                    foreach (CpuMachine machine in (CpuMachine[])[fused, alone])
                    {
                        machine.Registers.Eip = CpuMachine.Code;
                        (machine.Registers.Eax, machine.Registers.Ebx) = (x, y);
                        machine.Registers.Eflags = (x ^ y) % 2 == 0 ? 0x202u : 0x203u;     // inc and dec leave the carry as it was
                    }
                    fused.Run(2);
                    alone.Run(1);
                    alone.Run(1);
                    Assert.Equal(alone.Registers, fused.Registers);
                }
            }
        }
    }

    [Fact]
    public void A_push_onto_code_reaches_it()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.push(0x48484848); a.nop(); a.nop(); a.nop(); a.nop(); a.hlt(); });
        machine.Registers.Esp = CpuMachine.Code + 9;
        machine.Run();
        Assert.Equal(unchecked((uint)-4), machine.Registers.Eax);
    }

    [Fact]
    public void A_write_by_the_host_reaches_the_code()
    {
        using var machine = new CpuMachine();
        machine.Assemble(a => { a.inc(eax); a.hlt(); });
        machine.Run();
        for (uint i = 1; i <= 3; i++)
        {
            machine.Memory.Write8(machine.Physical(CpuMachine.Code), (byte)(i % 2 == 0 ? 0x40 : 0x48));
            machine.Registers.Eip = CpuMachine.Code;
            machine.Run();
            Assert.Equal(i % 2 == 0 ? 1u : 0u, machine.Registers.Eax);
        }
    }

    [Fact]
    public void Code_that_lies_in_its_own_page_table_survives_its_accessed_and_dirty_bits()
    {
        using var machine = new CpuMachine();
        const uint first = 0x20000000, self = first + 0x1000, touched = first + 0x2000;
        machine.Page(first);
        machine.Map(self, machine.DirectoryEntry(first) & PageFlags.Frame);
        machine.Page(touched);
        machine.Assemble(self + 0x400, a => { a.mov(eax, __[touched]); a.inc(ebx); a.mov(__[touched], eax); a.inc(ebx); a.hlt(); });
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(2u, machine.Registers.Ebx);
        Assert.Equal(4, machine.Cpu.InstructionCount);
        Assert.Equal(PageFlags.Accessed | PageFlags.Dirty, machine.TableEntry(touched) & (PageFlags.Accessed | PageFlags.Dirty));
    }

    [Fact]
    public void More_code_than_any_cache_holds_still_runs()
    {
        using var machine = new CpuMachine();
        const uint start = 0x20000000;
        const int pages = 128;
        for (uint i = 0; i < pages; i++)
        {
            uint frame = machine.Page(start + i * 0x1000);
            Span<byte> page = machine.Memory.Write(frame, 0x1000);
            for (int at = 0; at < 0xFF8; at += 3) new byte[] { 0x40, 0xEB, 0x00 }.CopyTo(page[at..]);      // inc eax; jmp to the next
            page[0xFF9..].Fill(0x90);
        }

        machine.Registers.Eip = start;
        CpuExit exit = machine.Run(10_000_000);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, start + pages * 0x1000), exit);
        Assert.Equal(1363u * pages, machine.Registers.Eax);
    }
}
