using CsCheck;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Walking a guest's own page tables, as the processor would with CR0.WP set.</summary>
public sealed class PageTablesTests : IDisposable
{
    private const uint Directory = 0x1000;
    private const uint Table = 0x2000;
    private const uint Page = 0x5000;
    private const uint Linear = 0x12345678;
    private const uint P = PageFlags.Present, W = PageFlags.Writable, U = PageFlags.User, A = PageFlags.Accessed, D = PageFlags.Dirty;

    private const int Read = (int)PageAccess.Read, Write = (int)PageAccess.Write, User = (int)PageAccess.User;

    private const uint DirectoryEntry = Directory + (Linear >> 22) * 4;
    private const uint TableEntry = Table + ((Linear >> 12) & 1023) * 4;

    private readonly GuestMemory memory = new(64 << 12, devicePages: 2);

    public void Dispose() => memory.Dispose();

    [Fact]
    public void The_two_levels_lead_to_the_page()
    {
        Map(P | W | U, P | W | U);
        Translation found = Walk(PageAccess.Read);
        Assert.Equal((true, Page + 0x678), (found.Ok, found.Physical));
    }

    [Theory]
    [InlineData(0u, Page | P | W | U)]
    [InlineData(0xFFFFFFFEu, Page | P | W | U)]
    [InlineData(Table | P | W | U, 0u)]
    [InlineData(Table | P | W | U, 0xFFFFFFFEu)]
    [InlineData(Table | P | W | U, Page | W | U | A | D | PageFlags.LargePage)]     // PROT_NONE of these kernels: no P, bit 7
    public void What_is_not_present_faults_and_its_other_bits_mean_nothing(uint directoryEntry, uint tableEntry)
    {
        memory.Write32(DirectoryEntry, directoryEntry);
        memory.Write32(TableEntry, tableEntry);
        foreach (PageAccess access in new[] { PageAccess.Read, PageAccess.Write, PageAccess.User, PageAccess.Write | PageAccess.User })
        {
            Translation found = Walk(access);
            Assert.Equal(((uint)access, (string?)null), (found.Fault!.Value, found.Bad));
        }
    }

    [Theory]
    [InlineData(P | W | U, P | W | U, Write | User, null)]
    [InlineData(P | W | U, P | U, Write | User, 7u)]
    [InlineData(P | U, P | W | U, Write | User, 7u)]
    [InlineData(P | W, P | W | U, User, 5u)]
    [InlineData(P | W | U, P | W, User, 5u)]
    [InlineData(P | W, P | W, Write, null)]
    [InlineData(P | U, P | U, User, null)]
    [InlineData(P, P, Read, null)]
    [InlineData(P | W, P, Write, 3u)]        // ring 1 too: CR0.WP
    [InlineData(P, P | W, Write, 3u)]
    public void Both_levels_must_allow_the_access(uint directory, uint table, int access, uint? fault)
    {
        Map(directory, table);
        Assert.Equal(fault, Walk((PageAccess)access).Fault);
    }

    [Fact]
    public void A_read_sets_accessed_in_both_a_write_also_dirty_in_the_table()
    {
        Map(P | W | U, P | W | U);
        Assert.False(Walk(PageAccess.Read).Dirty);
        Assert.Equal((Table | P | W | U | A, Page | P | W | U | A), (memory.Read32(DirectoryEntry), memory.Read32(TableEntry)));
        Assert.True(Walk(PageAccess.Write).Dirty);
        Assert.Equal((Table | P | W | U | A, Page | P | W | U | A | D), (memory.Read32(DirectoryEntry), memory.Read32(TableEntry)));
        Assert.True(Walk(PageAccess.Read).Dirty);
    }

    [Fact]
    public void A_fault_leaves_the_entries_alone()
    {
        Map(P | W, P);
        Walk(PageAccess.Write);
        Walk(PageAccess.User);
        Assert.Equal((Table | P | W, Page | P), (memory.Read32(DirectoryEntry), memory.Read32(TableEntry)));
    }

    [Fact]
    public void What_a_translation_allows_is_what_both_levels_allow()
    {
        Map(P | W | U, P | U);
        Translation found = Walk(PageAccess.Read);
        Assert.Equal((false, true), (found.Writable, found.User));
        Map(P | W, P | W | U);
        found = Walk(PageAccess.Read);
        Assert.Equal((true, false), (found.Writable, found.User));
    }

    [Theory]
    [InlineData(PageFlags.WriteThrough)]
    [InlineData(PageFlags.LargePage)]
    [InlineData(PageFlags.WriteThrough | PageFlags.LargePage)]
    public void A_present_table_entry_with_PWT_or_PSE_is_bad(uint flag)
    {
        Map(P | W | U, P | W | U | flag);
        Assert.Equal($"bad page table entry {Page | P | W | U | flag:x8} for {Linear:x8}", Walk(PageAccess.Read).Bad);
    }

    [Theory]
    [InlineData(PageFlags.CacheDisable)]
    [InlineData(0x100u)]        // global, and the bits the kernel keeps for itself
    [InlineData(0x200u)]
    [InlineData(0x800u)]
    public void Other_bits_of_a_table_entry_are_the_guests_business(uint flag)
    {
        Map(P | W | U, P | W | U | flag);
        Assert.True(Walk(PageAccess.Write).Ok);
    }

    [Theory]
    [InlineData(PageFlags.WriteThrough)]
    [InlineData(PageFlags.CacheDisable)]
    [InlineData(PageFlags.LargePage)]
    [InlineData(0x100u)]
    public void A_present_directory_entry_has_no_other_bits(uint flag)
    {
        Map(P | W | U | flag, P | W | U);
        Assert.Equal($"bad page directory entry {Table | P | W | U | flag:x8} for {Linear:x8}", Walk(PageAccess.Read).Bad);
    }

    [Fact]
    public void A_frame_beyond_memory_is_bad_and_the_device_pages_are_within()
    {
        Map(P | W, P | W);
        memory.Write32(TableEntry, 65 << 12 | P | W);
        Assert.Equal(65u << 12 | 0x678, Walk(PageAccess.Write).Physical);
        memory.Write32(TableEntry, 66 << 12 | P | W);
        Assert.StartsWith("bad page table entry 00042003", Walk(PageAccess.Write).Bad);
        memory.Write32(DirectoryEntry, 0xFFFFF000 | P | W);
        Assert.StartsWith("bad page directory entry fffff003", Walk(PageAccess.Write).Bad);
    }

    [Fact]
    public void A_table_that_is_its_own_directory_and_page_ends_like_any_other()
    {
        // Entry 0 names the directory itself: directory, table and page are one.
        memory.Write32(Directory, Directory | P | W | U);
        Translation found = new PageTables(memory).Walk(Directory, 0x10, PageAccess.Write);
        Assert.Equal((true, Directory + 0x10), (found.Ok, found.Physical));
        Assert.Equal(Directory | P | W | U | A | D, memory.Read32(Directory));
    }

    [Theory]
    [InlineData(0xFFBFFFFFu, true)]
    [InlineData(0xFFC00000u, false)]
    [InlineData(0xFFFFFFFFu, false)]
    public void The_hosts_addresses_are_never_mapped(uint linear, bool mapped)
    {
        memory.Write32(Directory + 1022 * 4, Table | P | W | U);
        memory.Write32(Directory + 1023 * 4, Table | P | W | U);
        for (uint i = 0; i < 1024; i++) memory.Write32(Table + i * 4, Page | P | W | U);
        Translation found = new PageTables(memory).Walk(Directory, linear, PageAccess.Write);
        Assert.Equal(mapped, found.Ok);
        if (!mapped) Assert.Equal(2u, found.Fault);
    }

    [Fact]
    public void Any_tables_give_a_page_inside_memory_a_fault_or_a_reason() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.UInt, Gen.Int[0, 3], Gen.UInt[0, 65]).Sample((directoryEntry, tableEntry, linear, access, frame) =>
        {
            uint directory = frame << 12;
            memory.Write(0, memory.Size).Clear();
            memory.Write32(directory + (linear >> 22) * 4, directoryEntry);
            uint table = directoryEntry & PageFlags.Frame;
            if (memory.Contains(table, 4096)) memory.Write32(table + ((linear >> 12) & 1023) * 4, tableEntry);
            Translation found = new PageTables(memory).Walk(directory, linear, (PageAccess)(access * 2));
            return !found.Ok || memory.Contains(found.Physical, 1);
        }, iter: 5000, threads: 1);

    private void Map(uint directoryFlags, uint tableFlags)
    {
        memory.Write32(DirectoryEntry, Table | directoryFlags);
        memory.Write32(TableEntry, Page | tableFlags);
    }

    private Translation Walk(PageAccess access) => new PageTables(memory).Walk(Directory, Linear, access);
}
