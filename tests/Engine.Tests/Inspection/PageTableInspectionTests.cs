using CsCheck;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests.Inspection;

/// <summary>Page tables seen from outside: sound ones, and ones made to do harm.</summary>
public sealed class PageTableInspectionTests : IDisposable
{
    private const uint P = PageFlags.Present, W = PageFlags.Writable, U = PageFlags.User, A = PageFlags.Accessed, D = PageFlags.Dirty, G = PageFlags.Global;
    private const uint Directory = InspectedGuest.Directory, Table = InspectedGuest.Table, Page = InspectedGuest.Page;

    private readonly InspectedGuest guest = new();

    public PageTableInspectionTests() => guest.UseEmptyDirectory();

    public void Dispose() => guest.Dispose();

    [Fact]
    public void A_walk_shows_each_level_and_where_it_ended()
    {
        guest.Entry(Directory, 1, Table | P | W | A);
        guest.Entry(Table, 2, Page | P | U | D);
        PageTableWalk walk = guest.Inspector.WalkPageTables(0x00402345);
        Assert.Equal((Page + 0x345, null), (walk.PhysicalAddress, walk.Problem));
        Assert.Equal(
            [(PageTableLevel.Directory, 1, Directory + 4, Table, "P RW A"), (PageTableLevel.Table, 2, Table + 8, Page, "P US D")],
            walk.Entries.Select(entry => (entry.Level, entry.Index, entry.EntryAddress, entry.Frame, entry.Flags)));

        PageTableWalk ended = guest.Inspector.WalkPageTables(0x00403000);
        Assert.Equal((null, 2, "not present"), (ended.PhysicalAddress, ended.Entries.Length, ended.Entries[1].Problem));
        Assert.Empty(guest.Inspector.WalkPageTables(0xFFC00000).Entries);
    }

    [Theory]
    [InlineData(0x00300000u, 0u)]                               // a table outside memory
    [InlineData(Table | PageFlags.LargePage, 0u)]
    [InlineData(Table, 0xFFFFF000u)]                            // a page outside memory
    [InlineData(Table, Page | PageFlags.LargePage)]
    public void Entries_that_would_end_the_guest_are_shown_as_bad(uint directoryEntry, uint tableEntry)
    {
        guest.Entry(Directory, 1, directoryEntry | P);
        guest.Entry(Table, 0, tableEntry | (tableEntry == 0 ? 0 : P));
        PageTableWalk walk = guest.Inspector.WalkPageTables(0x00400000);
        Assert.Equal((null, "bad"), (walk.PhysicalAddress, walk.Entries[^1].Problem));
        PageRange range = Assert.Single(guest.Inspector.MappedPages());
        Assert.Equal((0x00400000u, tableEntry == 0 ? 1024 : 1, (uint?)null), (range.First, range.Pages, range.PhysicalAddress));
        Assert.StartsWith("bad page", range.Problem);
    }

    [Theory]
    [InlineData(0x00040001u)]
    [InlineData(0x00400000u)]
    [InlineData(0xFFFFF000u)]
    public void A_page_directory_that_cannot_be_one_is_refused(uint directory)
    {
        foreach (Action look in new Action[] { () => guest.Inspector.WalkPageTables(0, directory), () => _ = guest.Inspector.MappedPages(directory).Count(), () => _ = guest.Inspector.ComparePages(directory).Count() })
            Assert.Equal(LguestError.InvalidAddress, Assert.Throws<LguestException>(look).Error);
    }

    [Fact]
    public void Pages_with_equal_rights_and_frames_in_a_row_are_one_range()
    {
        guest.Entry(Directory, 0, Table | P | W | U);
        guest.Entry(Table, 0, Page | P | W | U | A);
        guest.Entry(Table, 1, Page + 0x1000 | P | W | U | A | D);
        guest.Entry(Table, 2, Page + 0x3000 | P | W | U);           // another frame than the next
        guest.Entry(Table, 3, Page + 0x4000 | P | U);               // other rights
        guest.Entry(Table, 4, Page + 0x5000 | P | U | G);
        guest.Entry(Table, 6, Page + 0x7000 | P);                   // after a gap
        Assert.Equal(
            [(0u, 2, Page, "RW US", 2, 1), (0x2000u, 1, Page + 0x3000, "RW US", 0, 0), (0x3000u, 1, Page + 0x4000, "RO US", 0, 0),
             (0x4000u, 1, Page + 0x5000, "RO US G", 0, 0), (0x6000u, 1, Page + 0x7000, "RO", 0, 0)],
            guest.Inspector.MappedPages().Select(range => (range.First, range.Pages, range.PhysicalAddress!.Value, range.Rights, range.Accessed, range.Dirty)));
    }

    [Fact]
    public void A_range_goes_on_over_the_end_of_a_table()
    {
        guest.Entry(Directory, 0, Table | P | W);
        guest.Entry(Directory, 1, Page | P | W);
        guest.Entry(Table, 1023, 0x5000 | P | W);
        guest.Entry(Page, 0, 0x6000 | P | W);
        PageRange range = Assert.Single(guest.Inspector.MappedPages());
        Assert.Equal((0x003FF000u, 0x00400FFFu, 8192L), (range.First, range.Last, range.Size));
    }

    [Fact]
    public void A_directory_that_is_its_own_table_everywhere_ends()
    {
        // Every slot leads back to the directory, so each of its entries is a page 1024 times over.
        for (uint slot = 0; slot < 1024; slot++) guest.Entry(Directory, slot, Directory | P | W | U);
        int pages = guest.Inspector.MappedPages().Sum(range => range.Pages);
        Assert.Equal(1023 * 1024, pages);       // the last slot is the host's
        Assert.Equal(Directory + 0x10, guest.Inspector.WalkPageTables(0x10).PhysicalAddress);
        Assert.Equal(1023 * 1024, guest.Inspector.ComparePages(Table).Sum(difference => difference.Pages));
        Assert.Single(guest.Inspector.Search(new BytePattern([1, 2, 3]), 0, 0x7FFFFF).Take(1).DefaultIfEmpty());
        guest.Guest.Cpu.Registers.Esp = 0x1000;
        guest.Guest.Cpu.Registers.Ebp = 0x1000;
        Assert.Single(guest.Inspector.CallStack());
    }

    [Fact]
    public void A_difference_is_what_is_mapped_elsewhere_or_otherwise()
    {
        const uint Other = Page + 0x8000, OtherTable = Page + 0x9000;
        guest.Memory.Write(Other, 0x2000).Clear();
        guest.Entry(Directory, 0, Table | P | W | U);
        guest.Entry(Other, 0, OtherTable | P | W | U);
        for (uint page = 0; page < 6; page++) guest.Entry(Table, page, page * 0x1000 | P | W);
        guest.Entry(OtherTable, 1, 0x1000 | P | W | A | D);         // the same: use is no difference
        guest.Entry(OtherTable, 2, 0x9000 | P | W);
        guest.Entry(OtherTable, 3, 0x3000 | P);
        guest.Entry(OtherTable, 7, 0x7000 | P);
        Assert.Equal(
            [(PageDifferenceKind.OnlyFirst, 0u, 1), (PageDifferenceKind.Frame, 0x2000u, 1), (PageDifferenceKind.Rights, 0x3000u, 1),
             (PageDifferenceKind.OnlyFirst, 0x4000u, 2), (PageDifferenceKind.OnlySecond, 0x7000u, 1)],
            guest.Inspector.ComparePages(Other).Select(difference => (difference.Kind, difference.First, difference.Pages)));
        PageDifference moved = guest.Inspector.ComparePages(Other).Single(difference => difference.Kind == PageDifferenceKind.Frame);
        Assert.Equal((0x2000u, 0x9000u, "RW", "RW"), (moved.PhysicalAddress!.Value, moved.OtherPhysicalAddress!.Value, moved.Rights, moved.OtherRights));
    }

    [Fact]
    public void Whatever_the_tables_hold_a_look_agrees_with_the_processors_walk() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.UInt, Gen.UInt[0, 0x45], Gen.Bool).Sample((directoryEntry, tableEntry, linear, frame, small) =>
        {
            // Half of the entries lead somewhere inside memory.
            if (small) (directoryEntry, tableEntry) = (directoryEntry & 0xFF067 | 1, tableEntry & 0x1FFFFF | 1);
            guest.UseEmptyDirectory();
            guest.Entry(Directory, linear >> 22, directoryEntry);
            uint table = directoryEntry & PageFlags.Frame;
            if (table >= Table && guest.Memory.Contains(table, 4096)) guest.Entry(table, linear >> 12 & 1023, tableEntry);

            PageTableWalk seen = guest.Inspector.WalkPageTables(linear);
            Assert.Equal(seen.PhysicalAddress is null, seen.Problem is not null);
            bool listed = guest.Inspector.MappedPages().Any(range => range.Problem is null && linear >= range.First && linear <= range.Last);
            Translation walked = new PageTables(guest.Memory).Walk(Directory, linear, PageAccess.Read);
            return walked.Ok == (seen.PhysicalAddress is not null) && walked.Ok == listed && (!walked.Ok || walked.Physical == seen.PhysicalAddress);
        }, iter: 500, threads: 1);
}
