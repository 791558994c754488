using Xunit;

namespace LguestPS.Tests.Disks;

/// <summary>Disks: a request in the device's page, data in the sent or the bound DMA (ABI §8).</summary>
public sealed class BlockTests : IDisposable
{
    private const uint Sent = ScriptedGuest.DmaAddress;
    private const uint Reply = ScriptedGuest.DmaAddress + 0x100;
    private const uint Data = ScriptedGuest.FreePages;
    private const int Sectors = 8;
    private const uint Ok = 1, Failed = 2;

    // The console has slot 0 and no page, so the disk's page follows the descriptor page.
    private const uint Page = ScriptedGuest.MemorySize + 0x1000;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Its_page_says_how_many_sectors_there_are()
    {
        using ScriptedGuest guest = WithDisk();
        Assert.Equal((uint)Sectors, guest.Memory.Read32(Page + 16));
    }

    [Fact]
    public void A_part_of_a_sector_at_the_end_is_not_there()
    {
        using ScriptedGuest guest = WithDisk(bytes: 3 * 512 + 511);
        Assert.Equal(3u, guest.Memory.Read32(Page + 16));
        Assert.Equal(Failed, Read(guest, sector: 3, 512));
    }

    [Fact]
    public void A_read_fills_the_bound_buffer_and_raises_the_irq()
    {
        using ScriptedGuest guest = WithDisk();
        guest.Gate(0x22, 0xC0003000);
        guest.IrqEnabled = 0x200;
        guest.Dma(Sent);
        Request(guest, write: 0, sector: 2, bytes: 1024);
        guest.Dma(Reply, (Data, 1024));
        List<LguestEvent> events = guest.Hypercall(Call.SendDma, Page, Sent).Code().Play();

        Assert.Equal(["SEND_DMA", "Send", "Receive", "irq 2"], events.Select(happened => happened switch
        {
            DmaEvent dma => dma.Direction.ToString(),
            _ => ScriptedGuest.Words([happened])[0],
        }));
        Assert.Equal(Ok, Result(guest));
        Assert.Equal([.. Sector(2), .. Sector(3)], guest.Memory.Read(Data, 1024).ToArray());
        DmaEvent received = events.OfType<DmaEvent>().Last();
        Assert.Equal(("block0", Page, Reply, 1024), (received.Device, received.Key, received.Address, received.Data.Length));
    }

    [Fact]
    public void Both_used_lengths_stay_0_so_the_reply_buffer_stays_free()
    {
        using ScriptedGuest guest = WithDisk();
        Assert.Equal(Ok, Read(guest, 0, 512));
        Assert.Equal((0u, 0u), (guest.UsedLength(Sent), guest.UsedLength(Reply)));
        Assert.Equal(Ok, Read(guest, 1, 512));
        Assert.Equal(Sector(1), guest.Memory.Read(Data, 512).ToArray());
    }

    [Theory]
    [InlineData(BlockMode.Snapshot)]
    [InlineData(BlockMode.ReadWrite)]
    public void What_is_written_can_be_read_back(BlockMode mode)
    {
        using ScriptedGuest guest = WithDisk(mode);
        byte[] data = [.. Enumerable.Range(0, 1024).Select(i => (byte)(i * 7))];
        Assert.Equal(Ok, Write(guest, 3, data));
        Assert.Equal(Ok, Read(guest, 2, 2048));
        Assert.Equal([.. Sector(2), .. data, .. Sector(5)], guest.Memory.Read(Data, 2048).ToArray());
    }

    [Fact]
    public void ReadWrite_writes_to_the_file_and_snapshot_does_not()
    {
        byte[] data = [.. Enumerable.Repeat((byte)0xEE, 512)];
        byte[] original = Image(Sectors * 512);
        using (ScriptedGuest guest = WithDisk(BlockMode.Snapshot)) Assert.Equal(Ok, Write(guest, 7, data));
        Assert.Equal(original, File.ReadAllBytes(folder.Path("disk.img")));

        using (ScriptedGuest guest = WithDisk(BlockMode.ReadWrite)) Assert.Equal(Ok, Write(guest, 7, data));
        Assert.Equal([.. original[..(7 * 512)], .. data], File.ReadAllBytes(folder.Path("disk.img")));
    }

    [Fact]
    public void A_readOnly_disk_refuses_writes_and_serves_reads()
    {
        using ScriptedGuest guest = WithDisk(BlockMode.ReadOnly);
        Assert.Equal(Failed, Write(guest, 0, new byte[512]));
        Assert.Equal(Ok, Read(guest, 0, 512));
        Assert.Equal(Sector(0), guest.Memory.Read(Data, 512).ToArray());
    }

    [Fact]
    public void A_part_of_a_sector_that_was_written_is_read_right()
    {
        using ScriptedGuest guest = WithDisk();
        byte[] data = [.. Enumerable.Repeat((byte)0xAB, 512)];
        Write(guest, 1, data);
        Assert.Equal(Ok, Read(guest, 0, 512 + 100));
        Assert.Equal([.. Sector(0), .. data[..100]], guest.Memory.Read(Data, 612).ToArray());
    }

    [Theory] // a guest once grew the host's disk image
    [InlineData(8u, 512u)]
    [InlineData(7u, 1024u)]
    [InlineData(0x00800000u, 512u)]         // times 512 this is 2^32
    [InlineData(0x80000000u, 512u)]
    [InlineData(0xFFFFFFFFu, 512u)]
    public void A_request_past_the_end_fails_and_the_guest_goes_on(uint sector, uint bytes)
    {
        foreach (BlockMode mode in new[] { BlockMode.Snapshot, BlockMode.ReadWrite })
        {
            using ScriptedGuest guest = WithDisk(mode);
            Assert.Equal(Failed, Read(guest, sector, bytes));
            Assert.Equal(Failed, Write(guest, sector, new byte[bytes]));
            Assert.Null(guest.Ending);
            Assert.Equal(Ok, Read(guest, 0, 512));
        }
        Assert.Equal(Image(Sectors * 512), File.ReadAllBytes(folder.Path("disk.img")));
    }

    [Theory]
    [InlineData(512u, 511)]
    [InlineData(0xFFFFFFFFu, 512)]
    [InlineData(0x80000000u, 512)]
    public void A_read_longer_than_its_buffer_fails(uint bytes, int room)
    {
        using ScriptedGuest guest = WithDisk();
        guest.Memory.Write(Data, 512).Fill(0x55);
        Assert.Equal(Failed, Read(guest, 0, bytes, room));
        Assert.All(guest.Memory.Read(Data, 512).ToArray(), value => Assert.Equal(0x55, value));
    }

    [Theory]
    [InlineData(512u, 511)]
    [InlineData(1024u, 512)]
    [InlineData(512u, 1024)]
    [InlineData(0xFFFFFFFFu, 512)]
    public void A_write_whose_data_has_another_length_fails(uint bytes, int sent)
    {
        using ScriptedGuest guest = WithDisk();
        guest.Dma(Sent, (Data, sent));
        Assert.Equal(Failed, Serve(guest, write: 1, sector: 0, bytes));
        Assert.Equal(Ok, Read(guest, 0, 512));
        Assert.Equal(Sector(0), guest.Memory.Read(Data, 512).ToArray());
    }

    [Fact]
    public void A_failed_request_raises_the_irq_too()
    {
        using ScriptedGuest guest = WithDisk();
        guest.Gate(0x22, 0xC0003000);
        guest.IrqEnabled = 0x200;
        guest.Dma(Sent);
        Request(guest, 0, sector: 99, 512);
        guest.Dma(Reply, (Data, 512));
        Assert.Single(guest.Hypercall(Call.SendDma, Page, Sent).Code().Play().OfType<InterruptEvent>());
    }

    [Fact]
    public void A_request_without_a_bound_or_a_free_reply_buffer_kills()
    {
        using ScriptedGuest unbound = WithDisk(bind: false);
        unbound.Hypercall(Call.SendDma, Page, unbound.Dma(Sent)).Play();
        Assert.Equal("block0: request without a bound reply buffer", unbound.Ending);

        using ScriptedGuest busy = WithDisk();
        busy.Dma(Reply, (Data, 512));
        busy.Memory.Write32(Reply, 1);
        busy.Hypercall(Call.SendDma, Page, busy.Dma(Sent)).Play();
        Assert.Equal("block0: request without a free reply buffer", busy.Ending);
    }

    [Fact]
    public void Two_disks_have_pages_and_names_of_their_own()
    {
        string second = folder.Write("second.img", [.. Enumerable.Repeat((byte)2, 1024)]);
        string first = folder.Write("disk.img", Image(512));
        using ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Devices = [new BlockDefinition(first), new BlockDefinition(second)] });
        Assert.Equal((1u, 2u), (guest.Memory.Read32(Page + 16), guest.Memory.Read32(Page + 0x1000 + 16)));
        guest.Hypercall(Call.BindDma, Page + 0x1000, Reply, 1 << 8 | 2).Play();
        guest.Dma(Reply, (Data, 512));
        guest.Memory.Write32(Page + 0x1000 + 8, 512);
        guest.Hypercall(Call.SendDma, Page + 0x1000, guest.Dma(Sent));
        Assert.All(guest.Play().OfType<DmaEvent>(), dma => Assert.Equal("block1", dma.Device));
        Assert.Equal(2, guest.Memory.Read8(Data));
    }

    [Fact]
    public void An_image_that_cannot_be_opened_is_an_error_and_leaves_nothing_open()
    {
        string good = folder.Write("disk.img", Image(512));
        GuestDefinition definition = ScriptedGuest.Definition with
        {
            Devices = [new BlockDefinition(good, BlockMode.ReadWrite), new BlockDefinition(folder.Path("missing.img"))],
        };
        LguestException missing = Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(definition));
        Assert.Equal((LguestError.FileUnavailable, folder.Path("missing.img")), (missing.Error, missing.Path));
        using FileStream free = new(good, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    [Fact]
    public void An_image_smaller_than_a_sector_is_an_error()
    {
        string small = folder.Write("small.img", new byte[511]);
        LguestException refused = Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(ScriptedGuest.Definition with { Devices = [new BlockDefinition(small)] }));
        Assert.Equal(LguestError.InvalidImage, refused.Error);
    }

    [Fact]
    public void Removing_the_guest_closes_the_image()
    {
        ScriptedGuest guest = WithDisk(BlockMode.ReadWrite);
        guest.Dispose();
        using FileStream free = new(folder.Path("disk.img"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    private ScriptedGuest WithDisk(BlockMode mode = BlockMode.Snapshot, int bytes = Sectors * 512, bool bind = true)
    {
        string image = folder.Write("disk.img", Image(bytes));
        ScriptedGuest guest = ScriptedGuest.Initialised(ScriptedGuest.Definition with { Devices = [new ConsoleDefinition(), new BlockDefinition(image, mode)] });
        if (bind) guest.Hypercall(Call.BindDma, Page, Reply, 1 << 8 | 2).Play();
        return guest;
    }

    private static byte[] Image(int bytes) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(i / 512 * 16 + i % 13))];

    private static byte[] Sector(int number) => Image(Sectors * 512)[(number * 512)..((number + 1) * 512)];

    private static uint Read(ScriptedGuest guest, uint sector, uint bytes, int? room = null)
    {
        guest.Dma(Sent);
        guest.Dma(Reply, (Data, room ?? (int)Math.Min(bytes, 0x8000)));
        return Serve(guest, write: 0, sector, bytes);
    }

    private static uint Write(ScriptedGuest guest, uint sector, byte[] data)
    {
        guest.Memory.Write(Data, data);
        guest.Dma(Sent, (Data, data.Length));
        guest.Dma(Reply);
        return Serve(guest, write: 1, sector, (uint)data.Length);
    }

    private static uint Serve(ScriptedGuest guest, uint write, uint sector, uint bytes)
    {
        Request(guest, write, sector, bytes);
        guest.Hypercall(Call.SendDma, Page, Sent).Play();
        return Result(guest);
    }

    private static void Request(ScriptedGuest guest, uint write, uint sector, uint bytes)
    {
        guest.Memory.Write32(Page, write);
        guest.Memory.Write32(Page + 4, sector);
        guest.Memory.Write32(Page + 8, bytes);
        guest.Memory.Write32(Page + 12, 0);
    }

    private static uint Result(ScriptedGuest guest) => guest.Memory.Read32(Page + 12);
}
