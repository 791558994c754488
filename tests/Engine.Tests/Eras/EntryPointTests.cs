using LguestPS.Cpu;
using LguestPS.Paging;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests.Eras;

/// <summary>How kernels from 2.6.24 on are entered, and what they find (ABI §9).</summary>
public sealed class EntryPointTests : IDisposable
{
    private const uint Ram = 8 << 20;
    private const uint LoadAddress = 0x100000;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Era.Virtio2624)]
    [InlineData(Era.Virtio2634)]
    [InlineData(Era.Virtio2625)]
    [InlineData(Era.Virtio2629)]
    [InlineData(Era.Virtio2630)]
    [InlineData(Era.Virtio2631)]
    [InlineData(Era.Virtio31)]
    [InlineData(Era.Pci40)]
    [InlineData(Era.Pci41)]
    public void A_kernel_is_entered_at_its_physical_entry_point_with_every_data_segment(string abi)
    {
        using ScriptedGuest guest = Boot(ElfAt(Physical + 3, new Segment(Physical, new byte[64])), abi);
        GuestRegisters expected = new()
        {
            Eip = Physical + 3, Eflags = 0x202, Cs = 0x61, Ss = 0x69, Ds = 0x69, Es = 0x69, Fs = 0x69, Gs = 0x69, Esp = guest.Cpu.Registers.Esp,
        };
        Assert.Equal(expected, guest.Cpu.Registers);
    }

    [Theory]
    [InlineData(Physical - 1)]
    [InlineData(Physical + 64)]
    [InlineData(PageOffset + Physical)]
    public void An_entry_point_outside_what_is_loaded_is_refused(uint entry)
    {
        LguestException refused = Assert.Throws<LguestException>(() => Boot(ElfAt(entry, new Segment(Physical, new byte[64])), Era.Virtio31).Dispose());
        Assert.EndsWith($"has its entry point 0x{entry:x8} outside what it loads; a kernel of ABI profile virtio-3.1 is entered at a physical address", refused.Message);
    }

    [Theory]
    [InlineData(Era.Virtio2624)]
    [InlineData(Era.Virtio31)]
    public void The_boot_parameters_say_that_this_is_lguest_and_that_segments_are_to_be_left_alone(string abi)
    {
        using ScriptedGuest guest = Boot(Smallest, abi);
        Assert.Equal((0x207, 0x40, 1u), (guest.Memory.Read16(0x206), guest.Memory.Read8(0x211), guest.Memory.Read32(0x23C)));
        Assert.Equal(0x1000000u, guest.Memory.Read32(0x230));
        // 0 keeps the unpacker from a screen that is not there.
        Assert.Equal(new byte[0x40], guest.Memory.Read(0, 0x40).ToArray());
    }

    [Theory]
    [InlineData(Era.Virtio2624, true, false)]
    [InlineData(Era.Virtio2625, true, false)]
    [InlineData(Era.Virtio2629, true, true)]
    [InlineData(Era.Virtio2630, true, true)]
    [InlineData(Era.Virtio2634, true, true)]
    public void The_first_page_tables_map_all_memory_where_the_era_expects_it(string abi, bool atZero, bool atPageOffset)
    {
        using ScriptedGuest guest = Boot(Smallest, abi);
        PageTables tables = guest.Guest.Machine.PageTables;
        for (uint page = 0; page < Ram; page += 4096)
        {
            Assert.Equal(atZero, tables.Walk(guest.Guest.Machine.PageDirectory, page, PageAccess.Write) is { Ok: true } low && low.Physical == page);
            Assert.Equal(atPageOffset, tables.Walk(guest.Guest.Machine.PageDirectory, PageOffset + page, PageAccess.Write) is { Ok: true } high && high.Physical == page);
        }
        Assert.False(tables.Walk(guest.Guest.Machine.PageDirectory, Ram, PageAccess.Read).Ok);
    }

    [Fact]
    public void From_3_1_on_there_are_none_and_addresses_are_physical()
    {
        using ScriptedGuest guest = Boot(Smallest, Era.Virtio31);
        Assert.Equal(PagingMode.Linear, guest.Guest.Machine.PageTables.Format.Mode);
        Assert.Equal(0x5123u, guest.Guest.Machine.PageTables.Walk(guest.Guest.Machine.PageDirectory, 0x5123, PageAccess.Write).Physical);
        Assert.True(guest.Memory.Read(0x10000, Ram - 0x10000).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory] // ioremap of later kernels asks for it
    [InlineData(Era.October, false)]
    [InlineData(Era.Virtio2624, false)]
    [InlineData(Era.Virtio2625, true)]
    [InlineData(Era.Virtio31, true)]
    public void Write_through_pages_are_allowed_from_2_6_25_on(string abi, bool allowed)
    {
        using ScriptedGuest guest = Era.Initialised(abi);
        uint directory = guest.Guest.Machine.PageDirectory;
        uint table = guest.Memory.Read32(directory + (PageOffset >> 22) * 4) & PageFlags.Frame;
        guest.Memory.Write32(table + 0x30 * 4, 0x30000 | PageFlags.Present | PageFlags.Writable | PageFlags.WriteThrough);
        Translation translation = guest.Guest.Machine.PageTables.Walk(directory, PageOffset + 0x30000, PageAccess.Read);
        Assert.Equal(allowed, translation.Ok);
        Assert.Equal(allowed ? null : "bad page table entry 0003000b for c0030000", translation.Bad);
    }

    [Fact]
    public void A_bzImage_is_loaded_as_it_is_after_its_setup_code()
    {
        byte[] file = SelfUnpacking("3.2.65 (a@b) #1");
        using ScriptedGuest guest = Boot(file);
        Assert.Equal(Era.Virtio31, guest.Guest.Abi.Name);
        Assert.Equal(file[1024..], guest.Memory.Read(LoadAddress, (uint)file.Length - 1024).ToArray());
        Assert.Equal(LoadAddress, guest.Cpu.Registers.Eip);
    }

    [Fact]
    public void Its_own_alignment_is_repeated_in_the_boot_parameters()
    {
        byte[] file = SelfUnpacking("2.6.27 (a@b) #1", Era.Virtio2624);
        Put32(file, 0x230, 0x400000);
        using ScriptedGuest guest = Boot(file);
        Assert.Equal(0x400000u, guest.Memory.Read32(0x230));
    }

    [Fact]
    public void Its_page_offset_is_known_from_what_is_packed_in_it()
    {
        using ScriptedGuest guest = Boot(SelfUnpacking("2.6.30 (a@b) #1", Era.Virtio2624, pageOffset: 0xB0000000));
        Assert.Equal(0xB0000000u, guest.Guest.Machine.PageOffset);
        Assert.True(guest.Guest.Machine.PageTables.Walk(guest.Guest.Machine.PageDirectory, 0xB0000000, PageAccess.Read).Ok);
    }

    [Theory] // the host unpacks none of these
    [InlineData("BZh9")]
    [InlineData("]\0\0")]
    [InlineData("\u00fd7zXZ\0")]
    [InlineData("\u0089LZO")]
    [InlineData("\u0002!L\u0018")]
    public void It_may_be_packed_in_any_way(string magic)
    {
        byte[] file = BzImageOf([.. System.Text.Encoding.Latin1.GetBytes(magic), .. new byte[500]], "3.11.10 (a@b) #1", before: new byte[300]);
        Put32(file, 0x214, LoadAddress);
        Put32(file, 0x230, 0x100000);
        using ScriptedGuest guest = Boot(file);
        Assert.Equal((Era.Virtio31, LoadAddress), (guest.Guest.Abi.Name, guest.Cpu.Registers.Eip));
    }

    [Fact]
    public void It_needs_the_memory_that_it_says_it_unpacks_to()
    {
        byte[] file = SelfUnpacking("3.2.65 (a@b) #1");
        Put32(file, 0x230, 0x400000);
        Put32(file, 0x260, 0x300000);
        using ScriptedGuest fits = Boot(file);
        Put32(file, 0x260, 0x400001);
        LguestException refused = Assert.Throws<LguestException>(() => Boot(file).Dispose());
        Assert.EndsWith("give at least 9 MiB", refused.Message);
    }

    [Fact] // one that cannot be moved
    public void It_needs_that_memory_where_it_was_linked_for()
    {
        byte[] file = SelfUnpacking("3.2.65 (a@b) #1");
        Put32(file, 0x230, 0x100000);
        Put32(file, 0x258, 0x600000);
        Put32(file, 0x260, 0x200000);
        using ScriptedGuest fits = Boot(file);
        Put32(file, 0x260, 0x200001);
        Assert.EndsWith("give at least 9 MiB", Assert.Throws<LguestException>(() => Boot(file).Dispose()).Message);
    }

    [Fact] // the unpacker of 4.7 and later reads it there
    public void The_room_that_unpacking_takes_is_repeated_in_the_boot_parameters()
    {
        byte[] file = SelfUnpacking("3.2.65 (a@b) #1");
        Put32(file, 0x260, 0x234000);
        using ScriptedGuest guest = Boot(file);
        Assert.Equal(0x234000u, guest.Memory.Read32(0x260));
    }

    [Fact]
    public void An_entry_point_outside_the_file_is_refused()
    {
        byte[] file = SelfUnpacking("3.2.65 (a@b) #1");
        Put32(file, 0x214, (uint)(LoadAddress + file.Length));
        Assert.Contains("has its entry point", Assert.Throws<LguestException>(() => Boot(file).Dispose()).Message);
    }

    private static byte[] SelfUnpacking(string version, string data = Era.Virtio31, uint pageOffset = PageOffset)
    {
        byte[] kernel = Elf(new Segment(Physical, LguestData(data, pageOffset), Virtual: Physical + pageOffset));
        byte[] file = BzImageOf(Gzip(kernel), version, before: new byte[300]);
        Put32(file, 0x214, LoadAddress);
        Put32(file, 0x230, 0x100000);
        return file;
    }

    private ScriptedGuest Boot(byte[] kernel, string abi = "auto") =>
        ScriptedGuest.Fresh(new GuestDefinition { Name = "boots", Kernel = folder.Write("kernel", kernel), Memory = Ram, Abi = abi });
}
