using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>When a guest can be kept and taken back, and what a checkpoint costs.</summary>
public class CheckpointTests
{
    [Fact]
    public void A_guest_that_has_ended_can_be_taken_back()
    {
        using Guest guest = Start("example-hello");
        Checkpoint checkpoint = guest.TakeCheckpoint();
        string[] first = Finish(guest);
        Assert.Equal(GuestState.Ended, guest.State);
        guest.Restore(checkpoint);
        Assert.Equal((GuestState.Created, 0L, ""), (guest.State, guest.EventCount, guest.ConsoleText));
        Assert.Equal(first, Finish(guest));
    }

    [Fact]
    public void A_guest_that_was_stopped_can_be_taken_back()
    {
        using Guest guest = Start("example-hello");
        Checkpoint checkpoint = guest.TakeCheckpoint();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test" })) guest.Stop();
        Assert.Equal(EndingKind.Stopped, guest.Ending!.Kind);
        guest.Restore(checkpoint);
        Finish(guest);
        Assert.Equal(EndingKind.PowerDown, guest.Ending!.Kind);
    }

    [Fact]
    public void What_was_typed_and_not_read_waits_again()
    {
        using Guest guest = Start("example-echo");
        guest.SendConsole("one\n");
        Checkpoint checkpoint = guest.TakeCheckpoint();
        Finish(guest);
        Assert.Contains("ONE", guest.ConsoleText);
        guest.Restore(checkpoint);
        Assert.DoesNotContain("ONE", guest.ConsoleText);
        Finish(guest);
        Assert.Contains("ONE", guest.ConsoleText);
    }

    [Fact]
    public void Whoever_drives_the_guest_may_keep_it_between_two_events_but_not_take_it_back()
    {
        using Guest guest = Start("example-ring");
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test" }).Take(3))
        {
            Checkpoint checkpoint = guest.TakeCheckpoint();
            Assert.Equal(LguestError.GuestBusy, Assert.Throws<LguestException>(() => guest.Restore(checkpoint)).Error);
        }
    }

    [Fact]
    public void A_guest_cannot_be_kept_in_the_middle_of_a_turn()
    {
        using Guest guest = Start("example-ring");
        LguestError? error = null;
        RunOptions options = new() { Driver = "the test", ConsoleOutput = _ => error = Assert.Throws<LguestException>(() => guest.TakeCheckpoint()).Error };
        _ = guest.Run(options).ToList();
        Assert.Equal(LguestError.GuestBusy, error);
    }

    [Fact]
    public void A_guest_is_not_taken_back_to_another_ones_checkpoint()
    {
        using Guest one = Start("example-hello");
        using Guest other = Start("example-hello");
        Assert.Equal(LguestError.CheckpointRefused, Assert.Throws<LguestException>(() => other.Restore(one.TakeCheckpoint())).Error);
    }

    [Theory]
    [InlineData(BlockMode.ReadWrite, null, "writes to its image")]
    [InlineData(BlockMode.Snapshot, "overlay", "writes to an overlay file")]
    public void A_disk_that_would_not_go_back_is_a_reason_to_refuse(BlockMode mode, string? overlay, string why)
    {
        using TempFolder folder = new();
        string image = folder.Write("disk.img", new byte[4096]);
        using Guest guest = Guest.Create(Run("example-hello").Definition(ClockKind.Virtual) with
        {
            Devices = [new ConsoleDefinition(), new BlockDefinition(image, mode, overlay is null ? null : folder.Path(overlay))],
        });
        LguestException refused = Assert.Throws<LguestException>(() => guest.TakeCheckpoint());
        Assert.Equal(LguestError.CheckpointRefused, refused.Error);
        Assert.Contains($"block0 {why}", refused.Message);
    }

    [Fact]
    public void A_network_is_a_reason_to_refuse()
    {
        using TempFolder folder = new();
        using Guest guest = Guest.Create(Run("example-hello").Definition(ClockKind.Virtual) with { Devices = [new ConsoleDefinition(), new SharedNetDefinition(folder.Path("lan"))] });
        Assert.Contains("net0 shares its network", Assert.Throws<LguestException>(() => guest.TakeCheckpoint()).Message);
    }

    [Fact]
    public void A_disk_image_of_another_length_is_refused()
    {
        using TempFolder folder = new();
        string image = folder.Write("disk.img", new byte[4096]);
        using Guest guest = Guest.Create(Run("example-hello").Definition(ClockKind.Virtual) with { Devices = [new ConsoleDefinition(), new BlockDefinition(image)] });
        guest.TakeCheckpoint().Save(folder.Path("guest.lguest"));
        folder.Write("disk.img", new byte[8192]);
        Assert.Contains("has 8192 bytes; the guest's had 4096", Assert.Throws<LguestException>(() => Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest")))).Message);
    }

    [Theory]
    [InlineData(4096, 4000)]
    [InlineData(64 << 20, 1024)]                    // where a file system says which it is
    [InlineData(64 << 20, (64 << 20) - 1)]
    public void A_disk_image_that_holds_something_else_is_refused(int length, int changedAt)
    {
        using TempFolder folder = new();
        string image = folder.Write("disk.img", new byte[length]);
        using Guest guest = Guest.Create(Run("example-hello").Definition(ClockKind.Virtual) with { Devices = [new ConsoleDefinition(), new BlockDefinition(image)] });
        Checkpoint checkpoint = guest.TakeCheckpoint();
        checkpoint.Save(folder.Path("guest.lguest"));

        DateTime before = File.GetLastWriteTimeUtc(image);
        Change(image, changedAt, value: 0);
        Assert.NotEqual(before, File.GetLastWriteTimeUtc(image));
        guest.Restore(checkpoint);      // nothing is different in it

        Change(image, changedAt, value: 1);
        LguestException refused = Assert.Throws<LguestException>(() => guest.Restore(checkpoint));
        Assert.Equal(LguestError.CheckpointRefused, refused.Error);
        Assert.Contains($"block0 has an image that was changed since the guest's checkpoints were taken, '{image}'", refused.Message);
        refused = Assert.Throws<LguestException>(() => Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest"))));
        Assert.Equal((LguestError.CheckpointRefused, image), (refused.Error, refused.Path));
        Assert.Contains($"'{image}' does not hold what the guest's did", refused.Message);

        Change(image, changedAt, value: 0);
        guest.Restore(checkpoint);
        using Guest other = Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest")));
        Assert.Equal(checkpoint.EventCount, other.EventCount);
    }

    /// <summary>Changes a byte in place, as no guest can, and later than any write before.</summary>
    private static void Change(string image, long at, byte value)
    {
        DateTime before = File.GetLastWriteTimeUtc(image);
        using (FileStream file = new(image, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = at;
            file.WriteByte(value);
        }
        File.SetLastWriteTimeUtc(image, before.AddSeconds(1));
    }

    [Fact]
    public void A_disk_image_that_moved_with_its_checkpoint_is_found_beside_it()
    {
        using TempFolder old = new(), moved = new();
        using (Guest guest = Guest.Create(Run("example-hello").Definition(ClockKind.Virtual) with { Devices = [new ConsoleDefinition(), new BlockDefinition(old.Write("disk.img", new byte[4096]))] }))
            guest.TakeCheckpoint().Save(moved.Path("guest.lguest"));
        File.Move(old.Path("disk.img"), moved.Path("disk.img"));
        using Guest again = Guest.CreateFrom(Checkpoint.Load(moved.Path("guest.lguest")));
        Assert.Equal(moved.Path("disk.img"), again.Disks.Single().Path);
    }

    [Fact]
    public void A_further_checkpoint_holds_only_the_pages_written_since()
    {
        using Guest guest = Start("example-ring");
        Checkpoint first = guest.TakeCheckpoint();
        Checkpoint second = guest.TakeCheckpoint();
        guest.Memory.Write32(0x5000, 0x12345678);
        guest.Memory.Write32(0x5004, 0x12345678);
        guest.Memory.Write32(0x6000, guest.Memory.Read32(0x6000));      // the same again
        Checkpoint third = guest.TakeCheckpoint();
        Assert.Equal((first.MemoryBytes, 0L, 4096L), (first.OwnBytes, second.OwnBytes, third.OwnBytes));
    }

    [Fact]
    public void A_page_that_is_zero_again_costs_nothing_and_comes_back()
    {
        using Guest guest = Start("example-ring");
        guest.Memory.Write32(0x5000, 0x12345678);
        Checkpoint before = guest.TakeCheckpoint();
        guest.Memory.Write32(0x5000, 0);
        Checkpoint after = guest.TakeCheckpoint();
        Assert.Equal(before.MemoryBytes - 4096, after.MemoryBytes);
        guest.Restore(before);
        Assert.Equal(0x12345678u, guest.Memory.Read32(0x5000));
        guest.Restore(after);
        Assert.Equal(0u, guest.Memory.Read32(0x5000));
    }

    private static GuestRun Run(string name) => GuestRun.All.Single(run => run.Name == name);

    private static Guest Start(string name) => Guest.Create(Run(name).Definition(ClockKind.Virtual));

    private static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test" }).Select(EventText.Of)];
}
