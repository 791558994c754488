using System.Text;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests;

/// <summary>What a guest finds in its memory when it starts (ABI §9).</summary>
public sealed class BootTests : IDisposable
{
    private const uint Ram = 8 << 20;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_boot_parameters_are_where_Linux_looks_for_them()
    {
        string initrd = folder.Write("initrd", new byte[5000]);
        using ScriptedGuest guest = Boot(Smallest, definition => definition with { Initrd = initrd, CommandLine = "console=hvc0 quiet" });
        GuestMemory memory = guest.Memory;
        Assert.Equal(1, memory.Read8(0x1E8));
        Assert.Equal([0u, 0u, Ram, 0u, 1u], Enumerable.Range(0, 5).Select(i => memory.Read32(0x2D0 + (uint)i * 4)));
        Assert.Equal(0xFF, memory.Read8(0x210));
        Assert.Equal((Ram - 8192, 8192u), (memory.Read32(0x218), memory.Read32(0x21C)));
        Assert.Equal(4096u, memory.Read32(0x228));
        Assert.Equal(1u, memory.Read32(0x23C));
        Assert.Equal("console=hvc0 quiet\0", Encoding.ASCII.GetString(memory.Read(4096, 19)));
        Assert.Equal(0u, guest.Cpu.Registers.Esi);
    }

    [Fact]
    public void Without_an_initrd_its_address_and_size_are_0()
    {
        using ScriptedGuest guest = Boot(Smallest);
        Assert.Equal((0u, 0u), (guest.Memory.Read32(0x218), guest.Memory.Read32(0x21C)));
    }

    [Fact]
    public void The_initrd_lies_at_the_top_the_page_directory_and_the_tables_below_it()
    {
        byte[] contents = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        string initrd = folder.Write("initrd", contents);
        using ScriptedGuest guest = Boot(Smallest, definition => definition with { Initrd = initrd });
        Assert.Equal(contents, guest.Memory.Read(Ram - 8192, 5000).ToArray());
        Assert.Equal(Ram - 8192 - 4096, guest.Guest.Machine.PageDirectory);
        Assert.Equal((Ram - 8192 - 4096 - 2 * 4096) | 7, guest.Memory.Read32(guest.Guest.Machine.PageDirectory + (PageOffset >> 22) * 4));
        Assert.Equal(guest.Guest.Machine.PageDirectory, guest.Cpu.PageDirectory);
    }

    [Fact]
    public void All_of_RAM_is_mapped_at_the_page_offset_and_nothing_else()
    {
        using ScriptedGuest guest = Boot(Smallest);
        for (uint page = 0; page < Ram; page += 4096)
        {
            Translation translation = guest.Guest.Machine.PageTables.Walk(guest.Guest.Machine.PageDirectory, PageOffset + page + 0x123, PageAccess.Write | PageAccess.User);
            Assert.True(translation.Ok);
            Assert.Equal(page + 0x123, translation.Physical);
        }
        for (uint slot = 0; slot < 1024; slot++)
        {
            bool mapped = slot >= PageOffset >> 22 && slot < (PageOffset + Ram) >> 22;
            Assert.Equal(mapped, guest.Memory.Read32(guest.Guest.Machine.PageDirectory + slot * 4) != 0);
        }
        Assert.False(guest.Guest.Machine.PageTables.Walk(guest.Guest.Machine.PageDirectory, PageOffset + Ram, PageAccess.Read).Ok);
    }

    [Fact]
    public void A_mapping_that_would_reach_the_hosts_addresses_ends_below_them()
    {
        byte[] kernel = Elf(new Segment(Physical, Signature, Virtual: 0xFF800000 + Physical));
        using ScriptedGuest guest = Boot(kernel);
        Assert.Equal(0u, guest.Memory.Read32(guest.Guest.Machine.PageDirectory + 1023 * 4));
        Assert.NotEqual(0u, guest.Memory.Read32(guest.Guest.Machine.PageDirectory + 1022 * 4));
    }

    [Fact]
    public void Segments_are_copied_and_what_they_lack_is_zero()
    {
        byte[] kernel = Elf(new Segment(Physical, [.. Signature, 1, 2, 3]), new Segment(0x5000, [4, 5, 6], Size: 0x100), new Segment(0, [9, 9], Type: 4));
        using ScriptedGuest guest = Boot(kernel);
        Assert.Equal([1, 2, 3], guest.Memory.Read(Physical + 13, 3).ToArray());
        Assert.Equal([4, 5, 6, 0, 0], guest.Memory.Read(0x5000, 5).ToArray());
    }

    [Fact]
    public void The_entry_is_behind_the_first_signature_in_memory_not_the_ELF_entry()
    {
        byte[] kernel = Elf(new Segment(0x9000, Signature), new Segment(0x4000, [0x90, .. Signature, .. Signature]));
        using ScriptedGuest guest = Boot(kernel);
        Assert.Equal(PageOffset + 0x4001 + 13, guest.Cpu.Registers.Eip);
        Assert.Equal(PageOffset, guest.Guest.Machine.PageOffset);
    }

    [Theory]
    [InlineData(0x40000000u)]
    [InlineData(0xB0000000u)]
    [InlineData(0xC0400000u)]
    public void The_page_offset_is_the_one_the_kernel_is_linked_for(uint offset)
    {
        using ScriptedGuest guest = Boot(Elf(new Segment(Physical, Signature, Virtual: Physical + offset)));
        Assert.Equal((offset, offset + Physical + 13), (guest.Guest.Machine.PageOffset, guest.Cpu.Registers.Eip));
        Assert.True(guest.Guest.Machine.PageTables.Walk(guest.Guest.Machine.PageDirectory, offset + Physical, PageAccess.Write).Ok);
    }

    [Fact]
    public void A_kernel_that_fills_memory_to_the_last_page_boots_and_one_byte_more_does_not()
    {
        const uint Tables = 3 * 4096;       // the directory and two tables
        using ScriptedGuest fits = Boot(Elf(new Segment(Physical, Signature, Size: Ram - Tables - Physical)));
        LguestException refused = Refused(Elf(new Segment(Physical, Signature, Size: Ram - Tables - Physical + 1)));
        Assert.Equal($"8 MiB of memory are too small for kernel '{folder.Path("kernel")}'; give at least 9 MiB", refused.Message);
    }

    [Fact]
    public void An_initrd_that_does_not_fit_is_an_error()
    {
        string initrd = folder.Write("initrd", new byte[Ram - 0x4000]);
        LguestException refused = Refused(Smallest, definition => definition with { Initrd = initrd });
        Assert.Equal(LguestError.InvalidImage, refused.Error);
        Assert.Contains("and its initrd; give at least 9 MiB", refused.Message);
    }

    [Fact]
    public void An_initrd_larger_than_memory_is_not_read()
    {
        string initrd = folder.Write("initrd", new byte[Ram + 1]);
        LguestException refused = Refused(Smallest, definition => definition with { Initrd = initrd });
        Assert.Equal((LguestError.InvalidImage, initrd), (refused.Error, refused.Path));
    }

    [Fact]
    public void Missing_and_empty_files_are_errors_that_name_them()
    {
        LguestException kernel = Assert.Throws<LguestException>(() => Guest.Create(new GuestDefinition { Name = "x", Kernel = folder.Path("nowhere") }));
        Assert.Equal((LguestError.FileUnavailable, $"kernel '{folder.Path("nowhere")}' does not exist"), (kernel.Error, kernel.Message));

        LguestException initrd = Refused(Smallest, definition => definition with { Initrd = folder.Path("nowhere") });
        Assert.Equal((LguestError.FileUnavailable, folder.Path("nowhere")), (initrd.Error, initrd.Path));

        LguestException isFolder = Assert.Throws<LguestException>(() => Guest.Create(new GuestDefinition { Name = "x", Kernel = Path.GetTempPath() }));
        Assert.Equal(LguestError.FileUnavailable, isFolder.Error);

        LguestException empty = Refused([]);
        Assert.Equal((LguestError.InvalidImage, $"kernel '{folder.Path("kernel")}' is empty"), (empty.Error, empty.Message));
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 4096)]
    [InlineData(64 << 20)]
    public void Any_whole_number_of_pages_is_a_memory_size(long memory)
    {
        using ScriptedGuest guest = Boot(Smallest, definition => definition with { Memory = memory });
        Assert.Equal((uint)memory, guest.Memory.Read32(0x2D8));
        Assert.Equal((uint)memory, guest.Memory.RamSize);
    }

    [Fact]
    public void One_GiB_is_mapped_whole_where_it_fits()
    {
        using ScriptedGuest guest = Boot(
            Elf(new Segment(Physical, Signature, Virtual: Physical + 0x80000000)), definition => definition with { Memory = 1 << 30 });
        Translation last = guest.Guest.Machine.PageTables.Walk(guest.Guest.Machine.PageDirectory, 0xBFFFFFFF, PageAccess.Write);
        Assert.Equal((true, (1u << 30) - 1), (last.Ok, last.Physical));
    }

    [Theory]
    [InlineData(4096)]
    [InlineData((1 << 20) - 4096)]
    [InlineData((1 << 20) + 1)]
    [InlineData((3L << 30) + 4096)]
    [InlineData(0)]
    [InlineData(-4096)]
    [InlineData(1L << 40)]
    public void Impossible_memory_sizes_are_refused_before_any_file_is_opened(long memory)
    {
        LguestException refused = Assert.Throws<LguestException>(() =>
            Guest.Create(new GuestDefinition { Name = "x", Kernel = "/nonexistent", Memory = memory }));
        Assert.Equal(LguestError.InvalidDefinition, refused.Error);
    }

    [Fact]
    public void A_command_line_may_have_2047_bytes()
    {
        string longest = new('x', 2047);
        using ScriptedGuest guest = Boot(Smallest, definition => definition with { CommandLine = longest });
        Assert.Equal(longest + "\0", Encoding.ASCII.GetString(guest.Memory.Read(4096, 2048)));
        Assert.Equal(LguestError.InvalidDefinition, Refused(Smallest, definition => definition with { CommandLine = longest + "x" }).Error);
        Assert.Equal(LguestError.InvalidDefinition, Refused(Smallest, definition => definition with { CommandLine = new string('é', 1024) }).Error);
    }

    private ScriptedGuest Boot(byte[] kernel, Func<GuestDefinition, GuestDefinition>? change = null)
    {
        GuestDefinition definition = new() { Name = "boots", Kernel = folder.Write("kernel", kernel), Memory = Ram };
        return ScriptedGuest.Fresh(change?.Invoke(definition) ?? definition);
    }

    private LguestException Refused(byte[] kernel, Func<GuestDefinition, GuestDefinition>? change = null) =>
        Assert.Throws<LguestException>(() => Boot(kernel, change).Dispose());
}
