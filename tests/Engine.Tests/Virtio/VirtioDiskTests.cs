using System.Buffers.Binary;
using LguestPS.Abi;
using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>Requests to a disk and what they are answered (virtio 1.0, 5.2.6).</summary>
public sealed class VirtioDiskTests : IDisposable
{
    private const int Sectors = 64;
    private const byte Ok = 0, Failed = 1, Unsupported = 2, None = 0xEE;

    private readonly TempFolder folder = new();
    private readonly byte[] contents = new byte[Sectors * 512];
    private BusRig? rig;

    public VirtioDiskTests() => new Random(5).NextBytes(contents);

    private BusRig Rig => rig ??= Make(LguestBusRules.V31);

    public void Dispose()
    {
        rig?.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_read_fills_the_buffers_and_says_how_many_bytes_were_written()
    {
        uint to = Rig.Allocate(1024);
        Assert.Equal(Ok, Request(0, 5, [(to, 1024, true)]));
        Assert.Equal(contents[(5 * 512)..(7 * 512)], Rig.Memory.Read(to, 1024).ToArray());
        Assert.Equal((0u, 1025u), Rig.Ring(0, 0).UsedElement(0));
        Assert.Equal([1], Rig.Interrupts);
    }

    [Fact]
    public void A_read_is_spread_over_buffers_of_any_length()
    {
        (uint, int, bool)[] pieces = [.. new[] { 100, 1, 411, 1000, 24 }.Select(length => (Rig.Allocate(length), length, true))];
        Assert.Equal(Ok, Request(0, 0, pieces));
        Assert.Equal(contents[..1536], pieces.SelectMany(piece => Rig.Memory.Read(piece.Item1, (uint)piece.Item2).ToArray()).ToArray());
    }

    [Theory]
    [InlineData(512)]
    [InlineData(512 * 20)]
    public void What_is_written_is_read_again(int length)
    {
        byte[] data = new byte[length];
        new Random(6).NextBytes(data);
        Assert.Equal(Ok, Request(1, 7, [(Rig.Put(data.AsSpan(0, 333)), 333, false), (Rig.Put(data.AsSpan(333)), length - 333, false)]));
        Assert.Equal((0u, 1u), Rig.Ring(0, 0).UsedElement(0));
        uint to = Rig.Allocate(length);
        Assert.Equal(Ok, Request(0, 7, [(to, length, true)]));
        Assert.Equal(data, Rig.Memory.Read(to, (uint)length).ToArray());
        Assert.Equal((1, 1, 0), (Disk.ReadCount, Disk.WriteCount, Disk.FailedCount));
    }

    [Fact] // the original ended the guest, and let a disk grow
    public void A_request_past_the_end_is_an_error()
    {
        uint at = Rig.Allocate(1024);
        foreach (ulong sector in (ulong[])[63, 64, uint.MaxValue, long.MaxValue / 512, ulong.MaxValue])
        {
            Assert.Equal(Failed, Request(0, sector, [(at, 1024, true)]));
            Assert.Equal(Failed, Request(1, sector, [(at, 1024, false)]));
        }
        Assert.Equal(10, Disk.FailedCount);
        Assert.Equal(Sectors * 512, new FileInfo(folder.Path("disk")).Length);
    }

    [Fact]
    public void Part_of_a_sector_is_an_error()
    {
        uint at = Rig.Allocate(1024);
        Assert.Equal(Failed, Request(0, 0, [(at, 100, true)]));
        Assert.Equal(Failed, Request(1, 0, [(at, 513, false)]));
    }

    [Fact]
    public void A_write_to_a_disk_for_reading_is_an_error()
    {
        rig = Make(LguestBusRules.V31, BlockMode.ReadOnly);
        Assert.Equal(Failed, Request(1, 0, [(Rig.Allocate(512), 512, false)]));
    }

    [Theory]
    [InlineData(4u, Ok)]
    [InlineData(0x80000000u, Ok)]
    [InlineData(0x80000001u, Ok)]
    [InlineData(2u, Unsupported)]
    [InlineData(3u, Unsupported)]
    [InlineData(9u, Unsupported)]
    [InlineData(0x7FFFFFFFu, Unsupported)]
    public void Each_type_has_its_answer(uint type, byte status) => Assert.Equal(status, Request(type, 0, []));

    [Fact]
    public void Its_id_is_its_name()
    {
        uint id = Rig.Put(new byte[20]);
        Rig.Memory.Write(id, 20).Fill(0xAA);
        Assert.Equal(Ok, Request(8, 0, [(id, 20, true)]));
        Assert.Equal("block0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"u8.ToArray(), Rig.Memory.Read(id, 20).ToArray());
        Assert.Equal(Failed, Request(8, 0, [(id, 19, true)]));
    }

    [Theory] // each must be safe when its status says so
    [InlineData(4u)]
    [InlineData(0x80000000u)]
    public void A_flush_or_barrier_that_fails_is_an_error(uint type)
    {
        rig = Make(LguestBusRules.V2631, BlockMode.ReadWrite);
        Assert.Equal(Ok, Request(1, 0, [(Rig.Allocate(512), 512, false)]));
        Assert.Equal(Ok, Request(type, 0, []));
        Assert.Empty(Rig.Warnings);
    }

    [Fact]
    public void The_header_of_2_6_24_has_24_bytes()
    {
        rig = Make(LguestBusRules.V2624);
        uint to = Rig.Allocate(512);
        Assert.Equal(Ok, Request(0, 3, [(to, 512, true)]));
        Assert.Equal(contents[(3 * 512)..(4 * 512)], Rig.Memory.Read(to, 512).ToArray());
    }

    [Fact]
    public void How_a_request_is_cut_into_descriptors_means_nothing()
    {
        byte[] request = [.. Header(1, 2), .. contents[..512]];
        uint all = Rig.Put(request), status = Rig.Put([None]);
        Rig.Ring(0, 0).Add((all, 3, false), (all + 3, 400, false), (all + 403, request.Length - 403, false), (status, 1, true));
        Rig.Notify(Rig.KeyOf(0, 0));
        Assert.Equal(Ok, Rig.Memory.Read8(status));
        uint to = Rig.Allocate(513);
        Rig.Ring(0, 0).Add((Rig.Put(Header(0, 2)), 16, false), (to, 513, true));
        rig!.Notify(Rig.KeyOf(0, 0));
        Assert.Equal([.. contents[..512], Ok], Rig.Memory.Read(to, 513).ToArray());
    }

    [Fact]
    public void A_request_without_a_header_or_status_ends_the_guest()
    {
        Rig.Ring(0, 0).Add((Rig.Allocate(16), 15, false), (Rig.Allocate(1), 1, true));
        Assert.Contains("a request has 15 bytes", Rig.Kills(Rig.KeyOf(0, 0)));
        rig!.Dispose();
        rig = Make(LguestBusRules.V31);
        Rig.Ring(0, 0).Add((Rig.Allocate(16), 16, false));
        Assert.Contains("no room for its status", Rig.Kills(Rig.KeyOf(0, 0)));
    }

    [Fact]
    public void A_batch_of_requests_is_one_interrupt()
    {
        for (int i = 0; i < 5; i++) Offer(0, 0, [(Rig.Allocate(512), 512, true)]);
        Rig.Notify(Rig.KeyOf(0, 0));
        Assert.Equal(5, Rig.Ring(0, 0).Used);
        Assert.Equal([1], Rig.Interrupts);
    }

    [Fact] // or one kick could keep the host for as long as it takes to read the disk 256 times
    public void A_kick_with_much_to_do_is_served_in_turns_and_is_one_event()
    {
        rig = Make(LguestBusRules.V31, sectors: 8192);
        uint to = 0x20000;
        for (int i = 0; i < 20; i++) Offer(0, 0, [(to, 512 << 10, true)]);
        List<LguestEvent> events = Rig.EventsOf(() => Rig.Notify(Rig.KeyOf(0, 0)));
        Assert.Equal(20, Rig.Ring(0, 0).Used);
        Assert.InRange(Rig.Turns, 5, 20);
        Assert.Single(events.OfType<KickEvent>());
    }

    [Fact]
    public void An_unwatched_request_allocates_nothing()
    {
        uint to = Rig.Allocate(4096);
        for (int i = 0; i < 3; i++) Request(0, 0, [(to, 4096, true)]);
        uint key = Rig.KeyOf(0, 0);
        Offer(0, 0, [(to, 4096, true)]);
        Rig.Interrupts.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Rig.Bus.Devices[0].Device.Serve(Rig.Bus.Devices[0].Device.Queues[0]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4, Rig.Ring(0, 0).Used);
        Assert.NotEqual(0u, key);
    }

    [Fact]
    public void A_request_is_a_chain_taken_and_a_buffer_returned()
    {
        uint to = Rig.Allocate(512);
        List<LguestEvent> events = Rig.EventsOf(() => Request(0, 9, [(to, 512, true)]));
        Assert.Equal(3, events.Count);
        KickEvent kick = Assert.IsType<KickEvent>(events[0]);
        VirtqueueEvent taken = Assert.IsType<VirtqueueEvent>(events[1]), returned = Assert.IsType<VirtqueueEvent>(events[2]);
        Assert.Equal((KickPurpose.Queue, "block0", 0), (kick.Purpose, kick.Device, kick.Queue));
        Assert.Equal((VirtqueueOperation.Taken, 0, null), (taken.Operation, taken.Head, taken.UsedLength));
        Assert.Equal([(16, false), (512, true), (1, true)], taken.Descriptors.Select(descriptor => (descriptor.Length, descriptor.IsWritable)));
        Assert.Equal(Header(0, 9), taken.Data);
        Assert.Equal((VirtqueueOperation.Returned, 0, 513u), (returned.Operation, returned.Head, returned.UsedLength));
        Assert.Equal([.. contents[(9 * 512)..(10 * 512)], Ok], returned.Data);
    }

    private GuestDisk Disk => Rig.Devices.Disks[0].State;

    private static byte[] Header(uint type, ulong sector, int size = 16)
    {
        byte[] header = new byte[size];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return header;
    }

    private uint Offer(uint type, ulong sector, (uint, int, bool)[] data)
    {
        uint status = Rig.Put([None]);
        byte[] header = Header(type, sector, Rig.Rules.BlockHeader);
        Rig.Ring(0, 0).Add([(Rig.Put(header), header.Length, false), .. data, (status, 1, true)]);
        return status;
    }

    private byte Request(uint type, ulong sector, (uint, int, bool)[] data)
    {
        uint status = Offer(type, sector, data);
        Rig.Notify(Rig.KeyOf(0, 0));
        return Rig.Memory.Read8(status);
    }

    private BusRig Make(LguestBusRules rules, BlockMode mode = BlockMode.Snapshot, int sectors = Sectors) =>
        new(rules, new DiskFunction("block0", new BlockDefinition(folder.Write("disk", sectors == Sectors ? contents : new byte[sectors * 512]), mode)));
}
