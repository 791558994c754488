using System.Buffers.Binary;
using System.Diagnostics;
using LguestPS.Launcher;
using LguestPS.Tests.Launcher;
using Xunit;

namespace LguestPS.Tests.Disks;

/// <summary>What can happen to a disk's files: each has a clear result, and nothing is lost without a word.</summary>
public sealed class DiskTroubleTests : IDisposable
{
    private const int Sectors = 16;

    private static readonly string LauncherPath = Path.Combine(AppContext.BaseDirectory, "lguest");

    private readonly TempFolder folder = new();

    private string Image => folder.Path("disk.img");

    public DiskTroubleTests() => folder.Write("disk.img", [.. Enumerable.Repeat((byte)1, Sectors * 512)]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_system_longer_than_its_image_gets_errors_past_the_end_and_the_rest_works()
    {
        using DiskGuest guest = new(new BlockDefinition(Image, BlockMode.ReadWrite));
        Assert.Equal(DiskGuest.Failed, guest.Read(Sectors, out _));
        Assert.Equal(DiskGuest.Failed, guest.Fill(Sectors, 9));
        Assert.Equal(1, guest.Value(Sectors - 1));
        Assert.Equal((Sectors * 512, 2L), (new FileInfo(Image).Length, guest.Disk.FailedCount));
        Assert.Empty(guest.Warnings);       // the guest's own mistake
    }

    [SkippableTheory]
    [InlineData(BlockMode.ReadWrite)]
    [InlineData(BlockMode.ReadOnly)]
    [InlineData(BlockMode.Snapshot)]
    public void An_image_that_was_cut_off_while_running_fails_what_needs_the_missing_part(BlockMode mode)
    {
        using DiskGuest guest = new(new BlockDefinition(Image, mode));
        Shell.Run($"truncate -s 1024 '{Image}'");
        Assert.Equal(DiskGuest.Failed, guest.Read(5, out _));
        Assert.Equal(1, guest.Value(1));
        string warning = Assert.Single(guest.Warnings);
        Assert.Equal($"block0: a read failed: '{Image}' has become shorter while in use; it had {Sectors * 512} bytes", warning);
        Assert.Equal(warning, guest.Disk.Problem);

        uint written = guest.Fill(9, 9);
        Assert.Equal(mode == BlockMode.Snapshot ? DiskGuest.Ok : DiskGuest.Failed, written);
        if (mode == BlockMode.Snapshot) Assert.Equal(9, guest.Value(9));
        Assert.Equal(1024, new FileInfo(Image).Length);
    }

    [SkippableTheory]
    [InlineData("rm")]
    [InlineData("cp disk.img other; mv other")]
    public void A_write_to_an_image_that_was_removed_or_replaced_fails(string command)
    {
        using DiskGuest guest = new(new BlockDefinition(Image, BlockMode.ReadWrite));
        Assert.Equal(DiskGuest.Ok, guest.Fill(0, 2));
        Shell.Run($"cd '{folder.Path("")}' && {command} disk.img");
        Assert.Equal(DiskGuest.Failed, guest.Fill(1, 3));
        Assert.Contains("was removed or replaced while in use", Assert.Single(guest.Warnings));
        Assert.Equal(2, guest.Value(0));    // the file that was opened can still be read
    }

    [SkippableFact]
    public void A_problem_is_said_once_not_at_every_retry()
    {
        using DiskGuest guest = new(new BlockDefinition(Image, BlockMode.ReadWrite));
        Shell.Run($"rm '{Image}'");
        for (int i = 0; i < 10; i++) Assert.Equal(DiskGuest.Failed, guest.Fill(1, 3));
        Assert.Single(guest.Warnings);
        Assert.Equal(10, guest.Disk.FailedCount);
    }

    [Theory]
    [InlineData(BlockMode.ReadWrite, BlockMode.ReadWrite, false)]
    [InlineData(BlockMode.ReadWrite, BlockMode.Snapshot, false)]
    [InlineData(BlockMode.Snapshot, BlockMode.ReadWrite, false)]
    [InlineData(BlockMode.Snapshot, BlockMode.Snapshot, true)]
    [InlineData(BlockMode.ReadOnly, BlockMode.Snapshot, true)]
    public void An_image_that_is_written_has_one_user(BlockMode first, BlockMode second, bool allowed)
    {
        using DiskGuest user = new(new BlockDefinition(Image, first));
        if (allowed)
        {
            new DiskGuest(new BlockDefinition(Image, second)).Dispose();
            return;
        }
        LguestException refused = Assert.Throws<LguestException>(() => new DiskGuest(new BlockDefinition(Image, second)));
        Assert.Equal(LguestError.FileUnavailable, refused.Error);
        Assert.Equal($"disk image '{Image}' is in use: who writes it must be its only user. End the other guest, or give each a copy", refused.Message);
    }

    [Fact]
    public void One_guest_cannot_have_an_image_twice_if_it_writes_it()
    {
        GuestDefinition twice = ScriptedGuest.Definition with { Devices = [new BlockDefinition(Image, BlockMode.ReadWrite), new BlockDefinition(Image, BlockMode.ReadWrite)] };
        Assert.Contains("is in use", Assert.Throws<LguestException>(() => ScriptedGuest.Fresh(twice)).Message);
    }

    [Fact]
    public void A_snapshot_in_memory_never_outgrows_its_disk_and_shows_its_size()
    {
        using DiskGuest guest = new(new BlockDefinition(Image));
        for (int round = 0; round < 3; round++)
            for (uint sector = 0; sector < Sectors; sector++) Assert.Equal(DiskGuest.Ok, guest.Fill(sector, (byte)round));
        Assert.Equal((Sectors * 512L, 3L * Sectors), (guest.Disk.ChangedBytes, guest.Disk.WriteCount));
    }

    [Fact]
    public void Disks_are_saved_on_request_and_the_guest_goes_on()
    {
        using DiskGuest guest = new(new BlockDefinition(Image, BlockMode.ReadWrite));
        guest.Fill(0, 5);
        guest.Guest.SyncDisks();
        guest.Fill(1, 6);
        guest.PowerDown();
        guest.Guest.SyncDisks();        // nothing is left to save
        Assert.Empty(guest.Warnings);
        guest.Dispose();
        Assert.Equal((5, 6), (File.ReadAllBytes(Image)[0], File.ReadAllBytes(Image)[512]));
    }

    [SkippableFact]
    public void A_full_file_system_is_an_error_in_the_guest_and_a_word_to_the_user()
    {
        Skip.IfNot(Shell.TryRun($"unshare -rm mount -t tmpfs none '{folder.Path("")}'").Status == 0, "this user may not mount a file system of its own");
        string mount = Directory.CreateDirectory(folder.Path("small")).FullName;
        string output = Shell.Run(
            $"unshare -rm sh -c 'mount -t tmpfs -o size=256k none {mount} && truncate -s 1M {mount}/disk.img && "
            + $"{LauncherPath} --block={mount}/disk.img 4 {Launched.TestGuest("writer")} once; echo status $?'");
        string[] lines = output.TrimEnd().Split('\n');
        Assert.Matches("^[0-9]+: result 2$", lines.Single(line => line.Contains("result")));
        Assert.Contains("lguest: guest 'writer.elf': block0: a write failed: No space left on device", string.Join('\n', lines));
        Assert.Equal($"status {ExitStatus.Died}", lines[^1]);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("changes.ovl")]
    public void Killing_the_process_loses_no_acknowledged_write(string overlay)
    {
        Skip.If(OperatingSystem.IsWindows(), "there is no kill -9");
        const int disk = 4096, enough = 3000;
        File.WriteAllBytes(Image, new byte[disk * 512]);
        string definition = folder.Path("writer.yaml");
        File.WriteAllText(definition, $"kernel: {Launched.TestGuest("writer")}\nmemory: 4MiB\ndevices:\n  - console\n  - block: {{ path: {Image}, {(overlay.Length > 0 ? $"overlay: {folder.Path(overlay)}" : "mode: readWrite")} }}\n");
        using Process launcher = Process.Start(new ProcessStartInfo(LauncherPath, [definition]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        int acknowledged = 0;
        while (acknowledged < enough) acknowledged = int.Parse(launcher.StandardOutput.ReadLine()!);
        launcher.Kill();
        string rest = launcher.StandardOutput.ReadToEnd();
        acknowledged = rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Append(acknowledged).Max();
        Assert.True(launcher.WaitForExit(TimeSpan.FromMinutes(5)));

        using DiskGuest reader = new(new BlockDefinition(Image, Overlay: overlay.Length > 0 ? folder.Path(overlay) : null));
        for (int number = Math.Max(1, acknowledged - disk + 2); number <= acknowledged; number++)     // the write on the way may have replaced the oldest
        {
            Assert.Equal(DiskGuest.Ok, reader.Read((uint)((number - 1) % disk), out byte[] sector));
            Assert.All(sector.Chunk(4), word => Assert.Equal(number, BinaryPrimitives.ReadInt32LittleEndian(word)));
        }
    }

    [Fact]
    public void A_guest_whose_initrd_is_cut_off_says_so_and_the_host_passes_it_on()
    {
        string whole = folder.Write("whole", [0x00, 0x60, 0, 0, .. new byte[0x6000 - 4]]);
        string cut = folder.Write("cut", File.ReadAllBytes(whole)[..5000]);
        Assert.Equal((ExitStatus.PowerDown, ""), (Initrd(whole).Status, Initrd(whole).Error));
        Assert.Equal((ExitStatus.Died, "lguest: guest 'initrd.elf' ended: CRASH: Kernel panic: the initrd is cut off\n"), (Initrd(cut).Status, Initrd(cut).Error));
        Launched empty = Initrd(folder.Write("empty", []));
        Assert.Equal((ExitStatus.BadRequest, $"lguest: initrd '{folder.Path("empty")}' is empty\n"), (empty.Status, empty.Error));
    }

    private static Launched Initrd(string path) => Launched.Run($"--initrd={path}", "4", Launched.TestGuest("initrd"));
}
