using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests;

/// <summary>Real guests on the emulated CPU: the examples, and the test guests that check the host from inside.</summary>
public class GuestRunnerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static TheoryData<string, ClockKind> Runs
    {
        get
        {
            TheoryData<string, ClockKind> runs = [];
            foreach (GuestRun run in GuestRun.All)
                foreach (ClockKind clock in run.Clocks) runs.Add(run.Name, clock);
            return runs;
        }
    }

    public static TheoryData<string> RepeatableRuns => [.. GuestRun.All.Where(run => run.Clocks.Contains(ClockKind.Virtual)).Select(run => run.Name)];

    public static TheoryData<string> Examples => [.. Directory.GetDirectories(Repository.Path("examples")).Select(Path.GetFileName).Where(HasDefinition).Select(name => name!)];

    [SkippableTheory]
    [MemberData(nameof(Runs))]
    public void A_guest_ends_and_prints_and_calls_as_it_should(string name, ClockKind clock)
    {
        GuestRun run = GuestRun.All.Single(one => one.Name == name);
        using Guest guest = Create(run, clock);
        List<LguestEvent> events = Run(guest, run.Input);

        Assert.Equal(run.Console, Lines(guest.ConsoleText));
        if (run.Ending is { } ending) Assert.Equal(ending, guest.StateReason);
        if (run.EndingStartsWith is { } start) Assert.StartsWith(start, guest.StateReason);
        Assert.Equal(GuestState.Ended, guest.State);
        if (run.Hypercalls is { } calls) Assert.Equal(calls, ScriptedGuest.Words(events.OfType<HypercallEvent>()));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(happened => happened.Sequence));
    }

    [SkippableTheory]
    [MemberData(nameof(RepeatableRuns))]
    public void Under_the_virtual_clock_the_same_guest_twice_gives_identical_events(string name)
    {
        GuestRun run = GuestRun.All.Single(one => one.Name == name);
        using Guest first = Create(run, ClockKind.Virtual);
        using Guest second = Create(run, ClockKind.Virtual);
        Assert.Equal(Run(first, run.Input).Select(Everything), Run(second, run.Input).Select(Everything));
        Assert.Equal((first.InstructionCount, first.GuestTime), (second.InstructionCount, second.GuestTime));
    }

    [SkippableTheory]
    [MemberData(nameof(RepeatableRuns))]
    public void Stepping_through_a_guest_gives_the_events_of_running_it(string name)
    {
        GuestRun run = GuestRun.All.Single(one => one.Name == name);
        using Guest straight = Create(run, ClockKind.Virtual);
        using Guest stepped = Create(run, ClockKind.Virtual);
        if (run.Input is { } input) stepped.SendConsole(input);
        List<LguestEvent> events = [];
        while (!stepped.HasEnded && stepped.Standstill != Standstill.WaitingForInput)
            events.AddRange(stepped.Step(new StepOptions { Driver = "the test", TimeLimit = Patience }));
        Assert.Equal(Run(straight, run.Input).Select(Everything), events.Select(Everything));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_examples_definition_runs(string name)
    {
        GuestDefinition definition = new GuestDefinitionReader().Read(Repository.Path("examples", name, $"{name}.yaml"));
        GuestRun expected = GuestRun.All.Single(run => run.Name == $"example-{name}");
        using Guest guest = Guest.Create(definition);
        Run(guest, expected.Input);
        Assert.Equal((expected.Ending, string.Join('\n', expected.Console)), (guest.StateReason, string.Join('\n', Lines(guest.ConsoleText))));
    }

    private static Guest Create(GuestRun run, ClockKind clock)
    {
        Guest guest = Guest.Create(run.Definition(clock));
        if (!run.RequiresFpu || guest.Cpu.HasFpu) return guest;
        guest.Dispose();
        throw new SkipException("the emulated CPU has no FPU yet");
    }

    private static List<LguestEvent> Run(Guest guest, string? input)
    {
        if (input is not null) guest.SendConsole(input);
        return [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })];
    }

    /// <summary>One of a guest that runs alone; those of a network are run together elsewhere.</summary>
    private static bool HasDefinition(string? example) =>
        Repository.Path("examples", example!, $"{example}.yaml") is var path && File.Exists(path) && new GuestDefinitionReader().ReadAll(path).Count == 1;

    private static string[] Lines(string console) => console.Length == 0 ? [] : console.TrimEnd('\n').Split('\n');

    /// <summary>All an event says except the host's time, which no two runs share.</summary>
    private static string Everything(LguestEvent happened) => $"{happened} {happened.GuestTime.Ticks} " + happened switch
    {
        DmaEvent dma => $"{dma.Key} {dma.Address} {string.Join(' ', dma.Sections.AsEnumerable())} {Convert.ToHexString(dma.Data)} {dma.UsedLength}",
        HypercallEvent call => $"{call.Eip}",
        GuestEndedEvent ended => $"{ended.Ending} {ended.Eip}",
        _ => "",
    };
}
