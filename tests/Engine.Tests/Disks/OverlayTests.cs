using Xunit;

namespace LguestPS.Tests.Disks;

/// <summary>Snapshots that keep their writes in a file.</summary>
public sealed class OverlayTests : IDisposable
{
    private const int Sectors = 20;
    private const int HeaderSize = 4096;
    private const int DataStart = 2 * HeaderSize;

    private readonly TempFolder folder = new();

    private string Image => folder.Path("disk.img");

    private string Overlay => folder.Path("changes.ovl");

    public OverlayTests() => folder.Write("disk.img", [.. Enumerable.Repeat((byte)1, Sectors * 512)]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_next_run_goes_on_with_the_writes_and_the_image_stays_as_it_was()
    {
        byte[] before = File.ReadAllBytes(Image);
        DateTime date = File.GetLastWriteTimeUtc(Image);
        using (DiskGuest first = Start())
        {
            Assert.Equal(DiskGuest.Ok, first.Fill(3, 33));
            Assert.Equal(DiskGuest.Ok, first.Fill(Sectors - 1, 99));
            Assert.Equal(2 * 512, first.Disk.ChangedBytes);
        }
        using (DiskGuest second = Start())
        {
            Assert.Equal(2 * 512, second.Disk.ChangedBytes);
            Assert.Equal([1, 33, 1, 99], new[] { 2u, 3u, 4u, Sectors - 1u }.Select(second.Value));
            second.Fill(3, 34);
        }
        using DiskGuest third = Start();
        Assert.Equal(((byte)34, 2L * 512), (third.Value(3), third.Disk.ChangedBytes));
        Assert.Equal((Convert.ToHexString(before), date), (Convert.ToHexString(File.ReadAllBytes(Image)), File.GetLastWriteTimeUtc(Image)));
    }

    [Fact]
    public void A_read_over_written_and_unwritten_sectors_takes_each_from_where_it_is()
    {
        using DiskGuest guest = Start();
        guest.Fill(1, 7);
        guest.Write(3, [.. Enumerable.Repeat((byte)8, 1024)]);
        Assert.Equal(DiskGuest.Ok, guest.Read(0, out byte[] data, 6 * 512));
        Assert.Equal([1, 7, 1, 8, 8, 1], data.Chunk(512).Select(sector => Assert.Single(sector.Distinct())));
    }

    [Fact]
    public void Any_order_of_writes_reads_back_like_a_plain_disk()
    {
        Random random = new(7);
        byte[] plain = [.. Enumerable.Repeat((byte)1, Sectors)];
        for (int run = 0; run < 4; run++)
        {
            using DiskGuest guest = Start();
            for (int i = 0; i < 40; i++)
            {
                int first = random.Next(Sectors), count = random.Next(1, Sectors - first + 1);
                byte value = (byte)random.Next(2, 255);
                Assert.Equal(DiskGuest.Ok, guest.Write((uint)first, [.. Enumerable.Repeat(value, count * 512)]));
                Array.Fill(plain, value, first, count);
            }
            Assert.Equal(plain, Enumerable.Range(0, Sectors).Select(sector => guest.Value((uint)sector)));
        }
    }

    [SkippableFact]
    public void It_takes_only_the_space_of_what_was_written()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "du counts blocks on Linux");
        File.WriteAllBytes(Image, new byte[64 << 20]);
        using (DiskGuest guest = Start()) guest.Fill(1000, 5);
        Assert.True(new FileInfo(Overlay).Length > 64 << 20);
        using System.Diagnostics.Process du = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("du", ["-k", Overlay]) { RedirectStandardOutput = true })!;
        Assert.InRange(int.Parse(du.StandardOutput.ReadToEnd().Split('\t')[0]), 1, 128);
    }

    [Fact]
    public void A_copy_of_the_image_with_another_date_is_the_same_image()
    {
        using (DiskGuest guest = Start()) guest.Fill(0, 42);
        File.SetLastWriteTimeUtc(Image, new DateTime(2007, 10, 22, 0, 0, 0, DateTimeKind.Utc));
        using DiskGuest again = Start();
        Assert.Equal(42, again.Value(0));
    }

    [Fact]
    public void A_foreign_file_is_refused_and_not_touched()
    {
        byte[] letter = "Dear diary, today I wrote an overlay."u8.ToArray();
        folder.Write("changes.ovl", letter);
        Assert.Contains("is not a disk overlay", Refused().Message);
        Assert.Equal(letter, File.ReadAllBytes(Overlay));
    }

    [Fact]
    public void Another_images_overlay_is_refused()
    {
        using (DiskGuest guest = Start()) guest.Fill(0, 42);
        byte[] other = File.ReadAllBytes(Image);
        other[5000] ^= 1;
        File.WriteAllBytes(Image, other);
        File.SetLastWriteTimeUtc(Image, DateTime.UtcNow.AddDays(-1));
        Assert.Contains($"belongs to another image than '{Image}', or that was changed since", Refused().Message);

        File.WriteAllBytes(Image, new byte[512]);
        Assert.Contains("belongs to a disk of another size", Refused().Message);
    }

    [Fact]
    public void A_later_version_is_refused_by_its_number()
    {
        Start().Dispose();
        Change(8, 9);
        Assert.Contains("has version 9; this program knows versions up to 1", Refused().Message);
    }

    [Theory]
    [InlineData(16, "is damaged: its header does not match its checksum")]
    [InlineData(40, "is damaged: its header does not match its checksum")]
    [InlineData(70, "is damaged: its header does not match its checksum")]
    [InlineData(HeaderSize + 2, "is damaged: it has sectors past the end of the disk")]
    public void A_damaged_overlay_is_refused(int at, string problem)
    {
        using (DiskGuest guest = Start()) guest.Fill(0, 42);
        Change(at, 0xF7);
        Assert.Contains(problem, Refused().Message);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(HeaderSize)]
    [InlineData(HeaderSize + 1)]
    [InlineData(DataStart + Sectors * 512 - 1)]
    [InlineData(DataStart + Sectors * 512 + 1)]
    public void One_of_the_wrong_length_is_refused(int length)
    {
        using (DiskGuest guest = Start()) guest.Fill(0, 42);
        using (FileStream file = new(Overlay, FileMode.Open)) file.SetLength(length);
        LguestException refused = Refused();
        Assert.Equal((LguestError.InvalidImage, Overlay), (refused.Error, refused.Path));
    }

    [Fact]
    public void An_overlay_has_one_user_at_a_time()
    {
        using DiskGuest first = Start();
        Assert.Contains("is in use", Refused(LguestError.FileUnavailable).Message);
        using DiskGuest other = new(new BlockDefinition(Image, BlockMode.Snapshot, folder.Path("other.ovl")));
        Assert.Equal(1, other.Value(0));
    }

    [SkippableFact]
    public void An_overlay_that_was_cut_off_while_running_fails_the_request_with_a_warning()
    {
        using DiskGuest guest = Start();
        guest.Fill(4, 44);
        Shell.Run($"truncate -s 9000 '{Overlay}'");
        Assert.Equal(DiskGuest.Failed, guest.Read(4, out _));
        Assert.Equal(DiskGuest.Failed, guest.Fill(5, 55));
        Assert.Equal(1, guest.Value(5));
        Assert.Equal(2, guest.Warnings.Count);
        Assert.All(guest.Warnings, warning => Assert.Contains($"overlay '{Overlay}' has become shorter while in use", warning));
    }

    [Theory]
    [InlineData(BlockMode.ReadOnly)]
    [InlineData(BlockMode.ReadWrite)]
    public void Only_a_snapshot_has_an_overlay(BlockMode mode)
    {
        LguestException refused = Assert.Throws<LguestException>(() => new DiskGuest(new BlockDefinition(Image, mode, Overlay)));
        Assert.Contains("a disk with an overlay needs mode 'snapshot'", refused.Message);
        Assert.False(File.Exists(Overlay));
    }

    private DiskGuest Start() => new(new BlockDefinition(Image, BlockMode.Snapshot, Overlay));

    private LguestException Refused(LguestError error = LguestError.InvalidImage)
    {
        LguestException refused = Assert.Throws<LguestException>(Start);
        Assert.Equal(error, refused.Error);
        return refused;
    }

    private void Change(int at, byte value)
    {
        using FileStream file = new(Overlay, FileMode.Open);
        file.Position = at;
        file.WriteByte(value);
    }
}
