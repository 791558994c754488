using System.Runtime.InteropServices;
using LguestPS.Cpu.Kvm;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests.Cpu.Kvm;

/// <summary>The tables as the processor would walk them; no KVM is needed.</summary>
public sealed unsafe class ShadowTablesTests : IDisposable
{
    private const int Pages = ShadowTables.FewestPages;
    private const ulong Physical = HostPages.Base + HostPages.Count * HostPages.PageSize;
    private const ulong Frame = ~0xFFFUL;
    private const uint First = 0x1000, Second = 0x2000;

    private readonly byte* pool = (byte*)NativeMemory.AlignedAlloc(Pages * HostPages.PageSize, HostPages.PageSize);
    private readonly ShadowTables tables;

    public ShadowTablesTests()
    {
        tables = new ShadowTables(pool, Physical, Pages);
        tables.SetAddressSpace(First);
    }

    public void Dispose() => NativeMemory.AlignedFree(pool);

    [Theory]
    [InlineData(true, true, true, 7UL)]
    [InlineData(true, false, true, 5UL)] // not dirty yet: a write must come by once more
    [InlineData(false, true, true, 5UL)]
    [InlineData(true, true, false, 3UL)]
    public void A_page_may_be_written_once_it_is_dirty(bool writable, bool dirty, bool user, ulong rights)
    {
        tables.Fill(0xC0123456, new Translation(0x5456, writable, user, dirty, null, null));
        Assert.Equal((0x5000UL, rights), Walk(0xC0123000));
    }

    [Fact]
    public void The_engines_pages_are_there_in_every_address_space_and_only_the_stack_and_the_monitors_state_are_writable()
    {
        foreach (uint directory in (uint[])[First, Second])
        {
            tables.SetAddressSpace(directory);
            Assert.Equal((HostPages.GdtLinear, 1UL), Walk(HostPages.GdtLinear));
            Assert.Equal((HostPages.StubsLinear, 1UL), Walk(HostPages.StubsLinear));
            Assert.Equal((HostPages.StackLinear, 3UL), Walk(HostPages.StackLinear));
            Assert.Equal((HostPages.MonitorLinear, 3UL), Walk(HostPages.MonitorLinear));
            Assert.Null(Walk(HostPages.MonitorLinear + HostPages.PageSize));
        }
    }

    [Fact]
    public void Each_directory_keeps_its_own_pages()
    {
        Fill(0x1000, 0x5000);
        tables.SetAddressSpace(Second);
        Assert.Null(Walk(0x1000));
        Fill(0x1000, 0x6000);
        tables.SetAddressSpace(First);
        Assert.Equal(0x5000UL, Walk(0x1000)?.Physical);
        Assert.Equal(3, tables.Spaces);     // and the one there was before any directory
    }

    [Fact]
    public void A_page_is_forgotten_in_the_directory_that_is_named_or_in_all()
    {
        Fill(0xC0000000, 0x5000);
        Fill(0xC0001000, 0x6000);
        tables.SetAddressSpace(Second);
        Fill(0xC0000000, 0x5000);
        Fill(0xC0001000, 0x6000);

        tables.ForgetPage(First, 0xC0000FFF);
        tables.ForgetPage(null, 0xC0001000);

        Assert.NotNull(Walk(0xC0000000));
        Assert.Null(Walk(0xC0001000));
        tables.SetAddressSpace(First);
        Assert.Null(Walk(0xC0000000));
        Assert.Null(Walk(0xC0001000));
    }

    [Fact]
    public void A_slot_is_four_mebibytes_of_one_directory()
    {
        foreach (uint linear in (uint[])[0x003FF000, 0x00400000, 0x007FF000, 0x00800000]) Fill(linear, 0x5000);
        tables.ForgetRange(Second, 1u << 22, (2u << 22) - 1);
        Assert.NotNull(Walk(0x00400000));
        tables.ForgetRange(First, 1u << 22, (2u << 22) - 1);
        Assert.Equal([true, false, false, true], new ulong[] { 0x003FF000, 0x00400000, 0x007FF000, 0x00800000 }.Select(linear => Walk(linear) is not null));
    }

    [Fact]
    public void Below_the_kernel_everything_of_the_current_address_space_is_forgotten()
    {
        Fill(0x08048000, 0x5000);
        Fill(0xBFFFF000, 0x6000);
        Fill(0xC0000000, 0x7000);
        tables.ForgetBelow(0xC0000000);
        Assert.Equal([false, false, true], new ulong[] { 0x08048000, 0xBFFFF000, 0xC0000000 }.Select(linear => Walk(linear) is not null));
    }

    [Fact]
    public void What_is_taken_back_asks_for_a_flush_and_what_is_added_does_not()
    {
        tables.NeedsFlush = false;
        Fill(0x1000, 0x5000);
        Fill(0x2000, 0x6000);
        tables.ForgetPage(null, 0x1000);
        Assert.True(tables.NeedsFlush);
        tables.NeedsFlush = false;
        Fill(0x3000, 0x6000);
        Assert.False(tables.NeedsFlush);
        tables.SetAddressSpace(Second);
        Assert.True(tables.NeedsFlush);
    }

    [Fact]
    public void An_empty_pool_starts_over_and_never_grows()
    {
        for (uint linear = 0; linear < 0xFF000000; linear += 0x00200000)
        {
            Fill(linear, 0x5000);
            Assert.Equal(0x5000UL, Walk(linear)?.Physical);
            Assert.InRange(tables.PagesInUse, 4, Pages);
        }
        Assert.NotNull(Walk(HostPages.StackLinear));
    }

    [Fact]
    public void Many_directories_push_out_the_oldest()
    {
        for (uint directory = 1; directory < 1000; directory++)
        {
            tables.SetAddressSpace(directory << 12);
            Fill(0x08048000, 0x5000);
            Assert.InRange(tables.Spaces, 1, 64);
        }
        Assert.NotNull(Walk(0x08048000));
    }

    [Fact]
    public void Forgetting_gives_every_page_back()
    {
        tables.ForgetAll();
        int empty = tables.PagesInUse;
        for (uint i = 0; i < 5; i++) Fill(i << 22, 0x5000);
        tables.SetAddressSpace(Second);
        Fill(0, 0x5000);
        tables.ForgetAll();
        Assert.Equal(empty, tables.PagesInUse);
    }

    private void Fill(uint linear, uint frame) => tables.Fill(linear, new Translation(frame, Writable: true, User: true, Dirty: true, null, null));

    /// <summary>Where the processor would find a page and with which rights, or null.</summary>
    private (ulong Physical, ulong Rights)? Walk(ulong linear)
    {
        ulong entry = tables.Root | 7, rights = 7;
        foreach (int shift in (int[])[39, 30, 21, 12])
        {
            ulong* table = (ulong*)(pool + ((entry & Frame) - Physical));
            entry = table[linear >> shift & 511];
            if ((entry & 1) == 0) return null;
            rights &= entry;
        }
        return (entry & Frame, rights & 7);
    }
}
