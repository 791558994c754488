using System.Diagnostics;
using System.Globalization;
using LguestPS.Exports;
using LguestPS.Reports;

namespace LguestPS.Bench;

/// <summary>What it takes to write a million events in each format, and to report them.</summary>
internal static class ExportMeasurement
{
    private const int Calls = 1_000_000;
    private const int Rounds = 3;

    public static int Run()
    {
        Workloads.Build();
        string path = Path.Combine(Path.GetTempPath(), $"lguest-bench-{Environment.ProcessId}");
        (string What, Func<Stream, EventExporter?> Make)[] all =
        [
            ("no file: the events alone", _ => null),
            .. Enum.GetValues<ExportFormat>().Select(format => ($"{format}", (Func<Stream, EventExporter?>)(file => EventExporter.Create(format, file)))),
            ("a report's sums", _ => new RunProfile()),
        ];
        Console.WriteLine("| to | s for 1 M hypercalls (best) | MB | MB kept alive |");
        Console.WriteLine("|---|---:|---:|---:|");
        try
        {
            foreach ((string what, Func<Stream, EventExporter?> make) in all)
            {
                (double seconds, long size, long kept) = Enumerable.Range(0, Rounds).Select(_ => Measure(path, make)).MinBy(measured => measured.Seconds);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {seconds:0.00} | {size / 1e6:0.0} | {kept / 1e6:0.0} |"));
            }
            Report();
        }
        finally
        {
            File.Delete(path);
        }
        return 0;
    }

    private static (double Seconds, long Size, long Kept) Measure(string path, Func<Stream, EventExporter?> make)
    {
        using Guest guest = Guest.Create(Workloads.Guest("calls.elf", $"{Calls}"));
        long before = GC.GetTotalMemory(forceFullCollection: true), start = Stopwatch.GetTimestamp();
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 64 * 1024);
        EventExporter? exporter = make(file);
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "bench" })) exporter?.Write(happened);
        exporter?.Finish();
        file.Flush();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(exporter);
        return (seconds, file.Length, kept);
    }

    /// <summary>A recorded run, done again with every instruction counted.</summary>
    private static void Report()
    {
        using Guest guest = Guest.Create(Workloads.Guest("calls.elf", $"{Calls}") with { Clock = ClockKind.Virtual });
        guest.Record();
        long start = Stopwatch.GetTimestamp();
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "bench", Filter = EventFilter.Nothing }))
        {
        }
        double run = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        using MemoryStream page = new();
        RunReport.Of(GuestHistory.Of(guest)).Write(page);
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A recorded run of {guest.EventCount:N0} events and {guest.InstructionCount:N0} instructions took {run:0.00} s; its report, {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s and {page.Length / 1e3:0} KB."));
    }
}
