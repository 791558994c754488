using Xunit;

namespace LguestPS.Tests;

/// <summary>Limits hold whatever a guest does to keep its host busy.</summary>
public class BusyGuestTests
{
    // Far less than the instructions that a clock lets a guest run between two looks at the time.
    private const long FewInstructions = 90_000;

    public static TheoryData<string> Kinds => ["compare", "traps", "ring", "tables", "dma", "code", "spin"];

    [Fact] // 100,000 of its instructions take half a minute
    public void A_time_limit_ends_slow_instructions_before_the_clock_would_look()
    {
        using Guest guest = Make("compare", new GuestLimits(TimeSpan.FromMilliseconds(20)), ClockKind.Virtual);
        Run(guest);
        Assert.Equal(Standstill.TimeLimit, guest.Standstill);
        Assert.InRange(guest.InstructionCount!.Value, 0, FewInstructions);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_time_limit_ends_every_kind(string kind)
    {
        using Guest guest = Make(kind, new GuestLimits(TimeSpan.FromMilliseconds(20)), ClockKind.Host);
        Run(guest);
        Assert.Equal((GuestState.Paused, Standstill.TimeLimit), (guest.State, guest.Standstill));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void So_does_whoever_cancels_its_run(string kind)
    {
        using Guest guest = Make(kind, new GuestLimits(), ClockKind.Host);
        using CancellationTokenSource stop = new();
        Run(guest, stop.Token, consoleOutput: _ => stop.Cancel());
        Assert.Equal((GuestState.Paused, Standstill.StopRequested), (guest.State, guest.Standstill));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_instruction_limit_ends_every_kind(string kind)
    {
        // More than a clock lets a guest run at a time; where each instruction does the work of thousands, less is enough.
        long most = kind is "compare" or "dma" ? FewInstructions / 10 : 200_000;
        using Guest guest = Make(kind, new GuestLimits(Instructions: most), ClockKind.Virtual);
        Run(guest);
        Assert.Equal((GuestState.Paused, Standstill.InstructionLimit), (guest.State, guest.Standstill));
        Assert.InRange(guest.InstructionCount!.Value, 1, most);
    }

    [Fact] // or it would never end: each of its traps comes from the handler of the last
    public void A_trap_without_an_instruction_counts_as_one()
    {
        using Guest guest = Make("traps", new GuestLimits(Instructions: 1_000_000), ClockKind.Virtual);
        Run(guest);
        long instructions = guest.InstructionCount!.Value;
        Assert.InRange(instructions, 1, 900_000);
        Assert.Equal(1_000_000 - instructions, guest.Machine.BareTraps);

        using Guest restored = Guest.CreateFrom(guest.TakeCheckpoint());
        Run(restored);
        Assert.Equal((Standstill.InstructionLimit, guest.EventCount), (restored.Standstill, restored.EventCount));
    }

    private static Guest Make(string kind, GuestLimits limits, ClockKind clock) => Guest.Create(new GuestDefinition
    {
        Name = kind, Kernel = Repository.Path("tests", "guests", "busy.elf"), CommandLine = kind, Memory = 16 << 20,
        Cpu = CpuChoice.Emulated, Clock = clock, Limits = limits,
    });

    private static void Run(Guest guest, CancellationToken stop = default, Action<ReadOnlyMemory<byte>>? consoleOutput = null)
    {
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", Filter = EventFilter.Nothing, ConsoleOutput = consoleOutput }, stop))
        {
        }
    }
}
