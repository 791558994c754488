using LguestPS.Recordings;
using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>What was recorded on one day can be done again on another, and is the same or is said not to be.</summary>
public class ReplayTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string File => folder.Path("run.lguest");

    [Theory]
    [InlineData("example-ring", ClockKind.Virtual)]
    [InlineData("example-timer", ClockKind.Virtual)]
    [InlineData("example-timer", ClockKind.Events)]
    [InlineData("minikernel", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative", ClockKind.Events)]
    [InlineData("minikernel-2.6.30", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-3.1-pae", ClockKind.Events)]
    public void A_replay_has_the_events_of_the_recording(string name, ClockKind clock)
    {
        string[] recorded;
        using (Guest guest = Recorded(name, clock))
        {
            if (GuestRun.All.Single(run => run.Name == name).Input is { } input) guest.SendConsole(input);
            recorded = Finish(guest);
            guest.SaveRecording(File);
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        Assert.Equal(recorded, Finish(replay));
        Assert.Equal(GuestState.Ended, replay.State);
    }

    [Theory]
    [InlineData(CompileChoice.Auto, CompileChoice.Off)]
    [InlineData(CompileChoice.Off, CompileChoice.Auto)]
    public void What_was_recorded_with_compiled_code_replays_without_it_and_the_other_way_round(CompileChoice recording, CompileChoice replaying)
    {
        string[] recorded;
        using (Guest guest = Recorded("minikernel", ClockKind.Virtual, recording))
        {
            if (GuestRun.All.Single(run => run.Name == "minikernel").Input is { } input) guest.SendConsole(input);
            recorded = Finish(guest);
            if (recording == CompileChoice.Off) Assert.Equal(0, guest.CompiledInstructionCount);
            guest.SaveRecording(File);
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(File), compile: replaying);
        Assert.Equal(recorded, Finish(replay));
        Assert.Equal(GuestState.Ended, replay.State);
    }

    [Fact]
    public void A_replay_stops_where_the_recording_does_and_can_go_on_from_there()
    {
        string console = RecordEcho();
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        Finish(replay);
        Assert.Equal((console, Standstill.EndOfRecording), (replay.ConsoleText, replay.Standstill));
        replay.SendConsole("three\nquit\n");
        Finish(replay);
        Assert.Contains("THREE", replay.ConsoleText);
        Assert.Equal(EndingKind.PowerDown, replay.Ending!.Kind);
    }

    [Fact]
    public void A_replay_can_be_stepped_kept_and_gone_back_in()
    {
        string console = RecordEcho();
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        while (!replay.ConsoleText.Contains("ONE", StringComparison.Ordinal)) _ = replay.Step(new StepOptions { Driver = "the test" }).ToList();
        long events = replay.EventCount;
        Assert.True(replay.StepBack(new StepBackOptions { Driver = "the test", Count = 2 }));
        Assert.True(replay.EventCount < events);
        Checkpoint checkpoint = replay.TakeCheckpoint();
        Finish(replay);
        Assert.Equal(console, replay.ConsoleText);
        Assert.True(checkpoint.EventCount < events);
    }

    [Fact]
    public void A_run_that_becomes_another_one_is_stopped_at_the_first_event_that_differs()
    {
        RecordEcho();
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        _ = replay.Step(new StepOptions { Driver = "the test", Count = 2 }).ToList();
        int text = replay.Memory.Read(0, replay.Memory.RamSize).IndexOf("Type a line"u8);
        replay.Memory.Write8((uint)text, (byte)'t');
        LguestException diverged = Assert.Throws<LguestException>(() => Finish(replay));
        Assert.Equal(LguestError.ReplayDiverged, diverged.Error);
        Assert.Matches(@"event \d+ was '.*' at .* and is now '.*' at", diverged.Message);
    }

    [Fact]
    public void Only_a_run_that_was_recorded_for_it_goes_to_a_file()
    {
        using Guest guest = Guest.Create(Definition("example-ring", ClockKind.Virtual));
        guest.Record();
        Assert.Equal(LguestError.NotRecorded, Assert.Throws<LguestException>(() => guest.SaveRecording(File)).Error);
    }

    [Fact]
    public void The_log_keeps_every_event_and_forgets_from_any_on()
    {
        EventLog log = new();
        for (int i = 0; i < 10_000; i++) log.Append([(byte)i, (byte)(i >> 8)]);
        Assert.All([0, 4095, 4096, 8191, 8192, 9999], i => Assert.Equal([(byte)i, (byte)(i >> 8)], log[i]));
        foreach (int count in (int[])[9000, 8192, 8191, 4097, 4096, 1, 0])
        {
            log.Truncate(count);
            Assert.Equal(count, log.Count);
            if (count > 0) Assert.Equal([(byte)(count - 1), (byte)((count - 1) >> 8)], log[count - 1]);
        }
    }

    public void Dispose() => folder.Dispose();

    private string RecordEcho()
    {
        using Guest guest = Recorded("example-echo", ClockKind.Virtual);
        Finish(guest);
        foreach (string line in (string[])["one\n", "two\n"])
        {
            guest.SendConsole(line);
            Finish(guest);
        }
        guest.SaveRecording(File);
        return guest.ConsoleText;
    }

    private static Guest Recorded(string name, ClockKind clock, CompileChoice compile = CompileChoice.Auto)
    {
        Guest guest = Guest.Create(Definition(name, clock) with { Compile = compile });
        guest.Record(keepEvents: true);
        return guest;
    }

    private static GuestDefinition Definition(string name, ClockKind clock) => GuestRun.All.Single(run => run.Name == name).Definition(clock);

    private static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }).Select(EventText.Of)];
}
