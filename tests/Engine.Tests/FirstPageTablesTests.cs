using LguestPS.Boot;
using LguestPS.Cpu;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;

namespace LguestPS.Tests;

/// <summary>The page tables that a kernel finds when it starts: in two levels, or in three if its image shows that it was built for PAE.</summary>
public sealed class FirstPageTablesTests : IDisposable
{
    private const uint Kernel = 0x100000, DirectoryPage = Kernel + 0x1000, MiddlePage = Kernel + 0x3000;
    private const uint P = PageFlags.Present;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("virtio-2.6.31", 0xC0000000)]
    [InlineData("virtio-2.6.34", 0xC0000000)]
    [InlineData("virtio-2.6.34", 0x80000000)]
    [InlineData("virtio-2.6.34", 0x40000000)]
    public void A_kernel_with_PAE_finds_all_memory_at_its_address_and_at_the_page_offset(string abi, uint pageOffset)
    {
        KernelImage kernel = Load(abi, Directory(0, MiddlePage, 3, MiddlePage), pageOffset);
        Assert.Equal(PagingMode.Pae, kernel.Tables.Mode);
        using GuestMemory memory = Boot(kernel, out uint directory);
        PageTables tables = new(memory, PageTableFormat.Pae);
        foreach (uint first in (uint[])[0, pageOffset])
        {
            for (uint at = 0; at < memory.RamSize; at += GuestMemory.PageSize)
                Assert.Equal((true, at, true, true), Shown(tables.Walk(directory, first + at, PageAccess.Write | PageAccess.User)));
            Assert.Equal(PageAccess.Read, (PageAccess)tables.Walk(directory, first + memory.RamSize, PageAccess.Read).Fault!.Value);
        }
        Assert.Equal(0u, directory % GuestMemory.PageSize);
        uint[] entries = [.. Enumerable.Range(0, 4).Select(i => memory.Read32(directory + (uint)i * 8))];
        Assert.All(entries, entry => Assert.True(entry == 0 || (entry & ~PageFlags.Frame) == P));
        Assert.Equal(entries[0], entries[pageOffset >> 30]);
        Assert.Equal(2, entries.Count(entry => entry != 0));
    }

    [Theory]
    [InlineData("virtio-2.6.29")]
    [InlineData("virtio-2.6.31")]
    [InlineData("virtio-2.6.34")]
    public void Another_finds_two_levels(string abi)
    {
        KernelImage kernel = Load(abi, new byte[4096]);
        Assert.Equal(PagingMode.TwoLevel, kernel.Tables.Mode);
        using GuestMemory memory = Boot(kernel, out uint directory);
        PageTables tables = new(memory);
        foreach (uint first in (uint[])[0, 0xC0000000])
            Assert.Equal((true, memory.RamSize - 4096, true, true), Shown(tables.Walk(directory, first + memory.RamSize - 4096, PageAccess.Write | PageAccess.User)));
    }

    [Fact]
    public void Before_2_6_31_there_is_no_PAE_whatever_the_image_looks_like() => Assert.Equal(PagingMode.TwoLevel, Load("virtio-2.6.30", Directory(0, MiddlePage, 3, MiddlePage)).Tables.Mode);

    [Fact]
    public void From_3_1_on_there_are_none_to_begin_with()
    {
        KernelImage kernel = Load("virtio-3.1", Directory(0, MiddlePage, 3, MiddlePage));
        Assert.Equal(PagingMode.Linear, kernel.Tables.Mode);
        byte[] without = Boot(kernel, out uint directory).Read(1 << 20, 3 << 20).ToArray();
        Assert.Equal(0u, directory);
        Assert.Equal(-1, without.AsSpan(0x5000).IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(0, 0x103000u, 1, 0x103000u, 2, 0x104000u, 3, 0x105000u, true)]      // three GiB of the kernel's
    [InlineData(0, 0x103000u, 2, 0x103000u, 3, 0x104000u, 3, 0x104000u, true)]      // two
    [InlineData(0, 0x103000u, 2, 0x103000u, 2, 0x103000u, 2, 0x103000u, false)]     // without the last
    [InlineData(1, 0x103000u, 2, 0x103000u, 3, 0x103000u, 3, 0x103000u, false)]     // without the first
    [InlineData(0, 0x103000u, 3, 0x103002u, 3, 0x103002u, 3, 0x103002u, false)]     // a flag too many
    [InlineData(0, 0x103000u, 3, 0x0FF000u, 3, 0x0FF000u, 3, 0x0FF000u, false)]     // before the kernel
    [InlineData(0, 0x103000u, 3, 0x903000u, 3, 0x903000u, 3, 0x903000u, false)]     // after it
    [InlineData(0, 0x103000u, 3, 0x103000u, 4, 0x103000u, 4, 0x103000u, false)]     // a fifth
    public void The_page_directory_in_the_image_has_up_to_four_entries_with_no_flag_but_present(int a, uint entryA, int b, uint entryB, int c, uint entryC, int d, uint entryD, bool isOne)
    {
        byte[] page = new byte[4096];
        foreach ((int index, uint entry) in ((int, uint)[])[(a, entryA), (b, entryB), (c, entryC), (d, entryD)]) KernelFiles.Put32(page, index * 8, entry | P);
        Assert.Equal(isOne ? PagingMode.Pae : PagingMode.TwoLevel, Load("virtio-2.6.31", page).Tables.Mode);
    }

    [Theory]
    [InlineData("virtio-2.6.24", false)]
    [InlineData("virtio-2.6.25", true)]
    [InlineData("virtio-2.6.34", true)]
    public void Pages_may_be_written_through_from_2_6_25_on(string abi, bool allowed)
    {
        KernelImage kernel = Load(abi, new byte[4096]);
        using GuestMemory memory = Boot(kernel, out uint directory);
        uint table = memory.Read32(directory) & PageFlags.Frame;
        memory.Write32(table + 4, memory.Read32(table + 4) | PageFlags.WriteThrough | PageFlags.CacheDisable);
        Assert.Equal(allowed, new PageTables(memory, kernel.Tables).Walk(directory, 0x1000, PageAccess.Read).Ok);
    }

    [Fact]
    public void A_guest_with_PAE_starts_with_such_tables_in_use()
    {
        KernelImage kernel = Load("virtio-2.6.34", Directory(0, MiddlePage, 3, MiddlePage));
        Assert.Contains("page middle directory", new BootMemory(kernel, initrd: null, Definition).Parts().Select(part => part.What));
    }

    private static (bool, uint, bool, bool) Shown(in Translation found) => (found.Ok, found.Physical, found.Writable, found.User);

    private static byte[] Directory(params uint[] indicesAndFrames)
    {
        byte[] page = new byte[4096];
        for (int i = 0; i < indicesAndFrames.Length; i += 2) KernelFiles.Put32(page, (int)indicesAndFrames[i] * 8, indicesAndFrames[i + 1] | P);
        return page;
    }

    private GuestDefinition Definition => new() { Name = "first", Kernel = folder.Path("kernel.elf"), Memory = 8 << 20 };

    private KernelImage Load(string abi, byte[] page, uint pageOffset = KernelFiles.PageOffset)
    {
        byte[] bytes = new byte[0x3000];
        bytes[0] = 0x90;
        page.CopyTo(bytes, (int)(DirectoryPage - Kernel));
        KernelFiles.LguestData(abi, pageOffset, pageOffset + Kernel).CopyTo(bytes, 0x2800 - 0x400);
        folder.Write("kernel.elf", KernelFiles.ElfAt(Kernel, new KernelFiles.Segment(Kernel, bytes, Size: 0x6000, Virtual: Kernel + pageOffset)));
        return KernelImage.Load(Definition.Kernel, Definition.Memory, AbiProfile.Find(abi));
    }

    private GuestMemory Boot(KernelImage kernel, out uint directory)
    {
        BootMemory boot = new(kernel, initrd: null, Definition);
        GuestMemory memory = new((uint)Definition.Memory, devicePages: 0);
        boot.CopyTo(memory);
        directory = boot.PageDirectory;
        return memory;
    }
}
