using System.Diagnostics;
using System.Globalization;

namespace LguestPS.Bench;

/// <summary>What a breakpoint costs a guest that comes by it a million times and never stops there.</summary>
internal static class BreakpointMeasurement
{
    private const int Calls = 1_000_000;
    private const int Rounds = 5;

    public static int Run()
    {
        Workloads.Build();
        Console.WriteLine("| breakpoint | s for 1 M hypercalls (best) | us for each |");
        Console.WriteLine("|---|---:|---:|");
        double without = Measure("none", _ => { });
        Measure("another hypercall", guest => guest.AddBreakpoint(new HypercallTarget([14], "SET_PTE")), without);
        Measure("this hypercall, an argument never matches", guest => guest.AddBreakpoint(Match), without);
        Measure("this hypercall, a condition in C# never holds", guest => guest.AddBreakpoint(new HypercallTarget([0], "FLUSH_ASYNC"), condition: _ => false), without);
        Measure("an address the guest never reaches", guest => guest.AddBreakpoint(new AddressTarget(0xC03FF000, null)), without);
        Measure("memory the guest never touches", guest => guest.AddBreakpoint(new MemoryTarget(0xC03FF000, 4, MemoryAccess.Write, null)), without);
        Measure("the trap's own instruction, a condition in C# never holds", guest => guest.AddBreakpoint(new AddressTarget(guest.Symbols!.AddressOf("hypercall")!.Value, null), condition: _ => false), without);
        return 0;
    }

    private static HypercallTarget Match => new([0], "FLUSH_ASYNC") { Arguments = [new ArgumentMatch(0, "0", 0x12345678)] };

    private static double Measure(string what, Action<Guest> prepare, double? without = null)
    {
        double best = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            using Guest guest = Guest.Create(Workloads.Guest("calls.elf", $"{Calls}"));
            prepare(guest);
            long start = Stopwatch.GetTimestamp();
            foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }))
            {
            }
            if (guest.Ending?.Kind != EndingKind.PowerDown) throw new InvalidOperationException($"the guest stands still: {guest.StateReason}");
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        string more = without is { } plain ? string.Create(CultureInfo.InvariantCulture, $"{(best - plain) / Calls * 1e6:0.000}") : "";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {best:0.000} | {more} |"));
        return best;
    }
}
