using CsCheck;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;
using LguestPS.Paging;
using LguestPS.Segments;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Page tables of three levels, as kernels with CONFIG_X86_PAE make them (Intel SDM volume 3, 4.4), and device memory in either format.</summary>
public sealed class PaeTablesTests : IDisposable
{
    private const uint Directory = 0x1020;      // 32 bytes, aligned to as many
    private const uint Middle = 0x2000, Table = 0x3000, Page = 0x5000;
    private const uint Linear = 0xC0A45678;
    private const uint DirectoryEntry = Directory + 3 * 8, MiddleEntry = Middle + 5 * 8, TableEntry = Table + 0x45 * 8;
    private const uint P = PageFlags.Present, W = PageFlags.Writable, U = PageFlags.User, A = PageFlags.Accessed, D = PageFlags.Dirty;
    private const int Read = (int)PageAccess.Read, Write = (int)PageAccess.Write, User = (int)PageAccess.User;

    private readonly GuestMemory memory = new(64 << 12, devicePages: 2, deviceBytes: GuestMemory.PageSize);

    public void Dispose() => memory.Dispose();

    [Fact]
    public void Three_levels_lead_to_the_page()
    {
        Map(P, P | W | U, P | W | U);
        Assert.Equal((true, Page + 0x678), (Walk(PageAccess.Read).Ok, Walk(PageAccess.Read).Physical));
    }

    [Theory]
    [InlineData(P | W | U, P | W | U, Write | User, null)]
    [InlineData(P | U, P | W | U, Write | User, 7u)]
    [InlineData(P | W | U, P | U, Write, 3u)]
    [InlineData(P | W, P | W | U, User, 5u)]
    [InlineData(P, P, Read, null)]
    public void The_lower_two_levels_decide_what_is_allowed_the_first_has_no_say(uint middle, uint table, int access, uint? fault)
    {
        Map(P, middle, table);
        Assert.Equal(fault, Walk((PageAccess)access).Fault);
    }

    [Theory]
    [InlineData(0u, P | W | U, P | W | U)]
    [InlineData(P, 0u, P | W | U)]
    [InlineData(P, P | W | U, 0u)]
    [InlineData(0xFFEu, P | W | U, P | W | U)]
    [InlineData(P, 0xFFEu, P | W | U)]
    [InlineData(P, P | W | U, 0xFFEu)]
    public void What_is_not_present_at_any_level_faults_and_its_other_bits_mean_nothing(uint directory, uint middle, uint table)
    {
        Map(directory, middle, table);
        Translation found = Walk(PageAccess.Write);
        Assert.Equal((2u, (string?)null), (found.Fault!.Value, found.Bad));
    }

    [Fact]
    public void Accessed_and_dirty_are_set_where_entries_have_them_which_the_first_level_has_not()
    {
        Map(P, P | W | U, P | W | U);
        Assert.False(Walk(PageAccess.Read).Dirty);
        Assert.Equal((Middle | P, Table | P | W | U | A, Page | P | W | U | A), Entries());
        Assert.True(Walk(PageAccess.Write).Dirty);
        Assert.Equal((Middle | P, Table | P | W | U | A, Page | P | W | U | A | D), Entries());
    }

    [Theory]
    [InlineData(P | W, P | W | U, P, "bad page directory entry 0000000000002003")]
    [InlineData(P | A, P | W | U, P, "bad page directory entry 0000000000002021")]
    [InlineData(P, P | PageFlags.LargePage, P, "bad page middle directory entry 0000000000003081")]
    [InlineData(P, P | PageFlags.CacheDisable, P, "bad page middle directory entry 0000000000003011")]
    [InlineData(P, P | PageFlags.Global, P, "bad page middle directory entry 0000000000003101")]
    [InlineData(P, P | W | U, P | PageFlags.LargePage, "bad page table entry 0000000000005081")]
    public void A_flag_that_its_level_may_not_have_ends_the_guest(uint directory, uint middle, uint table, string reason)
    {
        Map(directory, middle, table);
        Assert.Equal($"{reason} for {Linear:x8}", Walk(PageAccess.Read).Bad);
    }

    [Theory]
    [InlineData(PageFlags.WriteThrough)]
    [InlineData(PageFlags.CacheDisable)]
    [InlineData(PageFlags.WriteThrough | PageFlags.CacheDisable | PageFlags.Global | 0xE00)]
    public void A_page_may_be_mapped_uncached(uint flags)
    {
        Map(P, P | W | U, P | W | U | flags);
        Assert.True(Walk(PageAccess.Write | PageAccess.User).Ok);
    }

    [Theory]
    [InlineData(DirectoryEntry, 1u << 31, "bad page directory entry 8000000000002001")]
    [InlineData(MiddleEntry, 1u, "bad page middle directory entry 0000000100003007")]
    [InlineData(TableEntry, 1u << 4, "bad page table entry 0000001000005007")]
    [InlineData(TableEntry, 1u << 31, "bad page table entry 8000000000005007")]        // no-execute is never set
    [InlineData(TableEntry, 1u << 20, "bad page table entry 0010000000005007")]
    public void No_bit_of_an_entrys_upper_half_can_be_one_of_a_guests(uint entry, uint upper, string reason)
    {
        Map(P, P | W | U, P | W | U);
        memory.Write32(entry + 4, upper);
        Assert.Equal($"{reason} for {Linear:x8}", Walk(PageAccess.Read).Bad);
    }

    [Theory]
    [InlineData(0xFFDFFFFFu, true)]
    [InlineData(0xFFE00000u, false)]
    [InlineData(0xFFFFFFFFu, false)]
    public void The_hosts_addresses_are_the_last_two_MiB(uint linear, bool mapped)
    {
        memory.Write32(Directory + 3 * 8, Middle | P);
        for (uint i = 0; i < 512; i++)
        {
            memory.Write32(Middle + i * 8, Table | P | W | U);
            memory.Write32(Table + i * 8, Page | P | W | U);
        }

        Assert.Equal(mapped, Tables().Walk(Directory, linear, PageAccess.Write).Ok);
        Assert.Equal(mapped, Tables().Find(Directory, linear) is not null);
        Assert.True(Tables().HasTable(Directory, linear));
    }

    [Fact]
    public void A_page_was_used_if_both_levels_that_can_tell_say_so()
    {
        Map(P, P | W | U | A, P | W | U);
        Assert.Null(Tables().FindUsed(Directory, Linear));
        Map(P, P | W | U, P | W | U | A);
        Assert.Null(Tables().FindUsed(Directory, Linear));
        Map(P, P | W | U | A, P | U | A | D);
        Assert.Equal(new Translation(Page + 0x678, Writable: false, User: true, Dirty: true, null, null), Tables().FindUsed(Directory, Linear));
    }

    [Fact]
    public void Any_tables_give_a_page_inside_memory_a_fault_or_a_reason() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.ULong, Gen.UInt, Gen.Int[0, 3]).Sample((directoryEntry, middleEntry, tableEntry, linear, access) =>
        {
            // Mostly inside memory, and with flags that are allowed.
            ulong[] entries = [directoryEntry & 0x3F001, middleEntry & 0x7F067, tableEntry & (linear % 3 == 0 ? ulong.MaxValue : 0x7FF7F)];
            memory.Write(0, memory.Size).Clear();
            uint table = Directory;
            foreach ((ulong entry, PageLevel level) in entries.Zip(PageTableFormat.Pae.Levels.ToArray()))
            {
                if (!memory.Contains(table, 4096)) break;
                uint at = table + level.Index(linear) * 8;
                memory.Write32(at, (uint)entry);
                memory.Write32(at + 4, (uint)(entry >> 32));
                table = (uint)entry & PageFlags.Frame;
            }

            Translation found = Tables().Walk(Directory, linear, (PageAccess)(access * 2));
            return !found.Ok || memory.Contains(found.Physical, 1);
        }, iter: 5000, threads: 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_beyond_memory_is_device_memory_up_to_the_devices_limit_and_bad_beyond(bool pae)
    {
        uint firstFrame = memory.FrameLimit;
        PageTables tables = new(memory, pae ? PageTableFormat.Pae : PageTableFormat.TwoLevel);
        uint entry = pae ? TableEntry : Table + (Linear >> 12 & 1023) * 4;
        if (pae) Map(P, P | W | U, P | W | U);
        else memory.Write32(0x1000 + (Linear >> 22) * 4, Table | P | W | U);
        uint directory = pae ? Directory : 0x1000;

        memory.Write32(entry, firstFrame << 12 | P | W);
        Translation found = tables.Walk(directory, Linear, PageAccess.Write);
        Assert.Equal((false, true, (uint?)null, (string?)null, firstFrame << 12 | 0x678), (found.Ok, found.IsDevice, found.Fault, found.Bad, found.Physical));
        Assert.Equal(7u, tables.Walk(directory, Linear, PageAccess.Write | PageAccess.User).Fault);
        Assert.Null(tables.Find(directory, Linear));
        Assert.Null(tables.FindUsed(directory, Linear));

        memory.Write32(entry, firstFrame + 1 << 12 | P | W);
        Assert.StartsWith("bad page table entry", tables.Walk(directory, Linear, PageAccess.Write).Bad);
    }

    [Fact]
    public void The_emulated_CPU_runs_through_such_tables_and_flushes_by_their_ranges()
    {
        Map(P, P | W | U, P | W | U);
        memory.Write(Page + 0x678, [0xA1, 0x00, 0x60, 0xA4, 0xC0, 0xEB, 0xF9]);         // mov eax, [0xC0A46000]; jmp to it
        memory.Write32(TableEntry + 8, 0x6000 | P | W | U);
        memory.Write32(0x6000, 0x12345678);
        memory.Write32(0x7000, 0x87654321);

        using EmulatedCpu cpu = new(memory, () => 0, format: PageTableFormat.Pae);
        _ = new DescriptorTable(cpu.LoadDescriptors);
        cpu.SetAddressSpace(Directory);
        ref GuestRegisters registers = ref cpu.Registers;
        registers.Cs = DescriptorTable.KernelCodeSelector;
        registers.Ss = registers.Ds = registers.Es = DescriptorTable.KernelDataSelector;
        registers.Eip = Linear;
        Assert.Equal((CpuExitKind.Budget, 0x12345678u), (cpu.Run(new CpuBudget(1)).Kind, registers.Eax));
        Assert.Equal(0x6000 | P | W | U | A, memory.Read32(TableEntry + 8));

        memory.Write32(TableEntry + 8, 0x7000 | P | W | U);
        cpu.FlushRange(Directory, 0xC0800000, 0xC09FFFFF);        // the 2 MiB before
        cpu.Run(new CpuBudget(2));
        Assert.Equal(0x12345678u, registers.Eax);
        cpu.FlushRange(Directory, 0xC0A00000, 0xC0BFFFFF);
        cpu.Run(new CpuBudget(2));
        Assert.Equal(0x87654321u, registers.Eax);

        memory.Write32(TableEntry + 12, 1);
        cpu.FlushPage(null, 0xC0A46000);
        CpuExit exit = cpu.Run(new CpuBudget(2));
        Assert.Equal((CpuExitKind.Dead, "bad page table entry 0000000100007027 for c0a46000"), (exit.Kind, exit.Reason));
    }

    private PageTables Tables() => new(memory, PageTableFormat.Pae);

    private Translation Walk(PageAccess access) => Tables().Walk(Directory, Linear, access);

    private void Map(uint directoryFlags, uint middleFlags, uint tableFlags)
    {
        memory.Write32(DirectoryEntry, Middle | directoryFlags);
        memory.Write32(MiddleEntry, Table | middleFlags);
        memory.Write32(TableEntry, Page | tableFlags);
    }

    private (uint, uint, uint) Entries() => (memory.Read32(DirectoryEntry), memory.Read32(MiddleEntry), memory.Read32(TableEntry));
}
