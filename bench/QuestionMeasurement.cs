using System.Diagnostics;

namespace LguestPS.Bench;

/// <summary>What a question about a whole boot takes: until its first answer, and until its last; and what recording the boot costs.</summary>
internal static class QuestionMeasurement
{
    private const long Instructions = 500_000_000;
    private const int Rounds = 5;

    public static int Run(string kernel, string initrd)
    {
        GuestDefinition definition = new()
        {
            Name = "linux", Kernel = kernel, Initrd = initrd, CommandLine = "console=hvc0", Clock = ClockKind.Virtual, Cpu = CpuChoice.Emulated,
        };
        Boot(definition, Recorded.No).Dispose();      // everything is compiled then, and the images are in the page cache
        Console.WriteLine($"the first {Instructions:N0} instructions of {Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(kernel)))}, {Environment.ProcessorCount} processors, best of {Rounds}");
        Console.WriteLine();
        MeasureRecording(definition);
        string file = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}.lguest");
        try
        {
            using Guest guest = Boot(definition, Recorded.WithEvents);
            guest.SaveRecording(file);
            Console.WriteLine();
            Console.WriteLine("| question | answers | threads | first, ms | all, ms | of a file, ms |");
            Console.WriteLine("|---|---:|---:|---:|---:|---:|");
            foreach (int threads in (int[])[1, Environment.ProcessorCount])
            {
                Measure("every do_fork", threads, guest, file, history => history.FindCalls(new CallQuery { Symbols = ["do_fork"], Threads = threads }));
                Measure("every sys_open", threads, guest, file, history => history.FindCalls(new CallQuery { Symbols = ["sys_open"], Threads = threads }));
                Measure("every kfree and __kmalloc", threads, guest, file, history => history.FindCalls(new CallQuery { Symbols = ["kfree", "__kmalloc"], Threads = threads }));
                Measure("who wrote jiffies", threads, guest, file, history => history.FindAccesses(new MemoryAccessQuery { Address = history.Symbols!.AddressOf("jiffies")!.Value, Threads = threads }));
                Measure("who read or wrote init_task", threads, guest, file, history => history.FindAccesses(
                    new MemoryAccessQuery { Address = history.Symbols!.AddressOf("init_task")!.Value, Length = 64, Access = MemoryAccess.Read | MemoryAccess.Write, Threads = threads }));
                Measure("every interrupt", threads, guest, file, history => history.FindEvents(new EventQuery { Filter = new EventFilter { Kinds = EventKinds.Interrupt }, Threads = threads }));
                Measure("where eax came from", threads, guest, file, history => history.TraceValue(new ValueQuery { Register = "eax", Threads = threads }));
            }
            Measure("the same when it is done again?", Environment.ProcessorCount, guest, file, history => (RecordingCheck[])[history.Test()]);
        }
        finally
        {
            File.Delete(file);
        }
        return 0;
    }

    private enum Recorded
    {
        No,
        Yes,
        WithEvents,
    }

    private static void MeasureRecording(GuestDefinition definition)
    {
        Dictionary<Recorded, double> best = [];
        for (int round = 0; round < Rounds; round++)
        {
            foreach (Recorded how in Enum.GetValues<Recorded>())
            {
                long start = Stopwatch.GetTimestamp();
                Boot(definition, how).Dispose();
                best[how] = Math.Min(best.GetValueOrDefault(how, double.MaxValue), Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }
        Console.WriteLine("| the boot | ms | more |");
        Console.WriteLine("|---|---:|---:|");
        foreach ((Recorded how, double milliseconds) in best) Console.WriteLine($"| {how switch { Recorded.No => "not recorded", Recorded.Yes => "recorded", _ => "recorded with its events" }} | {milliseconds:F0} | {milliseconds / best[Recorded.No] - 1:P1} |");
    }

    private static Guest Boot(GuestDefinition definition, Recorded how)
    {
        Guest guest = Guest.Create(definition);
        if (how != Recorded.No) guest.Record(keepEvents: how == Recorded.WithEvents);
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing, StopAtInstruction = Instructions }))
        {
        }
        return guest;
    }

    private static void Measure<T>(string what, int threads, Guest guest, string file, Func<GuestHistory, IEnumerable<T>> ask)
    {
        (double First, double All, int Answers) best = (double.MaxValue, double.MaxValue, 0);
        double ofFile = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            (double first, double all, int answers) = Time(() => GuestHistory.Of(guest), ask);
            best = (Math.Min(best.First, first), Math.Min(best.All, all), answers);
            ofFile = Math.Min(ofFile, Time(() => GuestHistory.Open(file), ask).All);
        }
        Console.WriteLine($"| {what} | {best.Answers:N0} | {threads} | {best.First:F0} | {best.All:F0} | {ofFile:F0} |");
    }

    private static (double First, double All, int Answers) Time<T>(Func<GuestHistory> open, Func<GuestHistory, IEnumerable<T>> ask)
    {
        long start = Stopwatch.GetTimestamp();
        double first = 0;
        int answers = 0;
        using GuestHistory history = open();
        foreach (T _ in ask(history))
            if (answers++ == 0) first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return (first, Stopwatch.GetElapsedTime(start).TotalMilliseconds, answers);
    }
}
