using System.Diagnostics;
using System.Globalization;

namespace LguestPS.Bench;

/// <summary>What a breakpoint costs a guest that comes by it a million times and never stops there.</summary>
internal static class BreakpointMeasurement
{
    private const int Calls = 1_000_000;
    private const int Rounds = 7;

    public static int Run()
    {
        Workloads.Build();
        (string What, Action<Guest> Prepare)[] all =
        [
            ("none", _ => { }),
            ("another hypercall", guest => guest.AddBreakpoint(new HypercallTarget([14], "SET_PTE"))),
            ("this hypercall, an argument never matches", guest => guest.AddBreakpoint(Match)),
            ("this hypercall, a condition in C# never holds", guest => guest.AddBreakpoint(new HypercallTarget([0], "FLUSH_ASYNC"), condition: _ => false)),
            ("an address the guest never reaches", guest => guest.AddBreakpoint(new AddressTarget(0xC03FF000, null))),
            ("memory the guest never touches", guest => guest.AddBreakpoint(new MemoryTarget(0xC03FF000, 4, MemoryAccess.Write, null))),
            ("the instruction behind the trap, a condition in C# never holds", guest => guest.AddBreakpoint(new AddressTarget(BehindTrap(guest), null), condition: _ => false)),
        ];
        double[] best = [.. all.Select(_ => double.MaxValue)];
        // One round after the other, so that a busy moment of the machine meets all alike.
        for (int round = 0; round < Rounds; round++)
            for (int i = 0; i < all.Length; i++) best[i] = Math.Min(best[i], Measure(all[i].Prepare));

        Console.WriteLine("| breakpoint | s for 1 M hypercalls (best) | us more for each |");
        Console.WriteLine("|---|---:|---:|");
        for (int i = 0; i < all.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {all[i].What} | {best[i]:0.000} | {(best[i] - best[0]) / Calls * 1e6:0.000} |"));
        return 0;
    }

    private static HypercallTarget Match => new([0], "FLUSH_ASYNC") { Arguments = [new ArgumentMatch(0, "0", 0x12345678)] };

    private static double Measure(Action<Guest> prepare)
    {
        using Guest guest = Guest.Create(Workloads.Guest("calls.elf", $"{Calls}"));
        foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "bench", Filter = EventFilter.Nothing, Unit = StepUnit.Hypercall, Hypercall = 0 }))
        {
        }
        prepare(guest);
        long start = Stopwatch.GetTimestamp();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }))
        {
        }
        if (guest.Ending?.Kind != EndingKind.PowerDown) throw new InvalidOperationException($"the guest stands still: {guest.StateReason}");
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static uint BehindTrap(Guest guest) => guest.PendingHypercall!.Eip;
}
