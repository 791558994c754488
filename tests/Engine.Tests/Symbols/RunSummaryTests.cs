using System.Diagnostics;
using LguestPS.Cpu;
using LguestPS.Definitions;
using LguestPS.Tests.Launcher;
using Xunit;

namespace LguestPS.Tests.Symbols;

/// <summary>Counts and host time without events.</summary>
public class RunSummaryTests
{
    private static readonly RunOptions Counted = new() { Driver = "the test", Filter = EventFilter.Nothing, CollectSummary = true };

    [Fact]
    public void A_run_that_does_not_ask_has_no_summary()
    {
        using Guest guest = Example("ring");
        foreach (LguestEvent _ in guest.Run(Counted with { CollectSummary = false }))
        {
        }
        Assert.Null(guest.Summary);
    }

    [Theory]
    [InlineData("ring")]
    [InlineData("timer")]
    [InlineData("paging")]
    [InlineData("disk")]
    public void Counts_are_those_of_the_events(string example)
    {
        using Guest watched = Example(example);
        string[] expected = [.. watched.Run(new RunOptions { Driver = "the test" }).Select(Row).OfType<string>().CountBy(row => row).Select(count => $"{count.Value} {count.Key}").Order()];

        using Guest guest = Example(example);
        Assert.Empty(guest.Run(Counted));
        RunSummary summary = guest.Summary!;
        Assert.Equal(expected, summary.Rows.Select(row => $"{row.Count} {row.Kind} {row.Name} {row.Origin}").Order());
        Assert.Equal((guest.Name, guest.InstructionCount, guest.GuestTime), (summary.Guest, summary.Instructions, summary.GuestTime));
    }

    [Fact]
    public void Times_add_up()
    {
        using Guest guest = Example("paging");
        Assert.Empty(guest.Run(Counted));
        RunSummary summary = guest.Summary!;
        Assert.InRange((summary.RunTime - summary.CpuTime - summary.HostTime - summary.IdleTime).Ticks, -3, 3);       // each is rounded
        Assert.True(summary.CpuTime > TimeSpan.Zero);
        Assert.InRange(summary.Rows.Sum(row => row.HostTime.Ticks), 1, summary.HostTime.Ticks + summary.Rows.Length);
        Assert.All(summary.Rows, row => Assert.Equal(row.Count / summary.RunTime.TotalSeconds, row.PerSecond, tolerance: 1));
        Assert.All(summary.Rows, row => Assert.InRange(row.MeanTime.Ticks, 0, row.HostTime.Ticks));
    }

    [Fact]
    public void What_the_taker_of_events_does_is_not_the_guests_time()
    {
        using Guest guest = Example("hello");
        Stopwatch whole = Stopwatch.StartNew(), taker = new();
        foreach (LguestEvent _ in guest.Run(Counted))
        {
            taker.Start();
            SpinWait.SpinUntil(() => taker.ElapsedMilliseconds >= 5);
            taker.Stop();
        }
        Assert.InRange(guest.Summary!.RunTime, TimeSpan.Zero, whole.Elapsed - taker.Elapsed);
    }

    [Fact]
    public void Runs_are_counted_together_but_not_those_between_them_that_do_not_ask()
    {
        using ScriptedGuest guest = ScriptedGuest.Initialised();
        guest.Hypercall(Call.Ts, 1);
        Play();
        guest.Hypercall(Call.Ts, 1).Play();
        guest.Hypercall(Call.Ts, 0);
        Play();
        Assert.Equal("2 TS", Assert.Single(guest.Guest.Summary!.Rows).ToString());

        void Play()
        {
            CancellationTokenSource scriptEnds = new();
            guest.Cpu.Then(_ =>
            {
                scriptEnds.Cancel();
                return CpuExit.Kicked;
            });
            Assert.Empty(guest.Guest.Run(Counted, scriptEnds.Token));
        }
    }

    [Fact]
    public void The_launcher_ends_with_the_table()
    {
        Launched plain = Launched.Run(Launched.Example("ring"));
        Launched run = Launched.Run("--summary", Launched.Example("ring"));
        Assert.Equal((0, plain.Output), (run.Status, run.Output));
        string[] lines = run.Error.Split('\n');
        Assert.StartsWith("guest 'ring': ", lines[0]);
        Assert.Matches(@"^[\d.]+ s here: cpu [\d.]+ s, host [\d.]+ s, idle [\d.]+ s$", lines[1]);
        Assert.All(lines, line => Assert.True(line.Length < 80, line));
        Assert.Matches(@"^ +count +per second +host ms +us each$", lines[2]);
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^Hypercall +FLUSH_ASYNC +\d+ +[\d.]+ +[\d.]+ +[\d.]+$"));
        Assert.Contains(lines, line => line.StartsWith("Hypercall, ring ", StringComparison.Ordinal));
    }

    private static Guest Example(string name) => Guest.Create(new GuestDefinitionReader().Read(Launched.Example(name)) with { Cpu = CpuChoice.Emulated, Clock = ClockKind.Virtual });

    private static string? Row(LguestEvent happened) => happened switch
    {
        HypercallEvent call => $"Hypercall {call.Name} {call.Origin}",
        TrapEvent trap => $"Trap {trap.Name} ",
        InterruptEvent interrupt => $"Interrupt irq {interrupt.Irq} ",
        DmaEvent dma => $"Dma {dma.Device ?? "no device"} ",
        _ => null,
    };
}
