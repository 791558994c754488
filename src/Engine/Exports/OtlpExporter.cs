using System.Globalization;
using System.Text;
using System.Text.Json;
using LguestPS.Events;
using LguestPS.State;

namespace LguestPS.Exports;

/// <summary>Writes spans as the file exporter of OpenTelemetry does: each line is an export request of OTLP in JSON, with some spans of one guest.</summary>
/// <remarks>A guest is a trace: its events are spans below one for all of its run, which comes last. Numbers of 64 bits are texts, as protobuf's JSON has them.</remarks>
internal sealed class OtlpExporter : EventExporter
{
    private const int SpansPerLine = 512;
    private const int MostBytes = 256;
    private const int InternalSpan = 1;
    private const int ErrorStatus = 2;

    private readonly OutputBuffer output;
    private readonly TimeAxis axis;
    private readonly Utf8JsonWriter json;
    private readonly EventRecord record = new();
    private readonly Dictionary<string, Run> runs = [];
    private Run? line;
    private int spans;

    public OtlpExporter(OutputBuffer output, TimeAxis axis)
    {
        this.output = output;
        this.axis = axis;
        json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
    }

    protected override IFieldSink Begin(EventSchema schema)
    {
        record.Clear(schema.Kind);
        return record;
    }

    protected override void End()
    {
        if (!runs.TryGetValue(record.Guest, out Run? run)) runs.Add(record.Guest, run = new Run(record));
        if (line != run || spans == SpansPerLine)
        {
            EndLine();
            BeginLine(run);
        }
        spans++;
        long end = Math.Max(run.Last, run.TimeOf(record, axis));
        long start = axis == TimeAxis.Host ? end - record.HostDuration.Ticks * 100 : end;
        (run.First, run.Last) = (Math.Min(run.First, start), end);
        BeginSpan(run, run.SpanId(record.Sequence), run.RootId, EventNames.Of(record), start, end);
        WriteAttributes(run);
        if (record.Kind == EventKinds.Ended && record.FindText(nameof(GuestEndedEvent.Ending)) is nameof(EndingKind.Crashed) or nameof(EndingKind.Killed)) run.Problem = record.FindText(nameof(GuestEndedEvent.Reason));
        WriteStatus(record.Kind == EventKinds.Ended ? run.Problem : null);
        json.WriteEndObject();
        json.Flush();
        output.Pace();
    }

    public override void Finish()
    {
        foreach (Run run in runs.Values)
        {
            if (line != run)
            {
                EndLine();
                BeginLine(run);
            }
            BeginSpan(run, run.RootId, parent: null, $"guest {run.Guest}", run.First, run.Last);
            WriteStatus(run.Problem);
            json.WriteEndObject();
        }
        EndLine();
        output.Flush();
    }

    private void BeginLine(Run run)
    {
        line = run;
        spans = 0;
        json.Reset();
        json.WriteStartObject();
        json.WriteStartArray("resourceSpans"u8);
        json.WriteStartObject();
        json.WriteStartObject("resource"u8);
        json.WriteStartArray("attributes"u8);
        WriteText("service.name"u8, "lguest");
        WriteText("service.instance.id"u8, run.Guest);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("scopeSpans"u8);
        json.WriteStartObject();
        json.WriteStartObject("scope"u8);
        json.WriteString("name"u8, "LguestPS"u8);
        json.WriteEndObject();
        json.WriteStartArray("spans"u8);
    }

    private void EndLine()
    {
        if (line is null) return;
        line = null;
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    private void BeginSpan(Run run, string id, string? parent, string name, long start, long end)
    {
        json.WriteStartObject();
        json.WriteString("traceId"u8, run.TraceId);
        json.WriteString("spanId"u8, id);
        if (parent is not null) json.WriteString("parentSpanId"u8, parent);
        json.WriteString("name"u8, DetailText.Cut(name));
        json.WriteNumber("kind"u8, InternalSpan);
        json.WriteString("startTimeUnixNano"u8, Decimal(start));
        json.WriteString("endTimeUnixNano"u8, Decimal(end));
    }

    private void WriteStatus(string? problem)
    {
        json.WriteStartObject("status"u8);
        if (problem is not null)
        {
            json.WriteNumber("code"u8, ErrorStatus);
            json.WriteString("message"u8, DetailText.Cut(problem));
        }
        json.WriteEndObject();
    }

    private void WriteAttributes(Run run)
    {
        json.WriteStartArray("attributes"u8);
        WriteText("lguest.kind"u8, run.KindName(record.Kind));
        WriteNumber(JsonEncodedText.Encode("lguest.sequence"), record.Sequence);
        WriteNumber(JsonEncodedText.Encode("lguest.guestTimeNano"), record.GuestTime.Ticks * 100);
        foreach (ref readonly RecordedField field in record.Fields)
        {
            JsonEncodedText key = run.KeyOf(field.Field);
            if (field.Kind == RecordedKind.List || (field.Kind == RecordedKind.Bytes && field.Length == 0)) continue;
            if (field.Kind == RecordedKind.Number)
            {
                WriteNumber(key, field.Number);
                continue;
            }
            json.WriteStartObject();
            json.WriteString("key"u8, key);
            json.WriteStartObject("value"u8);
            if (field.Kind == RecordedKind.Flag) json.WriteBoolean("boolValue"u8, field.Number != 0);
            else if (field.Kind == RecordedKind.Text) json.WriteString("stringValue"u8, DetailText.Cut(field.Text!));
            else if (field.Kind == RecordedKind.Bytes) json.WriteBase64String("bytesValue"u8, Start(record.BytesOf(field)));
            else WriteArray(record.NumbersOf(field));
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>What receivers of spans take of many bytes.</summary>
    private static ReadOnlySpan<byte> Start(ReadOnlySpan<byte> bytes) => bytes[..Math.Min(bytes.Length, MostBytes)];

    private void WriteArray(ReadOnlySpan<uint> numbers)
    {
        json.WriteStartObject("arrayValue"u8);
        json.WriteStartArray("values"u8);
        foreach (uint number in numbers)
        {
            json.WriteStartObject();
            json.WriteString("intValue"u8, Decimal(number));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteText(ReadOnlySpan<byte> key, string value)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WriteStartObject("value"u8);
        json.WriteString("stringValue"u8, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteNumber(JsonEncodedText key, long value)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, key);
        json.WriteStartObject("value"u8);
        json.WriteString("intValue"u8, Decimal(value));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Decimal(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>One guest's trace.</summary>
    private sealed class Run
    {
        private readonly ulong seed;
        private readonly long start;
        private readonly Dictionary<Field, JsonEncodedText> keys = [];
        private readonly Dictionary<EventKinds, string> kinds = [];

        public Run(EventRecord first)
        {
            Guest = first.Guest;
            long host = (first.HostTime - DateTime.UnixEpoch).Ticks * 100;
            // A recording does not know when it was made: guest time then begins with 1970.
            start = Math.Max(0, host - first.GuestTime.Ticks * 100);
            seed = ContentHash.Of(Encoding.UTF8.GetBytes($"{Guest} {start}"));
            TraceId = $"{seed:x16}{ContentHash.Of(Encoding.UTF8.GetBytes($"trace {Guest} {start}")) | 1:x16}";
            RootId = SpanId(0);
        }

        public string Guest { get; }

        public string TraceId { get; }

        public string RootId { get; }

        public long First { get; set; } = long.MaxValue;

        public long Last { get; set; }

        public string? Problem { get; set; }

        public long TimeOf(EventRecord record, TimeAxis axis) =>
            axis == TimeAxis.Host && record.HostTime > DateTime.UnixEpoch ? (record.HostTime - DateTime.UnixEpoch).Ticks * 100 : start + record.GuestTime.Ticks * 100;

        /// <summary>Never zero, and another one for each event.</summary>
        public string SpanId(long sequence) => $"{(seed & 0xFFFFFF0000000000) | (ulong)(sequence + 1) & 0xFFFFFFFFFF:x16}";

        public JsonEncodedText KeyOf(Field field)
        {
            if (!keys.TryGetValue(field, out JsonEncodedText key)) keys.Add(field, key = JsonEncodedText.Encode($"lguest.{field.Key}"));
            return key;
        }

        public string KindName(EventKinds kind)
        {
            if (!kinds.TryGetValue(kind, out string? name)) kinds.Add(kind, name = kind.ToString());
            return name;
        }
    }
}
