using System.Diagnostics;
using System.Globalization;
using LguestPS.Cpu;
using LguestPS.Cpu.Kvm;

namespace LguestPS.Bench;

/// <summary>What an exit of a KVM guest costs, beside a small C program that makes the same ones on the same machine; and which exits whole guests make.</summary>
internal static class KvmComparison
{
    private const int Rounds = 5;
    private const int Kicks = 200;
    private const int Unit = 2_048;                       // pages the guest touches until it starts over
    private const double SecondsWanted = 0.25;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly string Folder = Path.Combine(Workloads.Repository, "bench", "kvm");
    private static readonly string Peer = Path.Combine(Folder, "peer");

    // How the guest in bench/workloads/exits.c and the C program in bench/kvm call the same work.
    private static readonly (string Name, char Guest, string Peer, bool MayBeDirect)[] Kinds =
    [
        ("hypercall: trap, engine, resume", 'c', "calls", false),
        ("demand fault: trap, fill, resume", 'f', "faults", false),
        ("system call from ring 3: trap, reflect, handler, iret", 's', "system", true),
        ("the guest's page fault in ring 3: trap, reflect, handler, iret", 'p', "pages", true),
    ];

    public static int Run(string? kernel = null, string? initrd = null, string[]? words = null)
    {
        KvmVerdict verdict = KvmProbe.Machine.Verdict;
        Console.WriteLine($"KVM here: {verdict.State}. {verdict.Reason}");
        Console.WriteLine($"Processor: {ProcessorName()}");
        if (verdict.State == KvmState.Unavailable) return 1;
        Workloads.Build();
        Workloads.Run("gcc", "-O2", "-Wall", "-pthread", "-o", Peer, $"{Peer}.c");

        CompareRoundTrips(hasMonitor: verdict.State == KvmState.Ready);
        Console.WriteLine();
        CompareKicks();
        Console.WriteLine();
        CountExits(kernel, initrd, words ?? []);
        return 0;
    }

    private static void CompareRoundTrips(bool hasMonitor)
    {
        Console.WriteLine();
        Console.WriteLine("| round trip | C, /s | engine, /s | engine / C, time | vCPU alone, /s | vCPU alone / C, time | direct, /s | direct / C, time | bytes allocated |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach ((string name, char guest, string peer, bool mayBeDirect) in Kinds)
        {
            int count = Unit * (int)Math.Ceiling(SecondsWanted / RunPeer(peer, Unit));
            double peerTime = double.MaxValue, engineTime = double.MaxValue, aloneTime = double.MaxValue, directTime = double.MaxValue;
            long bytes = 0;
            RunEngine(guest, Unit, DirectTrapChoice.Auto, out _);
            for (int round = 0; round < Rounds; round++)
            {
                peerTime = Math.Min(peerTime, RunPeer(peer, count));
                engineTime = Math.Min(engineTime, RunEngine(guest, count, DirectTrapChoice.Off, out bytes));
                if (mayBeDirect && hasMonitor) directTime = Math.Min(directTime, RunEngine(guest, count, DirectTrapChoice.Auto, out _));
                if (guest == 'c') aloneTime = Math.Min(aloneTime, RunAlone(count));
            }
            string alone = guest == 'c' ? Text($"{count / aloneTime:N0} | {aloneTime / peerTime:F2}") : "|";
            string direct = mayBeDirect && hasMonitor ? Text($"{count / directTime:N0} | {directTime / peerTime:F2}") : "|";
            Console.WriteLine(Text($"| {name} | {count / peerTime:N0} | {count / engineTime:N0} | {engineTime / peerTime:F2} | {alone} | {direct} | {(double)bytes / count:F0} |"));
        }
    }

    /// <summary>How soon a guest that never traps comes out: the aim is 50 ms.</summary>
    private static void CompareKicks()
    {
        string[] peer = Workloads.Run(Peer, "kicks", $"{Kicks}").Output.Split(' ');
        Console.WriteLine(Text($"| kick of a spinning guest, to the return on its thread ({Kicks} times) | median, us | worst, us |"));
        Console.WriteLine("|---|---:|---:|");
        Console.WriteLine(Text($"| C, pthread_kill | {double.Parse(peer[0], CultureInfo.InvariantCulture):N0} | {double.Parse(peer[1], CultureInfo.InvariantCulture):N0} |"));
        using Guest guest = MakeGuest('w', 0);
        uint counter = guest.Symbols!.AddressOf("turns")!.Value - guest.Machine.PageOffset;
        uint Turns() => guest.Memory.Read32(counter);
        KickMany("guest, cancelling its run (Ctrl-C)", Turns, stop =>
        {
            foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }, stop))
            {
            }
        }, stop => stop.Cancel());
        KickMany("vCPU alone", Turns, _ => guest.Cpu.Run(new CpuBudget(long.MaxValue)), _ => guest.Cpu.Kick());
    }

    private static void KickMany(string name, Func<uint> turns, Action<CancellationToken> run, Action<CancellationTokenSource> kick)
    {
        const int compiled = 1;     // the first compiles what the others run
        CancellationTokenSource[] stops = [.. Enumerable.Range(0, compiled + Kicks).Select(_ => new CancellationTokenSource())];
        double[] microseconds = new double[compiled + Kicks];
        using SemaphoreSlim entering = new(0), returned = new(0);
        long cameBack = 0;
        Thread runner = new(() =>
        {
            foreach (CancellationTokenSource stop in stops)
            {
                entering.Release();
                run(stop.Token);
                cameBack = Stopwatch.GetTimestamp();
                returned.Release();
            }
        });
        runner.Start();
        for (int i = 0; i < stops.Length; i++)
        {
            entering.Wait();
            uint before = turns();
            if (!SpinWait.SpinUntil(() => turns() != before, Patience)) throw new InvalidOperationException("the guest does not run");
            long from = Stopwatch.GetTimestamp();
            kick(stops[i]);
            returned.Wait();
            microseconds[i] = Stopwatch.GetElapsedTime(from, cameBack).TotalMicroseconds;
            stops[i].Dispose();
        }
        runner.Join();
        microseconds = [.. microseconds.Skip(compiled).Order()];
        Console.WriteLine(Text($"| {name} | {microseconds[Kicks / 2]:N0} | {microseconds[^1]:N0} |"));
    }

    private static double RunPeer(string kind, int count) => double.Parse(Workloads.Run(Peer, kind, $"{count}").Output, CultureInfo.InvariantCulture);

    /// <summary>The whole way: trap, run loop, hypercall or reflection, resume.</summary>
    private static double RunEngine(char kind, int count, DirectTrapChoice directTraps, out long bytes)
    {
        using Guest guest = MakeGuest(kind, count, directTraps);
        bytes = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }))
        {
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        if (guest.Ending is not { Kind: EndingKind.PowerDown }) throw new InvalidOperationException($"the guest ended: {guest.Ending}");
        return seconds;
    }

    /// <summary>The vCPU's part of it: the hypercalls are not done, which the guest does not notice.</summary>
    private static double RunAlone(int count)
    {
        using Guest guest = MakeGuest('c', count + 1);
        foreach (LguestEvent _ in guest.Step(new StepOptions { Driver = "bench", Filter = EventFilter.Nothing, Unit = StepUnit.Hypercall, Hypercall = 0 }))
        {
        }
        CpuBudget budget = new(long.MaxValue, Stopwatch.GetTimestamp() + (long)(Patience.TotalSeconds * Stopwatch.Frequency));
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            CpuExit exit = guest.Cpu.Run(budget);
            if (exit is not { Kind: CpuExitKind.Trap, Vector: Vector.Hypercall }) throw new InvalidOperationException($"the vCPU came out with {exit}");
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static Guest MakeGuest(char kind, int count, DirectTrapChoice directTraps = DirectTrapChoice.Off) =>
        Guest.Create(Workloads.Guest("exits.elf", $"{kind} {count}") with { Cpu = CpuChoice.Kvm, DirectTraps = directTraps, Limits = new GuestLimits { Time = Patience } });

    /// <summary>The exits of whole guests, with and without those that carry a trap to the guest's own handler.</summary>
    private static void CountExits(string? kernel, string? initrd, string[] words)
    {
        Console.WriteLine("| guest | direct traps | s | exits | fills of shadow tables | hypercalls | system calls | page faults of the guest's | its other traps |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|---:|---:|---:|");
        string guests = Path.Combine(Workloads.Repository, "tests", "guests");
        CountExits("minikernel, cooperative", new GuestDefinition
        {
            Name = "minikernel", Kernel = Path.Combine(guests, "minikernel", "minikernel.elf"), Memory = 4 << 20, Cpu = CpuChoice.Kvm, CommandLine = "cooperative input",
            Devices = [new BlockDefinition(Path.Combine(Workloads.Repository, "examples", "disk", "disk.img")), new ConsoleDefinition()],
            Limits = new GuestLimits { Time = Patience },
        }, input: "Paul\n");
        if (kernel is null) return;
        CountExits("Linux", new GuestDefinition
        {
            Name = "linux", Kernel = kernel, Initrd = initrd, Cpu = CpuChoice.Kvm, CommandLine = $"console=hvc0 {string.Join(' ', words)}".Trim(),
            Limits = new GuestLimits { Time = Patience },
        });
    }

    private static void CountExits(string name, GuestDefinition definition, string input = "")
    {
        foreach (DirectTrapChoice directTraps in (DirectTrapChoice[])[DirectTrapChoice.Off, DirectTrapChoice.Auto])
        {
            using Guest guest = Guest.Create(definition with { DirectTraps = directTraps });
            if (input.Length > 0) guest.SendConsole(input);
            long start = Stopwatch.GetTimestamp();
            foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing, CollectSummary = true }))
            {
            }
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            KvmCpu cpu = (KvmCpu)guest.Cpu;
            SummaryRow[] rows = guest.Summary!.Rows;
            long calls = rows.Where(row => row.Origin == HypercallOrigin.Trap).Sum(row => row.Count);
            SummaryRow[] traps = [.. rows.Where(row => row.Kind == EventKinds.Trap)];
            string systemCalls = Vector.Name(Vector.SystemCall), pageFaults = Vector.Name(Vector.PageFault);
            long others = traps.Where(row => row.Name != systemCalls && row.Name != pageFaults).Sum(row => row.Count);
            Console.WriteLine(Text($"| {name} ({guest.StateReason}) | {directTraps} | {seconds:F1} | {cpu.Exits:N0} | {cpu.Fills:N0} | {calls:N0} | {Count(systemCalls)} | {Count(pageFaults)} | {others:N0} |"));

            string Count(string trap)
            {
                long direct = traps.Where(row => row.Name == trap && row.IsDirect).Sum(row => row.Count);
                long exits = traps.Where(row => row.Name == trap && !row.IsDirect).Sum(row => row.Count);
                return direct == 0 ? Text($"{exits:N0}") : Text($"{exits:N0} and {direct:N0} direct");
            }
        }
    }

    private static string ProcessorName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
