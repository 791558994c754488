using System.Diagnostics;
using System.Globalization;

namespace LguestPS.Bench;

/// <summary>How soon a guest comes out whatever it does: for a limit of time, and for somebody who cancels its run. The aim is 50 ms.</summary>
internal static class KickMeasurement
{
    private static readonly string[] Kinds = ["compare", "traps", "ring", "tables", "dma", "code", "spin"];
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(50);

    /// <param name="rounds">How often each.</param>
    public static int Run(int rounds)
    {
        Console.WriteLine($"| what the guest does ({rounds} times) | limit, to its end: median, ms | worst | cancelled, to its end: median, ms | worst |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        foreach (string kind in Kinds)
        {
            double[] limited = Measure(rounds, () => TimeLimit(kind)), cancelled = Measure(rounds, () => Cancel(kind));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {kind} | {limited[rounds / 2]:F1} | {limited[^1]:F1} | {cancelled[rounds / 2]:F1} | {cancelled[^1]:F1} |"));
        }
        return 0;
    }

    /// <remarks>The first one compiles what the others run.</remarks>
    private static double[] Measure(int rounds, Func<TimeSpan> once)
    {
        once();
        return [.. Enumerable.Range(0, rounds).Select(_ => once().TotalMilliseconds).Order()];
    }

    private static TimeSpan TimeLimit(string kind)
    {
        using Guest guest = Make(kind);
        long start = Stopwatch.GetTimestamp();
        Drive(guest, new RunOptions { Driver = "bench", Filter = EventFilter.Nothing, TimeLimit = Limit }, CancellationToken.None);
        return Stopwatch.GetElapsedTime(start) - Limit;
    }

    private static TimeSpan Cancel(string kind)
    {
        using Guest guest = Make(kind);
        using CancellationTokenSource stop = new();
        long asked = 0;
        using Timer canceller = new(_ =>
        {
            asked = Stopwatch.GetTimestamp();
            stop.Cancel();
        });
        // It prints before it begins, and nothing says when it is busy: it gets as long as a guest with a limit. What it does may be to print.
        bool began = false;
        void Begin()
        {
            if (!began) canceller.Change(Limit, Timeout.InfiniteTimeSpan);
            began = true;
        }
        Drive(guest, new RunOptions { Driver = "bench", Filter = EventFilter.Nothing, ConsoleOutput = _ => Begin() }, stop.Token);
        return Stopwatch.GetElapsedTime(asked);
    }

    private static void Drive(Guest guest, RunOptions options, CancellationToken stop)
    {
        foreach (LguestEvent _ in guest.Run(options, stop))
        {
        }
        if (guest.State != GuestState.Paused) throw new InvalidOperationException($"the guest ended: {guest.StateReason}");
    }

    private static Guest Make(string kind) => Guest.Create(new GuestDefinition
    {
        Name = kind, Kernel = Path.Combine(Workloads.Repository, "tests", "guests", "busy.elf"), CommandLine = kind, Memory = 16 << 20, Cpu = CpuChoice.Emulated,
    });
}
