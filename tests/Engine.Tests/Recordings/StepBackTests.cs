using Xunit;
using static LguestPS.Tests.Recordings.RecordedGuest;

namespace LguestPS.Tests.Recordings;

/// <summary>A recorded guest goes back to where it was, exactly, and does the same again from there.</summary>
public class StepBackTests
{
    public static TheoryData<string> Guests => ["example-ring", "example-timer", "example-paging", "example-disk", "tasks", "clock", "minikernel", "minikernel-cooperative", "minikernel-cooperative-3.1-pae"];

    [Theory]
    [MemberData(nameof(Guests))]
    public void Standstills_are_gone_back_over_one_by_one_or_many_at_once(string name)
    {
        using Guest guest = Recorded(name);
        List<string> seen = [Stands(guest)];
        while (seen.Count < 400 && Step(guest, StepUnit.Standstill)) seen.Add(Stands(guest));
        GoBackAndForth(guest, seen, StepUnit.Standstill);
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void Instructions_are_gone_back_over(string name)
    {
        using Guest guest = Recorded(name);
        _ = guest.Step(new StepOptions { Driver = "the test", Count = 25 }).ToList();
        if (guest.HasEnded) return;
        List<string> seen = [Stands(guest)];
        while (seen.Count < 300 && Step(guest, StepUnit.Instruction)) seen.Add(Stands(guest));
        GoBackAndForth(guest, seen, StepUnit.Instruction);
    }

    [Fact]
    public void A_hypercall_is_found_again_further_back()
    {
        using Guest guest = Recorded("minikernel-cooperative");
        List<string> seen = [];
        while (StepTo(guest, Call.SendDma)) seen.Add(Stands(guest));
        Assert.True(guest.HasEnded && seen.Count > 5);
        for (int i = seen.Count - 1; i >= 0; i--)
        {
            Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = Call.SendDma }));
            Assert.Equal(seen[i], Stands(guest));
        }
        Assert.False(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = Call.SendDma }));
        Assert.Equal((0L, GuestState.Created), (guest.InstructionCount, guest.State));
    }

    [Fact]
    public void A_condition_is_found_again_further_back()
    {
        using Guest guest = Recorded("minikernel-cooperative");
        _ = guest.Run(new RunOptions { Driver = "the test" }).ToList();
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => !here.ConsoleText.Contains('\n') && here.PendingDma is not null }));
        Assert.DoesNotContain("\n", guest.ConsoleText);
        Assert.NotNull(guest.PendingDma);
        _ = guest.Step(new StepOptions { Driver = "the test" }).ToList();
        Assert.Contains("\n", guest.ConsoleText);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    public void A_condition_is_found_at_an_instruction_however_far_back(int instructions)
    {
        using Guest guest = Recorded("minikernel-cooperative");
        _ = guest.Run(new RunOptions { Driver = "the test", StopAtInstruction = 50_000 }).ToList();
        long wanted = guest.InstructionCount!.Value - instructions;
        StepBackOptions back = new() { Driver = "the test", Unit = StepUnit.Instruction, Condition = here => here.InstructionCount <= wanted };
        Assert.True(guest.StepBack(back));
        Assert.Equal(wanted, guest.InstructionCount);
        Assert.False(guest.StepBack(back with { Condition = _ => false }));
        Assert.Equal((0L, GuestState.Created), (guest.InstructionCount, guest.State));
    }

    [Fact]
    public void A_guest_that_has_ended_goes_back_and_ends_again()
    {
        using Guest guest = Recorded("example-ring");
        string[] first = Finish(guest);
        guest.StepBack(new StepBackOptions { Driver = "the test", Count = 3 });
        Assert.Equal((GuestState.Paused, true), (guest.State, guest.IsInPast));
        string[] again = Finish(guest);
        Assert.Equal(first[^again.Length..], again);
        Assert.Equal((GuestState.Ended, false), (guest.State, guest.IsInPast));
    }

    [Fact]
    public void What_was_typed_comes_in_again_where_it_came_in()
    {
        using Guest guest = Recorded("example-echo");
        List<string> events = [.. Finish(guest)];
        foreach (string line in (string[])["one\n", "two\n"])
        {
            guest.SendConsole(line);
            events.AddRange(Finish(guest));
        }
        string console = guest.ConsoleText;
        while (guest.StepBack(new StepBackOptions { Driver = "the test", Count = 50 }))
        {
        }
        Assert.Equal("", guest.ConsoleText);
        Assert.Equal(events, Finish(guest));
        Assert.Equal((console, Standstill.WaitingForInput), (guest.ConsoleText, guest.Standstill));
        guest.SendConsole("three\n");
        Finish(guest);
        Assert.EndsWith("THREE\n", guest.ConsoleText);
    }

    [Fact]
    public void Typing_in_the_past_begins_another_future()
    {
        using Guest guest = Recorded("example-echo");
        long before = Finish(guest).Length;
        guest.SendConsole("one\n");
        Finish(guest);
        guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => here.EventCount < before });
        guest.SendConsole("other\n");
        Finish(guest);
        Assert.Contains("OTHER", guest.ConsoleText);
        Assert.DoesNotContain("ONE", guest.ConsoleText);
        Assert.False(guest.IsInPast);
    }

    [Fact]
    public void Going_back_says_nothing_on_the_console()
    {
        using Guest guest = Recorded("example-ring");
        int said = 0;
        RunOptions loud = new() { Driver = "the test", ConsoleOutput = _ => said++ };
        _ = guest.Run(loud).ToList();
        int first = said;
        guest.StepBack(new StepBackOptions { Driver = "the test", Count = 2 });
        Assert.Equal(first, said);
        _ = guest.Run(loud).ToList();
        Assert.InRange(said, first + 1, 2 * first);
    }

    [Fact]
    public void A_guest_that_was_not_recorded_says_how_to_have_it()
    {
        using Guest guest = Guest.Create(DefinitionOf("example-ring"));
        LguestException refused = Assert.Throws<LguestException>(() => guest.StepBack(new StepBackOptions { Driver = "the test" }));
        Assert.Equal(LguestError.NotRecorded, refused.Error);
        Assert.Contains("'record: true' in its definition", refused.Message);
    }

    [Fact]
    public void A_run_that_real_time_decides_is_not_recorded()
    {
        using Guest guest = Guest.Create(DefinitionOf("example-ring") with { Clock = ClockKind.Host });
        Assert.Contains("clock is 'host'", Assert.Throws<LguestException>(() => guest.Record()).Message);
    }

    private static void GoBackAndForth(Guest guest, List<string> seen, StepUnit unit)
    {
        int here = guest.HasEnded ? seen.Count : seen.Count - 1;
        Random random = new(1);
        for (int i = 0; i < 12 && here > 1; i++)
        {
            int count = random.Next(1, Math.Min(here, 60));
            Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Unit = unit, Count = count }));
            here -= count;
            Assert.Equal(seen[here], Stands(guest));
            for (int forth = count / 2; forth > 0 && here < seen.Count - 1; forth--)
            {
                Step(guest, unit);
                Assert.Equal(seen[++here], Stands(guest));
            }
        }
    }

    private static bool StepTo(Guest guest, uint hypercall)
    {
        _ = guest.Step(new StepOptions { Driver = "the test", Unit = StepUnit.Hypercall, Hypercall = hypercall, TimeLimit = Patience }).ToList();
        return !guest.HasEnded;
    }
}
