using System.Text.Encodings.Web;
using System.Text.Json;
using LguestPS.Events;

namespace LguestPS.Exports;

/// <summary>One JSON object a line, for programs. Nothing in it depends on the host, so two repeatable runs are equal.</summary>
internal sealed class JsonLinesExporter(OutputBuffer output) : EventExporter, IFieldSink
{
    // Plain quotes and letters: this is not going to be HTML.
    private readonly Utf8JsonWriter json = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public override Outputs Output => Outputs.Lines;

    protected override IFieldSink Begin(EventSchema schema)
    {
        json.Reset();
        json.WriteStartObject();
        return this;
    }

    protected override void End()
    {
        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
        output.Pace();
    }

    public override void Finish() => output.Flush();

    public void Number(Field field, long? value)
    {
        if (value is { } number) json.WriteNumber(field.Key, number);
        else json.WriteNull(field.Key);
    }

    public void Flag(Field field, bool? value)
    {
        if (value is { } flag) json.WriteBoolean(field.Key, flag);
        else json.WriteNull(field.Key);
    }

    public void Text(Field field, string? value) => json.WriteString(field.Key, value);

    public void Time(Field field, TimeSpan value) => json.WriteNumber(field.Key, value.Ticks / (decimal)TimeSpan.TicksPerSecond);

    public void Instant(Field field, DateTime value) => json.WriteString(field.Key, value);

    public void Numbers(Field field, ReadOnlySpan<uint> values)
    {
        json.WriteStartArray(field.Key);
        foreach (uint value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    public void Bytes(Field field, ReadOnlySpan<byte> value) => json.WriteBase64String(field.Key, value);

    public void StartList(Field field) => json.WriteStartArray(field.Key);

    public void StartPart() => json.WriteStartObject();

    public void EndPart() => json.WriteEndObject();

    public void EndList() => json.WriteEndArray();
}
