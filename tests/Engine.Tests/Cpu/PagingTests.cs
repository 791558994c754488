using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace LguestPS.Tests.Cpu;

/// <summary>Two-level paging as the processor does it with CR0.WP = 1 (Intel SDM volume 3, 4.3 to 4.8).</summary>
public class PagingTests
{
    private const uint Page = 0x20000000;
    private const uint Present = PageFlags.Present, Writable = PageFlags.Writable, User = PageFlags.User;

    [Theory]
    [InlineData(3, false, 0u, 4u)]
    [InlineData(3, true, 0u, 6u)]
    [InlineData(1, false, 0u, 0u)]
    [InlineData(1, true, 0u, 2u)]
    [InlineData(3, false, Present | Writable, 5u)]
    [InlineData(3, true, Present | Writable, 7u)]
    [InlineData(3, true, Present | User, 7u)]
    [InlineData(1, true, Present, 3u)]
    [InlineData(1, true, Present | User, 3u)]
    [InlineData(3, false, Present, 5u)]
    public void A_forbidden_access_is_trap_14_with_its_reason(int ring, bool write, uint rights, uint error)
    {
        using var machine = new CpuMachine(ring);
        machine.Page(Page, rights);
        machine.Assemble(a => { if (write) a.mov(__[ecx], eax); else a.mov(eax, __[ecx]); });
        machine.Registers.Ecx = Page + 0x123;

        Assert.Equal(CpuExit.Trap(Vector.PageFault, error, Page + 0x123), machine.Run());
        Assert.Equal(rights, machine.TableEntry(Page) & 0xFFF);
    }

    [Theory]
    [InlineData(3, false, Present | User)]
    [InlineData(3, true, Present | Writable | User)]
    [InlineData(1, false, Present)]
    [InlineData(1, false, Present | User)]
    [InlineData(1, true, Present | Writable)]
    [InlineData(1, true, Present | Writable | User)]
    public void An_allowed_access_sets_accessed_and_a_write_sets_dirty(int ring, bool write, uint rights)
    {
        using var machine = new CpuMachine(ring);
        machine.Page(Page, rights);
        machine.Assemble(a => { if (write) a.mov(__[ecx], eax); else a.mov(eax, __[ecx]); });
        machine.Registers.Ecx = Page;

        Assert.Equal(CpuExitKind.Budget, machine.Run(1).Kind);
        Assert.Equal(rights | PageFlags.Accessed | (write ? PageFlags.Dirty : 0), machine.TableEntry(Page) & 0xFFF);
        Assert.Equal(PageFlags.Accessed, machine.DirectoryEntry(Page) & (PageFlags.Accessed | PageFlags.Dirty));
    }

    [Theory]
    [InlineData(Present | Writable, 3, false, 5u)]
    [InlineData(Present | User, 3, true, 7u)]
    [InlineData(Present | User, 1, true, 3u)]
    [InlineData(Present, 1, true, 3u)]
    public void The_directory_entry_forbids_as_well(uint directoryRights, int ring, bool write, uint error)
    {
        using var machine = new CpuMachine(ring);
        machine.Page(Page);
        machine.Memory.Write32(CpuMachine.DirectoryEntryAddress(Page), machine.DirectoryEntry(Page) & PageFlags.Frame | directoryRights);
        machine.Assemble(a => { if (write) a.mov(__[ecx], eax); else a.mov(eax, __[ecx]); });
        machine.Registers.Ecx = Page;

        Assert.Equal(CpuExit.Trap(Vector.PageFault, error, Page), machine.Run());
    }

    [Fact]
    public void The_first_write_after_reads_sets_dirty()
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Assemble(a => { a.mov(eax, __[ecx]); a.mov(eax, __[ecx]); a.mov(__[ecx], eax); });
        machine.Registers.Ecx = Page;

        machine.Run(2);
        Assert.Equal(0u, machine.TableEntry(Page) & PageFlags.Dirty);
        machine.Run(1);
        Assert.Equal(PageFlags.Dirty, machine.TableEntry(Page) & PageFlags.Dirty);
    }

    [Fact]
    public void An_instruction_fetch_sets_accessed_and_not_dirty()
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Bytes(Page, 0x90);
        machine.Run(1);
        Assert.Equal(PageFlags.Accessed, machine.TableEntry(Page) & (PageFlags.Accessed | PageFlags.Dirty));
    }

    [Fact]
    public void A_read_and_write_sets_dirty_even_if_the_comparison_fails()
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Assemble(a => a.cmpxchg(__dword_ptr[ecx], ebx));
        (machine.Registers.Ecx, machine.Registers.Eax) = (Page, 5);
        machine.Run(1);
        Assert.Equal(PageFlags.Dirty, machine.TableEntry(Page) & PageFlags.Dirty);
    }

    [Fact]
    public void A_store_over_a_page_boundary_is_done_whole_or_not_at_all()
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Write32(Page + 0xFFC, 0x11111111);
        machine.Assemble(a => a.mov(__[ecx], eax));
        (machine.Registers.Ecx, machine.Registers.Eax) = (Page + 0xFFE, 0xAABBCCDD);

        Assert.Equal(CpuExit.Trap(Vector.PageFault, 6, Page + 0x1000), machine.Run());
        Assert.Equal(0x11111111u, machine.Read32(Page + 0xFFC));

        machine.Page(Page + 0x1000);
        machine.Run(1);
        Assert.Equal(0xCCDD1111, machine.Read32(Page + 0xFFC));
        Assert.Equal(0x0000AABBu, machine.Read32(Page + 0x1000));
    }

    [Fact]
    public void A_load_over_a_page_boundary_joins_two_frames()
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Frame();
        machine.Page(Page + 0x1000);
        machine.Write32(Page + 0xFFC, 0x44332211);
        machine.Write32(Page + 0x1000, 0x88776655);
        machine.Assemble(a => { a.mov(eax, __[ecx]); a.mov(bx, __word_ptr[ecx + 2]); a.xor(__dword_ptr[ecx + 1], eax); });
        machine.Registers.Ecx = Page + 0xFFD;

        machine.Run(3);
        Assert.Equal(0x55443322u, machine.Registers.Eax);
        Assert.Equal(0x5544u, machine.Registers.Ebx);
        Assert.Equal(0x77112211u, machine.Read32(Page + 0xFFC));
        Assert.Equal(0x88773311u, machine.Read32(Page + 0x1000));
    }

    [Theory]
    [InlineData(0xFFC00000u, 4u)]
    [InlineData(0xFFFFFFF0u, 4u)]
    public void The_hosts_addresses_are_never_mapped(uint address, uint error)
    {
        using var machine = new CpuMachine();
        machine.Page(address & PageFlags.Frame);
        machine.Assemble(a => a.mov(eax, __[ecx]));
        machine.Registers.Ecx = address;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, error, address), machine.Run());
    }

    [Fact]
    public void A_load_that_runs_into_the_hosts_addresses_faults_at_their_start()
    {
        using var machine = new CpuMachine(1);
        machine.Page(GuestMemory.SwitcherBase - 0x1000);
        machine.Assemble(a => a.mov(__[ecx], eax));
        machine.Registers.Ecx = GuestMemory.SwitcherBase - 2;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 2, GuestMemory.SwitcherBase), machine.Run());
    }

    [Theory]
    [InlineData(PageFlags.WriteThrough)]
    [InlineData(PageFlags.LargePage)]
    [InlineData(0x7FFFF000u)]
    public void A_bad_table_entry_ends_the_guest(uint bad)
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Memory.Write32(machine.TableEntryAddress(Page), machine.TableEntry(Page) | bad);
        machine.Assemble(a => a.mov(eax, __[ecx]));
        machine.Registers.Ecx = Page;

        CpuExit exit = machine.Run();
        Assert.Equal(CpuExitKind.Dead, exit.Kind);
        Assert.StartsWith("bad page table entry", exit.Reason, StringComparison.Ordinal);
        Assert.Equal(CpuMachine.Code, machine.Registers.Eip);
    }

    [Theory]
    [InlineData(PageFlags.WriteThrough)]
    [InlineData(PageFlags.LargePage)]
    [InlineData(0x7FFFF000u)]
    public void A_bad_directory_entry_ends_the_guest(uint bad)
    {
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Memory.Write32(CpuMachine.DirectoryEntryAddress(Page), machine.DirectoryEntry(Page) | bad);
        machine.Assemble(a => a.jmp(ecx));
        machine.Registers.Ecx = Page;

        CpuExit exit = machine.Run();
        Assert.Equal(CpuExitKind.Dead, exit.Kind);
        Assert.StartsWith("bad page directory entry", exit.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_absent_entry_may_hold_anything()
    {
        // PROT_NONE pages of these kernels: not present, bit 7 set (ABI §10).
        using var machine = new CpuMachine();
        machine.Page(Page);
        machine.Memory.Write32(machine.TableEntryAddress(Page), 0x7FFFF0E6);
        machine.Assemble(a => a.mov(eax, __[ecx]));
        machine.Registers.Ecx = Page;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 4, Page), machine.Run());
    }

    [Fact]
    public void Ring_1_is_no_user()
    {
        using var machine = new CpuMachine(1);
        machine.Page(Page, Present | Writable);
        machine.Bytes(Page, 0x40, 0xF4);        // inc eax; hlt
        Assert.Equal(CpuExit.Trap(Vector.GeneralProtection), machine.Run());
        Assert.Equal(1u, machine.Registers.Eax);

        machine.SetRing(3);
        machine.Registers.Eip = Page;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 5, Page), machine.Run());
    }

    [Fact]
    public void What_ring_1_has_touched_ring_3_may_still_not()
    {
        using var machine = new CpuMachine(1);
        machine.Page(Page, Present | Writable);
        machine.Assemble(a => { a.mov(__[ecx], eax); a.mov(eax, __[ecx]); });
        machine.Registers.Ecx = Page;
        machine.Run(2);

        machine.SetRing(3);
        machine.Registers.Eip = CpuMachine.Code;
        Assert.Equal(CpuExit.Trap(Vector.PageFault, 7, Page), machine.Run());
    }
}
