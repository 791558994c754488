using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>What checkpoints cost: a guest is run with one every so many instructions, then taken back to each in turn.</summary>
internal static class CheckpointMeasurement
{
    private const uint LguestInit = 1, Halt = 10, SetPte = 14;
    private const int Checkpoints = 100;
    private const long Interval = 5_000_000;

    /// <summary>With a guest of bench/workloads.</summary>
    public static int Run()
    {
        Workloads.Build();
        return Measure(Workloads.Guest("workloads.elf", "8 300", megabytes: 64) with { Clock = ClockKind.Virtual }, Interval);
    }

    /// <summary>With a Linux, from its first instruction to a while after its shell's prompt.</summary>
    public static int Run(string kernel, string initrd) =>
        Measure(new GuestDefinition { Name = "linux", Kernel = kernel, Initrd = initrd, CommandLine = "console=hvc0", Clock = ClockKind.Virtual }, Interval);

    /// <param name="definition">The guest; clock virtual.</param>
    /// <param name="interval">Instructions between two checkpoints.</param>
    private static int Measure(GuestDefinition definition, long interval)
    {
        RunOn(definition);       // everything is compiled then, and the images are in the page cache

        long residentBefore = ResidentMemory.Measure();
        using Guest guest = Guest.Create(definition);
        List<Checkpoint> kept = [];
        List<double> taking = [];
        Stopwatch running = new();
        while (kept.Count < Checkpoints && !guest.HasEnded)
        {
            running.Start();
            RunFor(guest, interval);
            running.Stop();
            if (guest.HasEnded) break;
            long start = Stopwatch.GetTimestamp();
            kept.Add(guest.TakeCheckpoint());
            taking.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (guest.Standstill == Standstill.WaitingForInput) break;
        }
        long residentWith = ResidentMemory.Measure();

        List<double> restoring = [];
        Random random = new(1);
        foreach (Checkpoint checkpoint in kept.OrderBy(_ => random.Next()).ToList())
        {
            long start = Stopwatch.GetTimestamp();
            guest.Restore(checkpoint);
            restoring.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        string file = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}.lguest");
        try
        {
            long start = Stopwatch.GetTimestamp();
            kept[^1].Save(file);
            double saving = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            start = Stopwatch.GetTimestamp();
            using Guest loaded = Guest.CreateFrom(Checkpoint.Load(file));
            double loading = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

            Console.WriteLine($"{kept.Count} checkpoints of '{definition.Name}', {definition.Memory >> 20} MiB, one every {interval:N0} instructions; run time without them {running.ElapsedMilliseconds:N0} ms");
            Console.WriteLine();
            Console.WriteLine("| what | median | worst |");
            Console.WriteLine("|---|---:|---:|");
            Show("taking one, ms", taking);
            Show("going back to one, in random order, ms", restoring);
            Show("pages of its own, KiB", [.. kept.Select(checkpoint => checkpoint.OwnBytes / 1024.0)]);
            Console.WriteLine();
            Console.WriteLine($"held by all: {kept.Sum(checkpoint => checkpoint.OwnBytes) >> 20} MiB of pages; the process grew by {(residentWith - residentBefore) >> 20} MiB, guest included");
            Console.WriteLine($"the last one as a file: {new FileInfo(file).Length / 1024:N0} KiB for {kept[^1].MemoryBytes >> 20} MiB in use; saved in {saving:F0} ms, a guest made of it in {loading:F0} ms");
        }
        finally
        {
            File.Delete(file);
        }
        MeasureGoingBack(definition);
        return 0;
    }

    private static void MeasureGoingBack(GuestDefinition definition)
    {
        const int Rounds = 5, Steps = 30;
        double plain = double.MaxValue, recorded = double.MaxValue;
        Guest? last = null;
        for (int round = 0; round < Rounds; round++)
        {
            plain = Math.Min(plain, TimeOfRun(definition, out Guest unrecorded));
            unrecorded.Dispose();
            last?.Dispose();
            recorded = Math.Min(recorded, TimeOfRun(definition with { Record = true }, out last));
        }
        using Guest guest = last!;
        Console.WriteLine();
        Console.WriteLine($"run of {guest.InstructionCount:N0} instructions and {guest.EventCount:N0} events: {plain:F0} ms, recorded {recorded:F0} ms (best of {Rounds}, turn about); {guest.Recording!.Shelf.Count} checkpoints kept, {guest.Recording.Shelf.Bytes >> 20} MiB");
        Console.WriteLine();
        Console.WriteLine("| going back from the end, ms | median | worst |");
        Console.WriteLine("|---|---:|---:|");
        Show("one standstill", StepsBack(guest, Steps, StepUnit.Standstill));
        Show("one instruction", StepsBack(guest, Steps, StepUnit.Instruction));
        Show("one HALT", StepsBack(guest, Steps, StepUnit.Hypercall, hypercall: Halt));
        ToEnd(guest);
        Show("one SET_PTE", StepsBack(guest, Steps, StepUnit.Hypercall, hypercall: SetPte));
        Show("1,000 standstills", StepsBack(guest, 5, StepUnit.Standstill, 1_000));
        ToEnd(guest);
        Show("to the first hypercall", StepsBack(guest, 1, StepUnit.Hypercall, hypercall: LguestInit));
        ToEnd(guest);
        Breakpoint watch = guest.AddBreakpoint(new MemoryTarget(guest.Machine.PageOffset, 4, MemoryAccess.Write, null));
        Show("to the beginning, for want of a hit of a watchpoint", StepsBack(guest, 1, StepUnit.Breakpoint));
        guest.RemoveBreakpoint(watch);
        MeasureMoving(guest);
    }

    /// <summary>To places all over the run, in random order, and forks from there.</summary>
    private static void MeasureMoving(Guest guest)
    {
        const int Places = 60, Forks = 10;
        Random random = new(1);
        RunPosition end = guest.Timeline.Now!.Value;
        Console.WriteLine();
        Console.WriteLine("| to any place of the run, ms | median | worst |");
        Console.WriteLine("|---|---:|---:|");
        Show("an instruction", Times(Places, () => MoveTo(guest, PositionExpression.Of(new RunPosition(0, random.NextInt64(1, end.Instructions), TimeSpan.Zero)))));
        Show("before an event", Times(Places, () => MoveTo(guest, PositionExpression.Of(RunPosition.BeforeEvent(random.NextInt64(1, end.Events))))));
        Show("the present", Times(Places, () => MoveTo(guest, PositionExpression.Now), between: () => MoveTo(guest, PositionExpression.Parse("50%"))));
        GuestFork? fork = null;
        Show("a fork of a place", Times(Forks, () => fork = guest.Timeline.ForkAt(PositionExpression.Of(new RunPosition(0, random.NextInt64(1, end.Instructions), TimeSpan.Zero))), between: () => fork?.Dispose()));
        List<Guest> forks = [];
        long residentBefore = ResidentMemory.Measure();
        Show("each guest made of it", Times(Forks, () => forks.Add(fork!.Make())));
        Console.WriteLine();
        Console.WriteLine($"{forks.Count} forks before they run: {(ResidentMemory.Measure() - residentBefore) >> 20} MiB");
        fork!.Dispose();
        foreach (Guest one in forks) one.Dispose();
    }

    private static void MoveTo(Guest guest, PositionExpression place) => guest.Timeline.MoveTo(new MoveOptions { Driver = "bench", To = place });

    private static List<double> Times(int count, Action act, Action? between = null)
    {
        List<double> times = [];
        for (int i = 0; i < count; i++)
        {
            between?.Invoke();
            long start = Stopwatch.GetTimestamp();
            act();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return times;
    }

    private static double TimeOfRun(GuestDefinition definition, out Guest guest)
    {
        guest = Guest.Create(definition);
        long start = Stopwatch.GetTimestamp();
        RunFor(guest, Checkpoints * Interval);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static List<double> StepsBack(Guest guest, int steps, StepUnit unit, int count = 1, uint? hypercall = null)
    {
        List<double> times = [];
        for (int i = 0; i < steps; i++)
        {
            long start = Stopwatch.GetTimestamp();
            if (!guest.StepBack(new StepBackOptions { Driver = "bench", Unit = unit, Hypercall = hypercall, Count = count }) && unit != StepUnit.Breakpoint) break;
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return times;
    }

    private static void ToEnd(Guest guest) => RunFor(guest, Checkpoints * Interval - guest.InstructionCount!.Value);

    private static void Show(string what, List<double> values)
    {
        if (values.Count == 0) return;
        values.Sort();
        Console.WriteLine($"| {what} | {values[values.Count / 2]:F1} | {values[^1]:F1} |");
    }

    private static void RunOn(GuestDefinition definition)
    {
        using Guest guest = Guest.Create(definition);
        RunFor(guest, Checkpoints * Interval);
    }

    private static void RunFor(Guest guest, long instructions)
    {
        RunOptions options = new() { Driver = "bench", Filter = EventFilter.Nothing, StopAtInstruction = guest.InstructionCount + instructions };
        foreach (LguestEvent _ in guest.Run(options))
        {
        }
    }
}
