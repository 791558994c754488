using Iced.Intel;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>A present translation may stay until a hypercall names it, and not longer; an absent one is never kept (ABI §3).</summary>
public class TlbTests
{
    private const uint Page = 0xC0100000, UserPage = 0x20000000;

    public static TheoryData<string> Flushes => ["page", "page here", "slot", "user", "all"];

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_makes_a_page_gone(string flush)
    {
        using CpuMachine machine = Reader(UserPage);
        machine.Page(UserPage);
        machine.Run(2);
        machine.Memory.Write32(machine.TableEntryAddress(UserPage), 0);

        Flush(machine, flush, UserPage);

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, UserPage), machine.Run(2));
    }

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_makes_a_page_read_only(string flush)
    {
        using CpuMachine machine = Writer(UserPage);
        machine.Page(UserPage);
        machine.Run(2);
        machine.Memory.Write32(machine.TableEntryAddress(UserPage), machine.TableEntry(UserPage) & ~PageFlags.Writable);

        Flush(machine, flush, UserPage);

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 7, UserPage), machine.Run(2));
    }

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_brings_another_frame(string flush)
    {
        using CpuMachine machine = Reader(UserPage);
        machine.Page(UserPage);
        machine.Run(2);
        uint other = machine.Frame();
        machine.Memory.Write32(other, 77);
        machine.Map(UserPage, other);

        Flush(machine, flush, UserPage);

        machine.Run(2);
        Assert.Equal(77u, machine.Registers.Eax);
    }

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_lets_accessed_and_dirty_be_set_again(string flush)
    {
        // Linux clears them to learn which pages are in use, and says so with a hypercall.
        using CpuMachine machine = Writer(UserPage);
        machine.Page(UserPage);
        machine.Run(2);
        machine.Memory.Write32(machine.TableEntryAddress(UserPage), machine.TableEntry(UserPage) & ~(PageFlags.Accessed | PageFlags.Dirty));

        Flush(machine, flush, UserPage);

        machine.Run(2);
        Assert.Equal(PageFlags.Accessed | PageFlags.Dirty, machine.TableEntry(UserPage) & (PageFlags.Accessed | PageFlags.Dirty));
    }

    [Fact]
    public void An_absent_page_is_looked_up_again_without_a_flush()
    {
        using CpuMachine machine = Reader(UserPage);
        Assert.Equal(Vector.PageFault, machine.Run(2).Vector);
        uint frame = machine.Page(UserPage);
        machine.Memory.Write32(frame, 5);
        machine.Run(1);
        Assert.Equal(5u, machine.Registers.Eax);
    }

    [Fact]
    public void A_page_made_writable_is_looked_up_again_without_a_flush()
    {
        using CpuMachine machine = Writer(UserPage);
        machine.Page(UserPage, PageFlags.Present | PageFlags.User);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 7, UserPage), machine.Run(2));
        machine.Map(UserPage, machine.Physical(UserPage));
        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
    }

    [Fact]
    public void Flushing_one_page_of_the_kernel_concerns_every_directory()
    {
        using CpuMachine machine = Reader(Page);
        machine.Page(Page);
        machine.Run(2);
        uint other = OtherDirectory(machine);
        machine.Cpu.SetAddressSpace(other);
        machine.Run(2);
        machine.Memory.Write32(machine.TableEntryAddress(Page), 0);     // the table is shared

        machine.Cpu.FlushPage(null, Page);

        Assert.Equal(Vector.PageFault, machine.Run(2).Vector);
        machine.Cpu.SetAddressSpace(CpuMachine.Directory);
        Assert.Equal(Vector.PageFault, machine.Run(2).Vector);
    }

    [Fact]
    public void Another_address_space_has_other_pages()
    {
        using CpuMachine machine = Reader(UserPage);
        uint frame = machine.Page(UserPage);
        machine.Memory.Write32(frame, 1);
        uint other = OtherDirectory(machine);
        uint table = machine.Frame(), otherFrame = machine.Frame();
        machine.Memory.Write32(other + (UserPage >> 22) * 4, table | CpuMachine.PageRights);
        machine.Memory.Write32(table + (UserPage >> 12 & 1023) * 4, otherFrame | CpuMachine.PageRights);
        machine.Memory.Write32(otherFrame, 2);

        for (int i = 0; i < 3; i++)
        {
            machine.Cpu.SetAddressSpace(CpuMachine.Directory);
            machine.Run(2);
            Assert.Equal(1u, machine.Registers.Eax);
            machine.Cpu.SetAddressSpace(other);
            machine.Run(2);
            Assert.Equal(2u, machine.Registers.Eax);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_flush_that_names_a_directory_out_of_use_holds_when_it_is_used_again(bool slot)
    {
        using CpuMachine machine = Reader(UserPage);
        machine.Page(UserPage);
        machine.Run(2);
        uint other = OtherDirectory(machine);
        machine.Cpu.SetAddressSpace(other);
        machine.Memory.Write32(machine.TableEntryAddress(UserPage), 0);
        if (slot) machine.FlushTable(UserPage);
        else machine.Cpu.FlushPage(CpuMachine.Directory, UserPage);

        machine.Cpu.SetAddressSpace(CpuMachine.Directory);

        Assert.Equal(Vector.PageFault, machine.Run(2).Vector);
    }

    [Fact]
    public void Flushing_a_slot_takes_all_of_its_pages()
    {
        using CpuMachine machine = Reader(UserPage);
        machine.Page(UserPage);
        machine.Page(UserPage + 0x3FF000);
        machine.Run(2);
        machine.Registers.Ecx = UserPage + 0x3FF000;
        machine.Run(2);
        machine.Memory.Write32(CpuMachine.DirectoryEntryAddress(UserPage), 0);

        machine.FlushTable(UserPage);

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, UserPage + 0x3FF000), machine.Run(2));
        machine.Registers.Ecx = UserPage;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, UserPage), machine.Run(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Rights_follow_the_ring_not_the_first_visitor(int first)
    {
        using CpuMachine machine = Reader(UserPage);
        machine.Page(UserPage, PageFlags.Present | PageFlags.Writable);
        for (int i = 0, ring = first; i < 6; i++, ring = 4 - ring)
        {
            machine.SetRing(ring);
            machine.Registers.Eip = CpuMachine.Code;
            CpuExit exit = machine.Run(2);
            Assert.Equal(ring == 3 ? CpuExit.Trap(Vector.PageFault, 5, UserPage) : CpuExit.Budget, exit);
        }
    }

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_brings_other_code(string flush)
    {
        using var machine = new CpuMachine();
        machine.Page(UserPage);
        machine.Bytes(UserPage, 0x40, 0xF4);        // inc eax; hlt
        machine.Run();
        uint other = machine.Frame();
        machine.Memory.Write(other, [0x48, 0xF4]);  // dec eax; hlt
        machine.Map(UserPage, other);
        Flush(machine, flush, UserPage);
        machine.Registers.Eip = UserPage;
        machine.Run();
        Assert.Equal(0u, machine.Registers.Eax);
    }

    [Theory]
    [MemberData(nameof(Flushes))]
    public void A_flush_takes_code_away_that_a_jump_leads_to(string flush)
    {
        using var machine = new CpuMachine();
        machine.Page(UserPage);
        machine.Bytes(UserPage, 0xFF, 0xE1);        // jmp ecx
        machine.Assemble(a => a.jmp(edx));
        (machine.Registers.Ecx, machine.Registers.Edx) = (CpuMachine.Code, UserPage);
        machine.Run(10);
        machine.Memory.Write32(machine.TableEntryAddress(UserPage), 0);
        Flush(machine, flush, UserPage);
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, UserPage), machine.Run(10));
        Assert.Equal(UserPage, machine.Registers.Eip);
    }

    /// <summary>Endlessly loads eax from [ecx]: two instructions a round, so a budget of 2 is one load.</summary>
    private static CpuMachine Reader(uint address) => Loop(address, (a, top) => { a.mov(eax, __[ecx]); a.jmp(top); });

    private static CpuMachine Writer(uint address) => Loop(address, (a, top) => { a.mov(__[ecx], eax); a.jmp(top); });

    private static CpuMachine Loop(uint address, Action<Assembler, Label> body)
    {
        var machine = new CpuMachine();
        machine.Assemble(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            body(a, top);
        });
        machine.Registers.Ecx = address;
        return machine;
    }

    private static uint OtherDirectory(CpuMachine machine)
    {
        uint other = machine.Frame();
        machine.Memory.Write(other, machine.Memory.Read(CpuMachine.Directory, GuestMemory.PageSize).ToArray());
        return other;
    }

    private static void Flush(CpuMachine machine, string what, uint linear)
    {
        switch (what)
        {
            case "page": machine.Cpu.FlushPage(null, linear); break;
            case "page here": machine.Cpu.FlushPage(CpuMachine.Directory, linear); break;
            case "slot": machine.FlushTable(linear); break;
            case "user": machine.Cpu.FlushUser(0xC0000000); break;
            case "all": machine.Cpu.FlushAll(); break;
        }
    }
}
