using System.Security.Cryptography;
using LguestPS.Definitions;
using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>Files bring along what it takes to understand them and to repeat them, and those of the version before are still read.</summary>
public sealed class SelfContainedFileTests : IDisposable
{
    private static readonly string Version4 = Repository.Path("tests", "Engine.Tests", "Checkpoints", "Version4");

    private readonly TempFolder folder = new();

    [Fact]
    public void A_checkpoint_of_version_4_is_read()
    {
        Checkpoint checkpoint = Checkpoint.Load(Path.Combine(Version4, "ring.checkpoint"));
        Assert.Equal(("ring", "in the ring", null), (checkpoint.Guest, checkpoint.Label, checkpoint.Origin));
        using Guest guest = Guest.CreateFrom(checkpoint, symbols: Repository.Path("examples", "ring", "ring.elf"));
        string[] rest = Finish(guest);
        Assert.Equal("Power down", guest.Ending!.Reason);
        using Guest whole = Guest.Create(Example("ring"));
        Assert.Equal(Finish(whole)[(int)checkpoint.EventCount..], rest);
        string again = folder.Path("again");
        checkpoint.Save(again);
        Assert.Equal(checkpoint.EventCount, Checkpoint.Load(again).EventCount);
    }

    [Theory]
    [InlineData("echo.recording")]
    [InlineData("disk.recording")]
    public void A_recording_of_version_4_is_replayed(string name)
    {
        string file = folder.Path(name);
        File.Copy(Path.Combine(Version4, name), file);
        File.Copy(Repository.Path("examples", "disk", "disk.img"), folder.Path("disk.img"));
        RecordedRun run = RecordedRun.Load(file);
        using Guest guest = Guest.Replay(run);
        Finish(guest);
        Assert.Equal(("Power down", run.End.Events), (guest.Ending!.Reason, guest.EventCount));
    }

    [Fact]
    public void What_is_missing_from_version_4_is_named()
    {
        LguestException refused = Assert.Throws<LguestException>(() => Guest.Replay(RecordedRun.Load(Path.Combine(Version4, "disk.recording"))));
        Assert.Equal(LguestError.FileUnavailable, refused.Error);
        Assert.Contains("disk.img", refused.Message);
    }

    [Fact]
    public void A_checkpoint_brings_its_symbols_and_says_where_it_comes_from()
    {
        string file = folder.Path("ring.lguest"), kernel = CopyOf("ring", "ring.elf");
        using (Guest guest = Guest.Create(Example("ring") with { Kernel = kernel }))
        {
            _ = guest.Step(new StepOptions { Driver = "the test", Count = 3 }).ToList();
            guest.TakeCheckpoint().Save(file);
        }
        string hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(kernel)));
        File.Delete(kernel);

        Checkpoint checkpoint = Checkpoint.Load(file);
        Assert.Equal((hash, "emulated"), (checkpoint.Origin!.KernelSha256, checkpoint.Origin.Cpu));
        Assert.Matches("^LguestPS [0-9]", checkpoint.Origin.Program);
        using Guest again = Guest.CreateFrom(checkpoint);
        using Guest original = Guest.Create(Example("ring"));
        Assert.Equal(original.Symbols!.Names, again.Symbols!.Names);
        Assert.Equal("main+0x9b", again.Inspector.Describe(again.Registers.Eip));
        Assert.Equal((original.Symbols.AddressOf("main"), original.Symbols.Find(0xC0100137L)), (again.Symbols.AddressOf("main"), again.Symbols.Find(0xC0100137L)));
        // Handed on, it is all still there.
        string further = folder.Path("further.lguest");
        again.TakeCheckpoint().Save(further);
        Assert.Equal((hash, original.Symbols.Count), (Checkpoint.Load(further).Origin!.KernelSha256, Checkpoint.Load(further).Symbols!.Count));
    }

    [Fact]
    public void A_kernel_that_has_changed_since_has_no_hash()
    {
        string file = folder.Path("ring.lguest"), kernel = CopyOf("ring", "ring.elf");
        using Guest guest = Guest.Create(Example("ring") with { Kernel = kernel });
        File.SetLastWriteTimeUtc(kernel, new DateTime(2000, 1, 1));
        guest.TakeCheckpoint().Save(file);
        Assert.Null(Checkpoint.Load(file).Origin!.KernelSha256);
    }

    [Fact]
    public void A_recording_is_repeated_where_none_of_its_files_are()
    {
        string file = folder.Path("disk.lguest"), kernel = CopyOf("disk", "disk.elf"), image = CopyOf("disk", "disk.img");
        string[] events;
        using (Guest guest = Guest.Create(Example("disk") with { Kernel = kernel, Devices = [new BlockDefinition(image) { Mode = BlockMode.Snapshot }, new ConsoleDefinition()] }))
        {
            guest.Record(keepEvents: true);
            events = Finish(guest);
            guest.SaveRecording(file);
        }
        File.Delete(kernel);
        File.Delete(image);

        RecordedRun run = RecordedRun.Load(file);
        Assert.InRange(run.Disks.Single().Runs!.Count, 1, 8);
        using (Guest again = Guest.Replay(run))
        {
            Assert.Equal(events, Finish(again));
            Assert.NotNull(again.Symbols!.AddressOf("main"));
            // It is as good as the first one.
            again.Timeline.MoveTo(new MoveOptions { Driver = "the test", To = PositionExpression.Parse("50%") });
            again.SaveRecording(file);
        }
        Assert.Equal(events.Length, GuestHistory.Open(file).EventCount);
        using Guest third = Guest.Replay(RecordedRun.Load(file));
        Assert.Equal(events, Finish(third));
    }

    [Fact]
    public void Beyond_the_recording_what_is_not_there_is_an_error_to_the_guest()
    {
        using Guest recorded = Guest.Create(Example("disk"));
        recorded.Record(keepEvents: true);
        Finish(recorded);
        RecordedDisk whole = recorded.Devices.Disks[0].Recorded;
        using BlockStore store = BlockStore.Open(new BlockDefinition(folder.Path("gone.img")) { Mode = BlockMode.Snapshot }, recorded: whole);
        Assert.True(store.TryRead(whole.Runs![0].FirstSector * 512, new byte[512]));
        long missing = Enumerable.Range(0, (int)(whole.Length / 512)).First(sector => !whole.Runs.Any(run => sector >= run.FirstSector && sector < run.FirstSector + run.Bytes.Length / 512));
        Assert.False(store.TryRead(missing * 512, new byte[512]));
        Assert.Contains($"sector {missing} was not read while this was recorded", store.Problem);
    }

    [Fact]
    public void An_image_that_was_changed_is_not_taken_for_the_recorded_one()
    {
        string file = folder.Path("disk.lguest"), image = CopyOf("disk", "disk.img");
        string[] events;
        using (Guest guest = Guest.Create(Example("disk") with { Devices = [new BlockDefinition(image) { Mode = BlockMode.Snapshot }, new ConsoleDefinition()] }))
        {
            guest.Record(keepEvents: true);
            events = Finish(guest);
            guest.SaveRecording(file);
        }
        File.WriteAllBytes(image, new byte[8 * 512]);
        using Guest again = Guest.Replay(RecordedRun.Load(file));
        Assert.Equal(events, Finish(again));
    }

    public void Dispose() => folder.Dispose();

    private string CopyOf(string example, string name)
    {
        string copy = folder.Path(name);
        File.Copy(Repository.Path("examples", example, name), copy);
        return copy;
    }

    private static GuestDefinition Example(string name) =>
        new GuestDefinitionReader().Read(Repository.Path("examples", name, $"{name}.yaml")) with { Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual };

    private static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test" }).Select(EventText.Of)];
}
