using System.Text;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.Paging;
using Xunit;
using static LguestPS.Tests.KernelFiles;

namespace LguestPS.Tests.Eras;

/// <summary>Guests with more memory than their kernels map, up to 3 GiB, and what is refused.</summary>
public sealed class LargeMemoryTests : IDisposable
{
    private const uint LowMemory = 768u << 20;
    private const long Most = 3L << 30;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory] // above it an old kernel does not look for an initrd
    [InlineData(Era.October)]
    [InlineData(Era.Virtio2625)]
    [InlineData(Era.Virtio2631)]
    [InlineData(Era.Virtio31)]
    public void What_the_kernel_is_given_lies_where_every_kernel_maps_memory(string abi)
    {
        using ScriptedGuest guest = Boot(Smallest, abi, Most, initrd: 5000);
        Assert.Equal((LowMemory - 8192, 8192u), (guest.Memory.Read32(0x218), guest.Memory.Read32(0x21C)));
        Assert.Equal((byte)7, guest.Memory.Read8(LowMemory - 8192));
        Assert.Equal(Most, guest.Memory.Read32(0x2D0 + 8));
        if (guest.Guest.Abi.Boot.HasTables) Assert.Equal(LowMemory - 8192 - 4096, guest.Guest.Machine.PageDirectory);
    }

    [Theory]
    [InlineData(Era.Virtio2625, 0u)]
    [InlineData(Era.Virtio2631, 0xC0000000u)]
    public void The_first_page_tables_map_all_that_fits(string abi, uint from)
    {
        using ScriptedGuest guest = Boot(Smallest, abi, Most);
        PageTables tables = guest.Guest.Machine.PageTables;
        uint directory = guest.Guest.Machine.PageDirectory, last = (1u << 30) - (8 << 20);
        Assert.Equal(last, tables.Walk(directory, from + last, PageAccess.Write).Physical);
        Assert.True(tables.Walk(directory, from + last, PageAccess.Write).Ok);
    }

    [Fact]
    public void A_guest_reaches_its_last_byte()
    {
        using ScriptedGuest guest = Boot(Smallest, Era.Virtio31, Most);
        guest.Memory.Write8((uint)Most - 1, 0x5A);
        Translation last = guest.Guest.Machine.PageTables.Walk(0, (uint)Most - 1, PageAccess.Write);
        Assert.Equal((true, (uint)Most - 1), (last.Ok, last.Physical));
        Assert.Equal((byte)0x5A, guest.Memory.Read8(last.Physical));
    }

    [Fact] // one piece of ours cannot be so long
    public void A_guest_that_names_more_than_2_GiB_at_once_ends_as_with_any_bad_address()
    {
        using ScriptedGuest guest = Boot(Smallest, Era.Virtio31, Most);
        GuestKilledException refused = Assert.ThrowsAny<GuestKilledException>(() => guest.Memory.Read(0, 0x80000001));
        Assert.Equal("bad read address 0x00000000 len 2147483649", refused.Message);
        Assert.ThrowsAny<GuestKilledException>(() => guest.Memory.Write(4096, 0x90000000));
    }

    [Theory] // such a kernel takes the end of what it maps for the end of memory
    [InlineData("2.6.23", "dma-2.6.23", 0xC0000000u, 880)]
    [InlineData("2.6.27", Era.Virtio2624, 0xC0000000u, 880)]
    [InlineData("3.2.65", Era.Virtio31, 0xB0000000u, 1136)]
    [InlineData("3.2.65", Era.Virtio31, 0x80000000u, 1904)]
    public void A_kernel_without_high_memory_that_would_not_find_its_devices_is_refused(string version, string data, uint pageOffset, int most)
    {
        byte[] kernel = Kernel(version, data, pageOffset, "Use a HIGHMEM enabled kernel.\n");
        Boot(kernel, "auto", (long)most << 20).Dispose();
        LguestException refused = Assert.Throws<LguestException>(() => Boot(kernel, "auto", ((long)most << 20) + 4096).Dispose());
        Assert.Equal(LguestError.InvalidImage, refused.Error);
        Assert.EndsWith($"is built without CONFIG_HIGHMEM: of {most} MiB it would use a part, and look for its devices where that ends; give at most {most} MiB", refused.Message);
    }

    [Fact]
    public void One_with_high_memory_has_what_it_is_given()
    {
        using ScriptedGuest guest = Boot(Kernel("3.2.65", Era.Virtio31, PageOffset, "Use a HIGHMEM64G enabled kernel.\n"), "auto", Most);
        Assert.Equal((uint)Most, guest.Memory.RamSize);
    }

    [Fact]
    public void An_initrd_that_no_memory_is_large_enough_for_is_said_to_be()
    {
        string kernel = folder.Write("kernel", Elf(new Segment(Physical, [.. Signature, 0x90], Size: LowMemory)));
        LguestException refused = Assert.Throws<LguestException>(
            () => ScriptedGuest.Fresh(new GuestDefinition { Name = "large", Kernel = kernel, Initrd = folder.Write("initrd", new byte[10]), Memory = Most, Abi = Era.October }));
        Assert.EndsWith("and its initrd need 770 MiB, all below 768 MiB, so no memory is large enough; give a smaller initrd, or a disk instead", refused.Message);
    }

    [Fact]
    public void An_image_of_3_GiB_holds_only_what_was_touched()
    {
        using GuestMemory memory = new((uint)Most, devicePages: 1), copy = new((uint)Most, devicePages: 1);
        memory.Write32((uint)Most - 4, 0x12345678);
        MemoryImage image = MemoryImage.Of(memory, allChanged: false);
        Assert.Equal(GuestMemory.PageSize, image.UsedBytes);
        image.CopyTo(copy, allChanged: false);
        Assert.Equal(0x12345678u, copy.Read32((uint)Most - 4));
    }

    private static byte[] Kernel(string version, string data, uint pageOffset, string text) =>
        Elf(new Segment(Physical, [.. Signature, .. Encoding.ASCII.GetBytes($"Linux version {version} (a@b) #1\0{text}\0"), .. LguestData(data, pageOffset, pageOffset + Physical)], Virtual: pageOffset + Physical));

    private ScriptedGuest Boot(byte[] kernel, string abi, long memory, int initrd = 0) => ScriptedGuest.Fresh(new GuestDefinition
    {
        Name = "large", Kernel = folder.Write("kernel", kernel), Memory = memory, Abi = abi,
        Initrd = initrd == 0 ? null : folder.Write("initrd", [.. Enumerable.Repeat((byte)7, initrd)]),
    });
}
