using LguestPS.Tests.Recordings;
using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>From any place of a run several guests go on, each its own way.</summary>
public class GuestForkTests
{
    public static TheoryData<string> Guests => StepBackTests.Guests;

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_fork_does_what_the_guest_did_from_there(string name)
    {
        using Guest guest = Recorded(name);
        string[] events = Finish(guest);
        RunPosition present = guest.RunPosition;
        Random random = new(1);
        for (int i = 0; i < 4; i++)
        {
            long instructions = random.NextInt64(guest.InstructionCount!.Value);
            using GuestFork fork = guest.Timeline.ForkAt(PositionExpression.Of(new RunPosition(0, instructions, TimeSpan.Zero)));
            using Guest one = fork.Make("one"), other = fork.Make("other", record: true);
            Assert.Equal((instructions, "one", false, true), (one.InstructionCount, one.Name, one.IsRecorded, other.IsRecorded));
            Assert.Equal(instructions == 0 ? GuestState.Created : GuestState.Paused, one.State);
            // What was typed into the guest was typed into that one only.
            if (GuestRun.All.Single(run => run.Name == name).Input is not null) continue;
            Assert.Equal(events[(int)one.EventCount..], Finish(one));
            Assert.Equal(events[(int)other.EventCount..], Finish(other));
            Assert.Equal(guest.ConsoleText, one.ConsoleText);
        }
        Assert.Equal((present, false), (guest.RunPosition, guest.IsInPast));
    }

    [Fact]
    public void Forks_share_memory_and_write_only_their_own()
    {
        using Guest guest = Recorded("example-echo");
        Finish(guest);
        using GuestFork fork = guest.Timeline.ForkAt(PositionExpression.Now);
        Guest[] forks = [.. Enumerable.Range(1, 3).Select(number => fork.Make($"fork{number}"))];
        fork.Dispose();
        guest.Dispose();
        uint address = forks[0].Symbols!.AddressOf("main")!.Value + 0x10000;
        for (int i = 0; i < forks.Length; i++)
        {
            forks[i].Inspector.WriteMemory(address, [(byte)(i + 1)], "the test");
            forks[i].SendConsole($"line {i}\n");
        }
        for (int i = 0; i < forks.Length; i++)
        {
            Finish(forks[i]);
            Assert.EndsWith($"LINE {i}\n", forks[i].ConsoleText);
            Assert.Equal((byte)(i + 1), forks[i].Inspector.ReadMemory(address, 1).Bytes[0]);
        }
        // They are guests like others.
        Checkpoint kept = forks[0].TakeCheckpoint();
        forks[0].SendConsole("more\n");
        Finish(forks[0]);
        forks[0].Restore(kept);
        Assert.EndsWith("LINE 0\n", forks[0].ConsoleText);
        foreach (Guest one in forks) one.Dispose();
    }

    [Fact]
    public void A_place_before_an_event_a_file_and_a_replay_can_be_forked()
    {
        using TempFolder folder = new();
        using Guest guest = Recorded("example-timer", keepEvents: true);
        LguestEvent[] events = [.. guest.Run(new RunOptions { Driver = "the test" })];
        guest.SaveRecording(folder.Path("run"));
        InterruptEvent interrupt = events.OfType<InterruptEvent>().Last();
        using (GuestFork fork = guest.Timeline.ForkAt(PositionExpression.Of(interrupt.Position)))
        using (Guest one = fork.Make())
            Assert.Equal((interrupt.Irq, interrupt.Eip, interrupt.Sequence - 1), (one.PendingInterrupt, one.Registers.Eip, one.EventCount));
        using (GuestFork fork = GuestHistory.Open(folder.Path("run")).ForkAt(PositionExpression.Parse("50%")))
        using (Guest one = fork.Make("one"))
            Assert.Equal(events[(int)one.EventCount..].Select(EventText.Of), Finish(one));
        using Guest replay = Guest.Replay(RecordedRun.Load(folder.Path("run")));
        using (GuestFork fork = replay.Timeline.ForkAt(PositionExpression.Parse("10%")))
        using (Guest one = fork.Make("one"))
            Assert.Equal(events[(int)one.EventCount..].Select(EventText.Of), Finish(one));
    }

    [Fact]
    public void A_guest_that_is_not_recorded_is_forked_where_it_stands()
    {
        using Guest guest = Guest.Create(Definition("example-timer"));
        _ = guest.Step(new StepOptions { Driver = "the test", Count = 5 }).ToList();
        using GuestFork fork = guest.Timeline.ForkAt(PositionExpression.Now);
        using Guest one = fork.Make("one");
        Assert.Equal((guest.RunPosition, guest.NextCall?.ToString()), (one.RunPosition, one.NextCall?.ToString()));
        Assert.Equal(Finish(guest), Finish(one));
        Assert.Equal(LguestError.NotRecorded, Assert.Throws<LguestException>(() => guest.Timeline.ForkAt(PositionExpression.Start)).Error);
        Assert.Equal(LguestError.GuestEnded, Assert.Throws<LguestException>(() => guest.Timeline.ForkAt(PositionExpression.Now)).Error);
    }

    [Fact]
    public void Beyond_the_run_and_with_what_only_one_can_have_there_is_no_fork()
    {
        using Guest guest = Recorded("example-timer");
        Finish(guest);
        Assert.Equal(LguestError.PositionUnreachable, Assert.Throws<LguestException>(() => guest.Timeline.ForkAt(PositionExpression.Parse("500M"))).Error);
        Assert.Equal(LguestError.GuestEnded, Assert.Throws<LguestException>(() => guest.Timeline.ForkAt(PositionExpression.Now)).Error);
        using TempFolder folder = new();
        File.Copy(Repository.Path("examples", "disk", "disk.img"), folder.Path("disk.img"));
        using Guest writer = Guest.Create(Definition("example-disk") with { Devices = [new BlockDefinition(folder.Path("disk.img")) { Mode = BlockMode.ReadWrite }, new ConsoleDefinition()] });
        LguestException refused = Assert.Throws<LguestException>(() => writer.Timeline.ForkAt(PositionExpression.Now));
        Assert.Equal(LguestError.CheckpointRefused, refused.Error);
        Assert.Contains("has one writer", refused.Message);
    }

    [Fact]
    public void What_was_written_to_a_snapshot_the_fork_has()
    {
        using Guest guest = Recorded("example-disk");
        string[] events = Finish(guest);
        using GuestFork fork = guest.Timeline.ForkAt(PositionExpression.Parse("60%"));
        using Guest one = fork.Make("one");
        Assert.Equal(events[(int)one.EventCount..], Finish(one));
        Assert.Contains("written by the guest", one.ConsoleText);
    }

    private static Guest Recorded(string name, bool keepEvents = false)
    {
        Guest guest = Guest.Create(Definition(name));
        if (GuestRun.All.Single(run => run.Name == name).Input is { } input && name != "example-echo") guest.SendConsole(input);
        guest.Record(keepEvents);
        return guest;
    }

    private static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }).Select(EventText.Of)];

    private static GuestDefinition Definition(string name) => GuestRun.All.Single(run => run.Name == name).Definition(ClockKind.Virtual);
}
