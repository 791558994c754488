using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Disks;

/// <summary>A snapshot without a file holds what it may, and then fails writes with a sentence; it never fills this machine's memory.</summary>
public sealed class SnapshotLimitTests : IDisposable
{
    private const long MiB = 1L << 20, GiB = 1L << 30;
    private const int SectorsInLimit = 2048;

    private readonly TempFolder folder = new();

    private string Image => folder.Path("disk.img");

    public SnapshotLimitTests()
    {
        using FileStream image = File.Create(Image);
        image.SetLength(4 * MiB);
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(4 * MiB, null, 16 * GiB, 4 * MiB, 4 * MiB)]                 // never more than the disk
    [InlineData(64 * GiB, null, 16 * GiB, 8 * GiB, 2 * GiB)]                // half of the machine, an eighth in memory
    [InlineData(64 * GiB, null, 64 * MiB, 64 * MiB, 64 * MiB)]              // enough for something on a small one
    [InlineData(64 * GiB, 20 * GiB, 16 * GiB, 20 * GiB, 2 * GiB)]           // what the user says
    [InlineData(64 * GiB, 1 * MiB, 16 * GiB, 1 * MiB, 1 * MiB)]
    public void The_limit_follows_from_the_disk_and_the_machine(long disk, long? wanted, long machine, long bytes, long inMemory)
    {
        SnapshotLimit limit = SnapshotLimit.Of(disk, wanted, machine);
        Assert.Equal((bytes, inMemory), (limit.Bytes, limit.InMemory));
        Assert.Equal(wanted is null ? inMemory : bytes, limit.WithCheckpoints);
    }

    [Fact]
    public void At_its_limit_a_write_fails_in_the_guest_and_one_warning_says_why()
    {
        using DiskGuest guest = new(new BlockDefinition(Image) { Limit = MiB });
        for (uint sector = 0; sector < SectorsInLimit; sector++) Assert.Equal(DiskGuest.Ok, guest.Fill(sector * 2, 7));
        Assert.Equal(DiskGuest.Failed, guest.Fill(1, 8));
        Assert.Equal(DiskGuest.Failed, guest.Fill(3, 8));
        Assert.Equal("block0: a write failed: the snapshot holds all of the 1 MiB it may; give the disk a larger 'limit' or an 'overlay' file", Assert.Single(guest.Warnings));
        Assert.Equal((0, 7), (guest.Value(1), guest.Value(2)));
        Assert.Equal(DiskGuest.Ok, guest.Fill(2, 9));           // what it holds already can be written again
        Assert.Equal((9, MiB), (guest.Value(2), guest.Disk.ChangedBytes));
    }

    [Fact]
    public void What_does_not_fit_into_memory_spills_to_a_temporary_file_and_reads_the_same()
    {
        using MemoryOverlay overlay = new(new SnapshotLimit(Bytes: 8 * 512, InMemory: 2 * 512, WithCheckpoints: 2 * 512));
        for (byte sector = 0; sector < 8; sector++) overlay.Write(sector, Sector(sector));
        Assert.True(overlay.HasSpilled);
        overlay.Write(1, Sector(0x11));
        overlay.Write(6, [.. Sector(0x66), .. Sector(0x77)]);
        Assert.Equal([0, 0x11, 2, 3, 4, 5, 0x66, 0x77], Enumerable.Range(0, 8).Select(sector => Read(overlay, sector)));
        Assert.Equal(8, overlay.SectorCount);
        Assert.Throws<IOException>(() => overlay.Write(8, Sector(8)));
        Assert.False(overlay.Has(8));
    }

    [Fact]
    public void What_a_checkpoint_keeps_stays_in_memory_and_has_the_limit_of_that()
    {
        using MemoryOverlay overlay = new(new SnapshotLimit(Bytes: 8 * 512, InMemory: 2 * 512, WithCheckpoints: 2 * 512));
        overlay.Write(0, Sector(1));
        _ = overlay.Image;
        overlay.Write(1, Sector(2));
        Assert.Contains("checkpoints and recording", Assert.Throws<IOException>(() => overlay.Write(2, Sector(3))).Message);
        Assert.False(overlay.HasSpilled);
    }

    [Fact]
    public void A_guest_whose_snapshot_has_spilled_has_no_checkpoints()
    {
        using BlockStore store = BlockStore.Open(new BlockDefinition(Image), new SnapshotLimit(MiB, InMemory: 512, WithCheckpoints: 512));
        Assert.True(store.TryWrite(0, Sector(1)));
        Assert.Null(store.CheckpointObstacle);
        Assert.True(store.TryWrite(512, Sector(2)));
        Assert.Contains("has outgrown memory", store.CheckpointObstacle);
    }

    [Theory]
    [InlineData(BlockMode.ReadWrite, null, 4 * MiB, "a disk with a limit needs mode 'snapshot' and no overlay")]
    [InlineData(BlockMode.Snapshot, "/o", 4 * MiB, "a disk with a limit needs mode 'snapshot' and no overlay")]
    [InlineData(BlockMode.Snapshot, null, 512L, "a snapshot's limit of 512 bytes is not possible; give at least 1 MiB")]
    public void A_limit_that_means_nothing_is_refused(BlockMode mode, string? overlay, long limit, string problem)
    {
        GuestDefinition definition = ScriptedGuest.Definition with { Devices = [new BlockDefinition("/d", mode, overlay) { Limit = limit }] };
        Assert.StartsWith(problem, Assert.Single(definition.Validate()).Problem);
    }

    private static byte[] Sector(byte value) => [.. Enumerable.Repeat(value, 512)];

    private static byte Read(MemoryOverlay overlay, long sector)
    {
        byte[] bytes = new byte[512];
        overlay.Read(sector, bytes);
        return Assert.Single(bytes.Distinct());
    }
}
