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
    private static readonly (string Name, char Guest, string Peer)[] Kinds =
    [
        ("hypercall: trap, engine, resume", 'c', "calls"),
        ("demand fault: trap, fill, resume", 'f', "faults"),
        ("system call from ring 3: trap, reflect, handler, iret", 's', "system"),
    ];

    public static int Run(string? kernel = null, string? initrd = null, string[]? words = null)
    {
        KvmVerdict verdict = KvmProbe.Machine.Verdict;
        Console.WriteLine($"KVM here: {verdict.State}. {verdict.Reason}");
        Console.WriteLine($"Processor: {ProcessorName()}");
        if (verdict.State == KvmState.Unavailable) return 1;
        Workloads.Build();
        Workloads.Run("gcc", $"-O2 -Wall -pthread -o \"{Peer}\" \"{Peer}.c\"");

        CompareRoundTrips();
        Console.WriteLine();
        CompareKicks();
        Console.WriteLine();
        CountExits(kernel, initrd, words ?? []);
        return 0;
    }

    private static void CompareRoundTrips()
    {
        Console.WriteLine();
        Console.WriteLine("| round trip | C, /s | engine, /s | engine / C, time | vCPU alone, /s | vCPU alone / C, time | bytes allocated |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach ((string name, char guest, string peer) in Kinds)
        {
            int count = Unit * (int)Math.Ceiling(SecondsWanted / RunPeer(peer, Unit));
            double peerTime = double.MaxValue, engineTime = double.MaxValue, aloneTime = double.MaxValue;
            long bytes = 0;
            RunEngine(guest, Unit, out _);
            for (int round = 0; round < Rounds; round++)
            {
                peerTime = Math.Min(peerTime, RunPeer(peer, count));
                engineTime = Math.Min(engineTime, RunEngine(guest, count, out bytes));
                if (guest == 'c') aloneTime = Math.Min(aloneTime, RunAlone(count));
            }
            string alone = guest == 'c' ? Text($"{count / aloneTime:N0} | {aloneTime / peerTime:F2}") : "|";
            Console.WriteLine(Text($"| {name} | {count / peerTime:N0} | {count / engineTime:N0} | {engineTime / peerTime:F2} | {alone} | {(double)bytes / count:F0} |"));
        }
    }

    /// <summary>How soon a guest that never traps comes out: the aim is 50 ms.</summary>
    private static void CompareKicks()
    {
        string[] peer = Workloads.Run(Peer, $"kicks {Kicks}").Output.Split(' ');
        Console.WriteLine(Text($"| kick of a spinning guest, to the return on its thread ({Kicks} times) | median, us | worst, us |"));
        Console.WriteLine("|---|---:|---:|");
        Console.WriteLine(Text($"| C, pthread_kill | {double.Parse(peer[0], CultureInfo.InvariantCulture):N0} | {double.Parse(peer[1], CultureInfo.InvariantCulture):N0} |"));
        using Guest guest = MakeGuest('w', 0);
        KickMany("guest, cancelling its run (Ctrl-C)", stop =>
        {
            foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }, stop))
            {
            }
        }, stop => stop.Cancel());
        KickMany("vCPU alone", _ => guest.Cpu.Run(new CpuBudget(long.MaxValue)), _ => guest.Cpu.Kick());
    }

    private static void KickMany(string name, Action<CancellationToken> run, Action<CancellationTokenSource> kick)
    {
        CancellationTokenSource[] stops = [.. Enumerable.Range(0, Kicks).Select(_ => new CancellationTokenSource())];
        double[] microseconds = new double[Kicks];
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
        for (int i = 0; i < Kicks; i++)
        {
            entering.Wait();
            Thread.Sleep(2);
            long from = Stopwatch.GetTimestamp();
            kick(stops[i]);
            returned.Wait();
            microseconds[i] = Stopwatch.GetElapsedTime(from, cameBack).TotalMicroseconds;
            stops[i].Dispose();
        }
        runner.Join();
        Array.Sort(microseconds);
        Console.WriteLine(Text($"| {name} | {microseconds[Kicks / 2]:N0} | {microseconds[^1]:N0} |"));
    }

    private static double RunPeer(string kind, int count) => double.Parse(Workloads.Run(Peer, $"{kind} {count}").Output, CultureInfo.InvariantCulture);

    /// <summary>The whole way: trap, run loop, hypercall or reflection, resume.</summary>
    private static double RunEngine(char kind, int count, out long bytes)
    {
        using Guest guest = MakeGuest(kind, count);
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

    /// <summary>The vCPU's part of it: nobody does the hypercalls, which the guest does not notice.</summary>
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

    private static Guest MakeGuest(char kind, int count) =>
        Guest.Create(Workloads.Guest("exits.elf", $"{kind} {count}") with { Cpu = CpuChoice.Kvm, Limits = new GuestLimits { Time = Patience } });

    /// <summary>The exits of whole guests, and how many of them carry a trap to the guest's own handler: ring-0 code inside could do that.</summary>
    private static void CountExits(string? kernel, string? initrd, string[] words)
    {
        Console.WriteLine("| guest | s | exits | fills of shadow tables | hypercalls | system calls | page faults of the guest's | its other traps | exits that need not be |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
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
        using Guest guest = Guest.Create(definition);
        if (input.Length > 0) guest.SendConsole(input);
        long calls = 0, systemCalls = 0, pageFaults = 0, others = 0;
        long start = Stopwatch.GetTimestamp();
        EventFilter filter = new() { Kinds = EventKinds.Hypercall | EventKinds.Trap };
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "bench", Filter = filter }))
        {
            if (happened is HypercallEvent { Origin: HypercallOrigin.Trap }) calls++;
            if (happened is not TrapEvent { Outcome: TrapOutcome.Reflected } trap) continue;
            if (trap.Vector == Vector.SystemCall) systemCalls++;
            else if (trap.Vector == Vector.PageFault) pageFaults++;
            else others++;
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        KvmCpu cpu = (KvmCpu)guest.Cpu;
        double avoidable = (double)(systemCalls + pageFaults + others) / cpu.Exits;
        Console.WriteLine(Text($"| {name} ({guest.StateReason}) | {seconds:F1} | {cpu.Exits:N0} | {cpu.Fills:N0} | {calls:N0} | {systemCalls:N0} | {pageFaults:N0} | {others:N0} | {avoidable:P0} |"));
    }

    private static string ProcessorName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
