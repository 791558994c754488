using Xunit;
using static LguestPS.Tests.Recordings.RecordedGuest;

namespace LguestPS.Tests.Recordings;

/// <summary>A recorded guest goes to any place of its run, and back to the present as it was.</summary>
public class MoveToTests
{
    public static TheoryData<string> Guests => StepBackTests.Guests;

    [Theory]
    [MemberData(nameof(Guests))]
    public void Any_place_is_found_again_in_any_order(string name)
    {
        using Guest guest = Recorded(name);
        List<(RunPosition At, string Seen)> seen = [(guest.RunPosition, Shown(guest))];
        while (seen.Count < 200 && Step(guest, seen.Count % 40 < 20 ? StepUnit.Standstill : StepUnit.Instruction)) seen.Add((guest.RunPosition, Shown(guest)));
        string present = Stands(guest);
        Random random = new(1);
        for (int i = 0; i < 40; i++)
        {
            (RunPosition at, string wanted) = seen[random.Next(seen.Count)];
            Assert.True(MoveTo(guest, PositionExpression.Of(at)));
            Assert.Equal(wanted, Shown(guest));
        }
        Assert.True(MoveTo(guest, PositionExpression.Start));
        Assert.Equal(seen[0].Seen, Shown(guest));
        Assert.True(MoveTo(guest, PositionExpression.Now));
        Assert.Equal(present, Stands(guest));
        Assert.False(guest.IsInPast);
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void Before_an_event_what_it_is_about_is_still_to_be_done(string name)
    {
        using Guest guest = Recorded(name);
        List<LguestEvent> happened = [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience, StopAtInstruction = 3_000_000 })];
        Random random = new(1);
        foreach (LguestEvent one in happened.OrderBy(_ => random.Next()).Take(40).Where(one => one is not GuestEndedEvent))
        {
            Assert.True(MoveTo(guest, PositionExpression.Of(one.Position)));
            Assert.InRange(guest.EventCount, 0, one.Sequence - 1);
            Assert.Equal(one switch { HypercallEvent => true, _ => guest.NextCall is not null }, guest.NextCall is not null);
            Assert.Equal(one is TrapEvent, guest.PendingTrap is not null);
            Assert.Equal(one is InterruptEvent, guest.PendingInterrupt is not null);
            if (one is TrapEvent trap) Assert.Equal(trap.Eip, guest.Registers.Eip);
            LguestEvent[] next = [.. guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Any, Count = 1, TimeLimit = Patience })];
            Assert.Contains(EventText.Of(one), next.Select(EventText.Of));
        }
    }

    [Theory]
    [InlineData("example-timer")]
    [InlineData("minikernel")]
    public void Instructions_and_parts_are_met_exactly_and_times_never_too_early(string name)
    {
        using Guest guest = Recorded(name);
        _ = guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }).ToList();
        RunPosition end = guest.RunPosition;
        foreach (long instructions in (long[])[end.Instructions - 1, 1, end.Instructions / 3, 17])
        {
            Assert.True(MoveTo(guest, PositionExpression.Of(new RunPosition(0, instructions, TimeSpan.Zero))));
            Assert.Equal(instructions, guest.InstructionCount);
        }
        Assert.True(MoveTo(guest, PositionExpression.Parse("50%")));
        Assert.Equal(end.Instructions / 2, guest.InstructionCount);
        Assert.True(MoveTo(guest, PositionExpression.Parse("200ns")));
        Assert.Equal((200, TimeSpan.FromTicks(2)), (guest.InstructionCount, guest.GuestTime));
        Assert.True(MoveTo(guest, PositionExpression.Of(new RunPosition(0, 0, end.Time / 2))));
        Assert.True(guest.GuestTime >= end.Time / 2);
    }

    [Fact]
    public void The_present_is_as_it_was_left_and_goes_on_as_if_nothing_had_been()
    {
        using Guest guest = Recorded("example-echo"), twin = Recorded("example-echo");
        foreach (Guest one in (Guest[])[guest, twin])
        {
            Finish(one);
            one.SendConsole("one\n");
            _ = one.Step(new StepOptions { Driver = "the test", Count = 2 }).ToList();
            one.AddBreakpoint(new HypercallTarget([Call.SendDma], "SEND_DMA"));
            _ = one.Run(new RunOptions { Driver = "the test" }).Take(1).ToList();
            one.SendConsole("two\n");
        }
        string before = $"{guest.Standstill} {guest.BreakpointHit} {Shown(guest)}";
        MoveTo(guest, PositionExpression.Start);
        guest.StepBack(new StepBackOptions { Driver = "the test" });
        MoveTo(guest, PositionExpression.Parse("50%"));
        guest.SendConsole("three\n");
        MoveTo(guest, PositionExpression.Parse("70%"));
        Assert.True(guest.IsInPast);
        MoveTo(guest, PositionExpression.Now);
        Assert.Equal(before, $"{guest.Standstill} {guest.BreakpointHit} {Shown(guest)}");
        twin.SendConsole("three\n");
        foreach (Guest one in (Guest[])[guest, twin])
            foreach (Breakpoint breakpoint in one.Breakpoints.ToArray()) breakpoint.Enabled = false;
        Assert.Equal(Finish(twin), Finish(guest));
        Assert.Equal(twin.ConsoleText, guest.ConsoleText);
        Assert.EndsWith("THREE\n", guest.ConsoleText);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_guest_at_a_breakpoint_is_there_again_and_not_stopped_by_it_twice(bool atCode)
    {
        using Guest guest = Recorded("example-timer");
        guest.AddBreakpoint(atCode ? new AddressTarget(guest.Symbols!.AddressOf("sleep_until")!.Value, null) : new InterruptTarget(0));
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        string hit = $"{guest.BreakpointHit} {Shown(guest)}";
        Assert.Equal(Standstill.Breakpoint, guest.Standstill);
        MoveTo(guest, PositionExpression.Start);
        MoveTo(guest, PositionExpression.Now);
        Assert.Equal((Standstill.Breakpoint, hit), (guest.Standstill, $"{guest.BreakpointHit} {Shown(guest)}"));
        long before = guest.InstructionCount!.Value;
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        Assert.True(guest.InstructionCount > before && guest.Standstill == Standstill.Breakpoint);
    }

    [Fact]
    public void A_guest_that_has_ended_has_ended_again_and_one_that_was_stopped_is_stopped()
    {
        using Guest ended = Recorded("example-ring");
        Finish(ended);
        string before = Shown(ended);
        MoveTo(ended, PositionExpression.Parse("#5"));
        Assert.Equal(GuestState.Paused, ended.State);
        MoveTo(ended, PositionExpression.Now);
        Assert.Equal((GuestState.Ended, "Power down", before), (ended.State, ended.StateReason, Shown(ended)));
        Assert.True(ended.StepBack(new StepBackOptions { Driver = "the test" }));

        using Guest stopped = Recorded("example-ring");
        _ = stopped.Step(new StepOptions { Driver = "the test", Count = 5 }).ToList();
        stopped.Stop();
        MoveTo(stopped, PositionExpression.Start);
        MoveTo(stopped, PositionExpression.Now);
        Assert.Equal((GuestState.Ended, EndingKind.Stopped), (stopped.State, stopped.Ending!.Kind));
    }

    [Fact]
    public void Beyond_the_present_a_guest_runs_on_as_far_as_it_gets()
    {
        using Guest guest = Recorded("example-timer");
        _ = guest.Step(new StepOptions { Driver = "the test", Count = 3 }).ToList();
        MoveTo(guest, PositionExpression.Start);
        Assert.True(MoveTo(guest, PositionExpression.Parse("15ms")));
        Assert.True(guest.GuestTime >= TimeSpan.FromMilliseconds(15) && !guest.IsInPast);
        long next = guest.EventCount + 4;
        Assert.True(MoveTo(guest, PositionExpression.Of(RunPosition.BeforeEvent(next))));
        Assert.Equal(next - 1, guest.EventCount);
        Assert.False(MoveTo(guest, PositionExpression.Parse("1000s")));
        Assert.True(guest.HasEnded);
        LguestException refused = Assert.Throws<LguestException>(() => MoveTo(guest, PositionExpression.Parse("1000s")));
        Assert.Equal(LguestError.PositionUnreachable, refused.Error);
        Assert.Contains("has ended", refused.Message);
    }

    [Fact]
    public void A_guest_that_is_not_recorded_only_goes_forwards()
    {
        using Guest guest = Guest.Create(DefinitionOf("example-timer"));
        Assert.True(MoveTo(guest, PositionExpression.Parse("500")));
        Assert.Equal(500, guest.InstructionCount);
        Assert.True(MoveTo(guest, PositionExpression.Now));
        foreach (string back in (string[])["499", "Start", "10%"])
            Assert.Equal(LguestError.NotRecorded, Assert.Throws<LguestException>(() => MoveTo(guest, PositionExpression.Parse(back))).Error);
    }

    [Fact]
    public void Before_the_recording_there_is_nothing()
    {
        using Guest guest = Guest.Create(DefinitionOf("example-timer"));
        MoveTo(guest, PositionExpression.Parse("500"));
        guest.Record();
        Finish(guest);
        Assert.Equal(LguestError.PositionUnreachable, Assert.Throws<LguestException>(() => MoveTo(guest, PositionExpression.Parse("400"))).Error);
        Assert.True(guest.HasEnded);
        Assert.True(MoveTo(guest, PositionExpression.Parse("500")));
        Assert.Equal(500, guest.InstructionCount);
    }

    [Fact]
    public void No_breakpoint_stops_the_way_and_each_is_heeded_after_it()
    {
        using Guest guest = Recorded("example-timer");
        Finish(guest);
        int actions = 0;
        guest.AddBreakpoint(new HypercallTarget([Call.SetClockEvent], "SET_CLOCKEVENT"), action: _ => actions++);
        Breakpoint stops = guest.AddBreakpoint(new InterruptTarget(0));
        Assert.True(MoveTo(guest, PositionExpression.Parse("10%")));
        Assert.True(MoveTo(guest, PositionExpression.Parse("90%")));
        Assert.Equal((0, 0L), (actions, stops.HitCount));
        Assert.True(MoveTo(guest, PositionExpression.Start));
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        Assert.Same(stops, guest.BreakpointHit!.Breakpoint);
    }

    [Fact]
    public void A_new_future_says_what_is_forgotten()
    {
        using Guest guest = Recorded("example-echo");
        Finish(guest);
        guest.SendConsole("one\n");
        Finish(guest);
        List<string> said = [];
        MoveTo(guest, PositionExpression.Parse("50%"));
        guest.SendConsole("other\n");
        _ = guest.Run(new RunOptions { Driver = "the test", Warning = said.Add }).ToList();
        Assert.Contains("is forgotten", Assert.Single(said));
    }

    private static bool MoveTo(Guest guest, PositionExpression to) => guest.Timeline.MoveTo(new MoveOptions { Driver = "the test", To = to });
}
