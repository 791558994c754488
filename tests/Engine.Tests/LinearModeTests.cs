using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using Xunit;

namespace LguestPS.Tests;

/// <summary>How kernels from 3.1 on begin: linear addresses are guest-physical ones until the first NEW_PGTABLE, which also shows the format of page tables.</summary>
public sealed class LinearModeTests : IDisposable
{
    private const uint P = PageFlags.Present, W = PageFlags.Writable, U = PageFlags.User, A = PageFlags.Accessed, D = PageFlags.Dirty;
    private const uint Directory = 0x41000;

    private readonly ScriptedGuest guest = ScriptedGuest.Fresh();

    public LinearModeTests() => Begin(guest);

    public void Dispose() => guest.Dispose();

    [Theory]
    [InlineData(0x1234u, PageAccess.Read)]
    [InlineData(0x1FFFFFu, PageAccess.Write)]
    internal void The_kernel_may_read_and_write_all_memory_at_its_own_addresses(uint linear, PageAccess access)
    {
        byte[] before = guest.Memory.Read(0, guest.Memory.Size).ToArray();
        Assert.Equal(new Translation(linear, Writable: true, User: false, Dirty: true, null, null), Tables.Walk(0, linear, access));
        Assert.Equal(before, guest.Memory.Read(0, guest.Memory.Size).ToArray());
    }

    [Fact]
    public void A_program_may_touch_nothing() => Assert.Equal(7u, Tables.Walk(0, 0x1234, PageAccess.Write | PageAccess.User).Fault);

    [Theory]
    [InlineData(0x40000000u)]
    [InlineData(0xC0100000u)]
    public void Beyond_memory_the_guest_ends(uint linear)
    {
        Assert.Equal($"bad address {linear:x8}: beyond memory, and there are no page tables yet", Tables.Walk(0, linear, PageAccess.Read).Bad);
        Assert.Null(Tables.Find(0, linear));
        Assert.Null(Tables.FindUsed(0, linear));
    }

    [Fact]
    public void The_last_page_of_memory_is_in_reach_and_the_next_is_not()
    {
        uint end = guest.Memory.FrameLimit << GuestMemory.PageShift;
        Assert.True(Tables.Walk(0, end - 1, PageAccess.Write).Ok);
        Assert.NotNull(Tables.Walk(0, end, PageAccess.Write).Bad);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public void The_emulated_CPU_runs_so_until_it_is_told_of_tables(int? heat)
    {
        using GuestMemory memory = new(1 << 20, devicePages: 0);
        using EmulatedCpu cpu = new(memory, () => 0, heat);
        _ = new DescriptorTable(cpu.LoadDescriptors);
        cpu.SetPageTableFormat(PageTableFormat.Linear);
        cpu.SetAddressSpace(0);
        cpu.Registers.Cs = DescriptorTable.KernelCodeSelector;
        cpu.Registers.Ss = cpu.Registers.Ds = cpu.Registers.Es = DescriptorTable.KernelDataSelector;
        cpu.Registers.Eip = 0x5000;
        memory.Write(0x5000, [0xFF, 0x05, 0x00, 0x80, 0x00, 0x00, 0xEB, 0xF8]);           // inc dword [0x8000]; once more
        Assert.Equal(CpuExitKind.Budget, cpu.Run(new CpuBudget(200)).Kind);
        Assert.Equal(100u, memory.Read32(0x8000));

        memory.Write32(0x1000, 0x2000 | P | W);
        memory.Write32(0x2000 + 5 * 4, 0x5000 | P);
        memory.Write32(0x2000 + 8 * 4, 0x9000 | P | W);
        cpu.SetPageTableFormat(PageTableFormat.TwoLevel);
        cpu.SetAddressSpace(0x1000);
        cpu.Run(new CpuBudget(200));
        Assert.Equal((100u, 100u), (memory.Read32(0x8000), memory.Read32(0x9000)));
        Assert.Equal(0x9000 | P | W | A | D, memory.Read32(0x2000 + 8 * 4));
    }

    [Theory]
    [InlineData(0x067u, PagingMode.TwoLevel)]
    [InlineData(0x063u, PagingMode.TwoLevel)]
    [InlineData(0x007u, PagingMode.TwoLevel)]
    [InlineData(0x001u, PagingMode.Pae)]
    public void The_first_page_directory_shows_the_format(uint flags, PagingMode mode)
    {
        guest.Memory.Write32(Directory, 0x42000 | flags);
        guest.Hypercall(Call.NewPageTable, Directory).Play();
        Assert.Equal((null, mode, Directory), (guest.Ending, Tables.Format.Mode, guest.Guest.Machine.PageDirectory));
        Assert.Equal(mode, guest.Cpu.Paging);
    }

    [Theory]
    [InlineData(0x100000001u)]      // an entry of PAE's has a zero upper half
    [InlineData(0x43001_00000001u)] // a second entry of two levels
    public void Two_entries_of_two_levels_are_not_taken_for_one_of_PAEs(ulong entry)
    {
        guest.Memory.Write32(Directory, (uint)entry | 0x42000);
        guest.Memory.Write32(Directory + 4, (uint)(entry >> 32));
        guest.Hypercall(Call.NewPageTable, Directory).Play();
        Assert.Equal(PagingMode.TwoLevel, Tables.Format.Mode);
    }

    [Fact]
    public void Only_PAE_has_page_directories_that_are_no_pages()
    {
        guest.Hypercall(Call.NewPageTable, Directory + 0x2F).Play();
        Assert.Equal((PagingMode.Pae, Directory + 0x20), (Tables.Format.Mode, guest.Guest.Machine.PageDirectory));
    }

    [Fact]
    public void An_empty_page_directory_has_two_levels()
    {
        guest.Hypercall(Call.NewPageTable, Directory).Play();
        Assert.Equal(PagingMode.TwoLevel, Tables.Format.Mode);
    }

    [Fact]
    public void The_format_stays_what_the_first_has_shown()
    {
        guest.Memory.Write32(Directory, 0x42000 | P | W | U);
        guest.Memory.Write32(Directory + 0x1000, 0x42000 | P);
        guest.Hypercall(Call.NewPageTable, Directory).Hypercall(Call.NewPageTable, Directory + 0x1000).Play();
        Assert.Equal((PagingMode.TwoLevel, Directory + 0x1000), (Tables.Format.Mode, guest.Guest.Machine.PageDirectory));
    }

    [Theory]
    [InlineData(0xFFFFF000u)]
    [InlineData(0x7FFFFFE0u)]
    public void A_first_page_directory_outside_memory_ends_the_guest(uint directory)
    {
        guest.Hypercall(Call.NewPageTable, directory).Play();
        Assert.Equal($"bad page directory 0x{directory:x8}", guest.Ending);
    }

    [Fact]
    public void Calls_about_tables_that_are_not_in_use_yet_change_nothing()
    {
        guest.Hypercall(Call.SetPmd, Directory, 5).Hypercall(Call.FlushTlb, 1).Play();
        Assert.Equal((null, PagingMode.Linear), (guest.Ending, Tables.Format.Mode));
        Assert.Equal(["all"], guest.Cpu.Flushes);
    }

    [Fact]
    public void Inspection_shows_one_range_without_entries()
    {
        PageRange range = Assert.Single(guest.Guest.Inspector.MappedPages());
        Assert.Equal((0u, (int)guest.Memory.FrameLimit, (uint?)0u, "RW"), (range.First, range.Pages, range.PhysicalAddress, range.Rights));
        PageTableWalk walk = guest.Guest.Inspector.WalkPageTables(0x12345);
        Assert.Equal((0, (uint?)0x12345u, null), (walk.Entries.Length, walk.PhysicalAddress, walk.Problem));
        walk = guest.Guest.Inspector.WalkPageTables(0xC0000000);
        Assert.Equal((null, "0xc0000000 is beyond memory, and the guest has no page tables yet"), (walk.PhysicalAddress, walk.Problem));
        Assert.Empty(guest.Guest.Inspector.ComparePages(0));
        Assert.Equal(guest.Memory.Read(0x1000, 16).ToArray(), guest.Guest.Inspector.ReadMemory(0x1000, 16).Bytes);
    }

    private PageTables Tables => guest.Guest.Machine.PageTables;

    private static void Begin(ScriptedGuest guest)
    {
        guest.FreeRing();
        guest.Guest.Machine.SetPageTableFormat(PageTableFormat.Linear);
        guest.Guest.Machine.SetPageDirectory(0);
        guest.Hypercall(Call.LguestInit, ScriptedGuest.DataAddress).Play();
        guest.Cpu.Flushes.Clear();
    }
}
