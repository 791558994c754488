using System.Text;
using System.Text.Json;
using LguestPS.Abi;
using LguestPS.Events;
using LguestPS.Exports;
using LguestPS.State;

namespace LguestPS.Tests.Fuzz;

/// <summary>Events as they stand in recordings, written out in every format.</summary>
internal sealed class TraceTarget : FileTarget
{
    private const int MostEvents = 200;

    private static readonly ExportFormat[] formats = Enum.GetValues<ExportFormat>();

    public override string Name => "traces";

    public override string Promise => "events that are damaged or hostile are refused by one error, or written in every format, and JSON is JSON whatever they say";

    public override int CasesInSuite => 300;

    protected override string What => "a log of events";

    protected override string FileName => "events";

    protected override IReadOnlyList<byte[]> Tokens { get; } = Mutator.Tokens("\"", "\\", "\n", "</script>", "\u001b[2J", "\u2028", "\0", "\ud83d", "{", "=cmd()");

    protected override IEnumerable<byte[]> MakeSamples() =>
        GuestRun.All.Where(run => run.Name is "example-paging" or "example-ring" or "interrupts" or "minikernel-cooperative-3.1" or "minikernel-cooperative-4.1" or "reboot-3.1" or "kill-crash").Select(run =>
        {
            using Guest guest = Guest.Create(run.Definition(ClockKind.Virtual));
            if (run.Input is { } input) guest.SendConsole(input);
            StateWriter log = new();
            foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the fuzzer", StopAtInstruction = 2_000_000 }).Take(60)) EventCodec.Write(log, happened);
            return log.ToArray();
        });

    protected override void Use(string path, TapeRandom random)
    {
        AbiProfile abi = random.Pick(AbiProfile.All);
        List<LguestEvent> events = Read(File.ReadAllBytes(path), new EventOrigin("fuzz", abi, null));
        foreach (LguestEvent happened in events) Observation?.Add(happened.ToString());
        foreach (ExportFormat format in formats)
        {
            using MemoryStream written = new();
            EventExporter exporter = EventExporter.Create(format, written, random.Chance(50) ? TimeAxis.Guest : TimeAxis.Host);
            foreach (LguestEvent happened in events) exporter.Write(happened);
            exporter.Finish();
            Check(format, written.ToArray());
            Observation?.Add(written.ToArray());
        }
    }

    private static List<LguestEvent> Read(byte[] log, EventOrigin origin)
    {
        List<LguestEvent> events = [];
        StateReader state = new(log, []);
        try
        {
            while (state.Left > 0 && events.Count < MostEvents) events.Add(EventCodec.Read(state, origin));
        }
        catch (InvalidStateException)
        {
            // Up to here they were events.
        }
        return events;
    }

    /// <summary>Fails if what should be JSON is none.</summary>
    private static void Check(ExportFormat format, byte[] written)
    {
        switch (format)
        {
            case ExportFormat.ChromeJson:
                using (JsonDocument.Parse(written)) break;
            case ExportFormat.JsonLines or ExportFormat.Otlp:
                foreach (string line in Encoding.UTF8.GetString(written).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    using (JsonDocument.Parse(line)) { }
                break;
        }
    }
}
