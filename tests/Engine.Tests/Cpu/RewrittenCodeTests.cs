using LguestPS.Cpu;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Code that changes what comes next, and page tables that change unannounced: however it is run, the same happens.</summary>
public class RewrittenCodeTests
{
    private const uint NextPage = CpuMachine.Code + 0x1000;
    private const uint Sign = 0x80, Zero = 0x40, Adjust = 0x10, Parity = 4, Carry = 1;

    /// <summary>The frame of the page table for <see cref="CpuMachine.Data"/>, mapped for the code to write.</summary>
    private const uint TableWindow = 0x20000000;

    [Theory]
    [InlineData("8005", "9B", Sign | Parity)]               // add
    [InlineData("8035", "9D", Sign | Parity)]               // xor
    [InlineData("802D", "65", Sign | Adjust | Parity | Carry)]       // sub
    [InlineData("8015", "9A", Sign | Parity)]               // adc, with the carry that stc sets
    public void A_store_that_takes_its_successor_away_leaves_its_own_flags(string store, string operand, uint flags)
    {
        // stc; <store> [next], <operand>; next: add eax, edi becomes pushf; clc.
        uint next = CpuMachine.Code + 8;
        byte[] code = [0xF9, .. Convert.FromHexString(store), .. BitConverter.GetBytes(next), .. Convert.FromHexString(operand), 0x01, 0xF8, 0x5B, 0xF4];
        foreach (long step in (long[])[1, 100])
        {
            using var machine = new CpuMachine();
            machine.Bytes(CpuMachine.Code, code);
            while (machine.Run(step).Kind == CpuExitKind.Budget) ;
            Assert.Equal(flags, machine.Registers.Ebx & (Sign | Zero | Adjust | Parity | Carry));
        }
    }

    [Theory]
    [InlineData(NextPage - 2, 0x7Fu)]           // the part in the first page
    [InlineData(NextPage, 0x7F0000u)]           // the part in the second
    public void An_instruction_on_two_pages_of_one_frame_is_seen_when_either_part_is_rewritten(uint place, uint expected)
    {
        // The host's own writes would drop all of the page's code, so everything is in place before anything runs.
        const uint rewriter = CpuMachine.Code + 0x100;
        using var machine = new CpuMachine();
        machine.Map(NextPage, machine.Physical(CpuMachine.Code));
        machine.Bytes(CpuMachine.Code, 0, 0, 0xF4);                           // the rest of the immediate; hlt
        machine.Assemble(rewriter, a => { a.mov(__byte_ptr[place], 0x7F); a.jmp(NextPage - 3); });
        machine.Bytes(NextPage - 3, 0xB8, 0, 0);                              // mov eax, 0
        machine.Run();
        Assert.Equal(0u, machine.Registers.Eax);

        machine.Registers.Eip = rewriter;
        machine.Run();
        Assert.Equal((expected, NextPage + 2), (machine.Registers.Eax, machine.Registers.Eip));
    }

    [Theory]
    [InlineData(false)]     // by the host
    [InlineData(true)]      // by the guest, through another mapping
    public void Code_at_which_slices_began_is_seen_when_it_is_rewritten(bool byGuest)
    {
        const uint rewriter = CpuMachine.Code + 0x100;
        using var machine = new CpuMachine();
        machine.Map(NextPage, machine.Physical(CpuMachine.Code));
        machine.Bytes(CpuMachine.Code, 0xB8, 1, 0, 0, 0, 0xF4);                 // mov eax, 1; hlt
        machine.Assemble(rewriter, a => { a.mov(__byte_ptr[NextPage + 1], 2); a.hlt(); });
        for (int i = 0; i < 3; i++)
        {
            machine.Registers.Eip = CpuMachine.Code;
            machine.Run();
            Assert.Equal(1u, machine.Registers.Eax);
        }

        if (byGuest)
        {
            machine.Registers.Eip = rewriter;
            machine.Run();
        }
        else
        {
            machine.Bytes(CpuMachine.Code + 1, 2);
        }
        machine.Registers.Eip = CpuMachine.Code;
        Assert.NotEqual(CpuExitKind.Budget, machine.Run().Kind);
        Assert.Equal(2u, machine.Registers.Eax);
    }

    [Fact]
    public void A_page_changed_unannounced_is_seen_as_late_in_steps_as_in_one_go()
    {
        // Data and code share an entry of the TLB, if fetching uses one.
        uint alias = CpuMachine.Data & ~0x3FF000u | CpuMachine.Code & 0x3FF000;
        (GuestRegisters whole, GuestRegisters steps) = RunBothWays(machine =>
        {
            uint first = machine.Page(alias), second = machine.Frame();
            machine.Memory.Write32(first, 1);
            machine.Memory.Write32(second, 2);
            machine.Map(TableWindow, machine.TableEntryAddress(alias) & PageFlags.Frame);
            machine.Assemble(a =>
            {
                a.mov(eax, __dword_ptr[alias]);
                a.mov(__dword_ptr[TableWindow + (machine.TableEntryAddress(alias) & 0xFFF)], second | CpuMachine.PageRights);
                a.nop();
                a.mov(ebx, __dword_ptr[alias]);
                a.hlt();
            });
        }, CpuMachine.Code);
        Assert.Equal(whole, steps);
    }

    [Fact]
    public void A_page_made_read_only_unannounced_stays_writable_as_long_in_steps_as_in_one_go()
    {
        // What comes after the load, which faults, belongs to its block and holds the page's writes up, but only if they are translated together.
        const uint function = 0x0A000000;
        (GuestRegisters whole, GuestRegisters steps) = RunBothWays(machine =>
        {
            machine.Page(function);
            machine.Map(TableWindow, machine.TableEntryAddress(function) & PageFlags.Frame);
            machine.Assemble(function, a => { a.mov(eax, __dword_ptr[0]); for (int i = 0; i < 50; i++) a.inc(ecx); });
            machine.Assemble(a =>
            {
                a.mov(__byte_ptr[function + 0x20], 0x90);
                a.mov(__byte_ptr[function + 0x20], 0x90);
                a.mov(__byte_ptr[TableWindow + (machine.TableEntryAddress(function) & 0xFFF)], PageFlags.Present | PageFlags.User | PageFlags.Accessed);
                a.mov(__byte_ptr[function + 0x20], 0x90);
                a.hlt();
            });
        }, function, CpuMachine.Code);
        Assert.Equal(whole, steps);
    }

    /// <summary>Runs from each of these places until a trap, in one go and in steps of one instruction.</summary>
    private static (GuestRegisters Whole, GuestRegisters Steps) RunBothWays(Action<CpuMachine> prepare, params uint[] places)
    {
        var ends = new GuestRegisters[2];
        for (int i = 0; i < 2; i++)
        {
            using var machine = new CpuMachine();
            prepare(machine);
            foreach (uint place in places)
            {
                machine.Registers.Eip = place;
                while (machine.Run(i == 0 ? 1000 : 1).Kind == CpuExitKind.Budget) ;
            }

            ends[i] = machine.Registers;
        }

        return (ends[0], ends[1]);
    }
}
