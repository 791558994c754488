using System.Text.Json;

namespace LguestPS.Exports;

/// <summary>Writes the trace event format of chrome://tracing.</summary>
internal sealed class ChromeJsonExporter : TimelineExporter
{
    private const decimal NanosecondsPerMicrosecond = 1000;

    private readonly OutputBuffer output;
    private readonly Utf8JsonWriter json;

    public ChromeJsonExporter(OutputBuffer output, TimeAxis axis) : base(axis)
    {
        this.output = output;
        json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("displayTimeUnit"u8, "ns"u8);
        json.WriteStartArray("traceEvents"u8);
    }

    protected override void Define(Track track)
    {
        if (track.Kind == TrackKind.Counter) return;     // a counter is known by its name
        bool isGuest = track.Kind == TrackKind.Guest;
        Begin("M"u8, track, time: null, isGuest ? "process_name" : "thread_name");
        json.WriteStartObject("args"u8);
        json.WriteString("name"u8, track.Name);
        json.WriteEndObject();
        json.WriteEndObject();
        if (isGuest) return;
        Begin("M"u8, track, time: null, "thread_sort_index");
        json.WriteStartObject("args"u8);
        json.WriteNumber("sort_index"u8, track.Id);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public override void BeginSlice(Track track, long time, string name, EventRecord? details = null)
    {
        Begin("B"u8, track, time, name);
        if (details is not null) WriteDetails(details);
        json.WriteEndObject();
    }

    public override void EndSlice(Track track, long time)
    {
        Begin("E"u8, track, time, name: null);
        json.WriteEndObject();
    }

    public override void Instant(Track track, long time, string name, EventRecord details)
    {
        Begin("i"u8, track, time, name);
        json.WriteString("s"u8, "t"u8);
        WriteDetails(details);
        json.WriteEndObject();
    }

    public override void Counter(Track track, long time, long value)
    {
        Begin("C"u8, track, time, track.Name);
        json.WriteStartObject("args"u8);
        json.WriteNumber(track.Unit, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    protected override void EndEvent()
    {
        json.Flush();
        output.Pace();
    }

    protected override void FinishFile()
    {
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
        output.Flush();
    }

    private void Begin(ReadOnlySpan<byte> phase, Track track, long? time, string? name)
    {
        json.WriteStartObject();
        json.WriteString("ph"u8, phase);
        json.WriteNumber("pid"u8, track.Guest);
        json.WriteNumber("tid"u8, track.Id);
        if (time is { } at) json.WriteNumber("ts"u8, at / NanosecondsPerMicrosecond);
        if (name is not null) json.WriteString("name"u8, DetailText.Cut(name));
    }

    private void WriteDetails(EventRecord record)
    {
        json.WriteStartObject("args"u8);
        json.WriteNumber("sequence"u8, record.Sequence);
        foreach (ref readonly RecordedField field in record.Fields)
        {
            if (!DetailText.IsShown(field)) continue;
            json.WritePropertyName(field.Field.Key);
            switch (field.Kind)
            {
                case RecordedKind.Number when DetailText.IsHex(field.Field):
                    json.WriteStringValue($"0x{field.Number:x8}");
                    break;
                case RecordedKind.Flag:
                    json.WriteBooleanValue(field.Number != 0);
                    break;
                case RecordedKind.Text:
                    json.WriteStringValue(DetailText.Cut(field.Text!));
                    break;
                case RecordedKind.Numbers:
                    json.WriteStringValue(DetailText.Numbers(record.NumbersOf(field)));
                    break;
                case RecordedKind.Bytes:
                    json.WriteStringValue(DetailText.Bytes(record.BytesOf(field)));
                    break;
                default:
                    json.WriteNumberValue(field.Number);
                    break;
            }
        }
        json.WriteEndObject();
    }
}
