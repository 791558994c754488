using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LguestPS.Launcher;

/// <summary>Writes events, one a line.</summary>
internal abstract class EventLines
{
    public static EventLines Create(EventFormat format) => format == EventFormat.Jsonl ? new JsonLines() : new TableLines();

    /// <summary>What stands above the first event.</summary>
    public virtual ReadOnlySpan<byte> Head => [];

    /// <summary>The line of an event, valid until the next one is asked for.</summary>
    public abstract ReadOnlySpan<byte> Line(LguestEvent happened);
}

/// <summary>Aligned columns for people.</summary>
internal sealed class TableLines : EventLines
{
    private const int MostText = 60;

    public override ReadOnlySpan<byte> Head => "     #        TIME  KIND       WHAT\n"u8;

    public override ReadOnlySpan<byte> Line(LguestEvent happened)
    {
        string what = happened is DmaEvent { Device: "console" } dma ? $"{dma.Summary}  {QuotedText.Of(dma.Text, MostText)}" : happened.Summary;
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{happened.Sequence,6}  {happened.GuestTime.TotalSeconds,10:0.000000}  {happened.Kind,-9}  {what}\n"));
    }

    /// <summary>A guest's text, so that it cannot play with the terminal.</summary>
}

/// <summary>One JSON object a line, for programs. Nothing in it depends on the host, so two repeatable runs are equal.</summary>
internal sealed class JsonLines : EventLines
{
    private readonly ArrayBufferWriter<byte> line = new(512);
    private readonly Utf8JsonWriter json;

    // Plain quotes and letters: this is not going to be HTML.
    public JsonLines() => json = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public override ReadOnlySpan<byte> Line(LguestEvent happened)
    {
        line.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber("sequence"u8, happened.Sequence);
        json.WriteString("kind"u8, happened.Kind.ToString());
        json.WriteNumber("guestTime"u8, happened.GuestTime.Ticks / (decimal)TimeSpan.TicksPerSecond);
        switch (happened)
        {
            case HypercallEvent call: Write(call); break;
            case DmaEvent dma: Write(dma); break;
            case TrapEvent trap: Write(trap); break;
            case InterruptEvent interrupt: Write(interrupt); break;
            case InterventionEvent intervention: Write(intervention); break;
            case GuestEndedEvent ended: json.WriteString("reason"u8, ended.Reason); break;
        }
        json.WriteEndObject();
        json.Flush();
        line.Write("\n"u8);
        return line.WrittenSpan;
    }

    private void Write(HypercallEvent call)
    {
        json.WriteString("name"u8, call.Name);
        json.WriteNumber("number"u8, call.Number);
        json.WriteStartArray("arguments"u8);
        foreach (uint argument in call.Arguments) json.WriteNumberValue(argument);
        json.WriteEndArray();
        json.WriteString("origin"u8, call.Origin.ToString());
        WriteNumber("slot"u8, call.Slot);
        WriteNumber("result"u8, call.Result);
        WriteEip(call.Eip, call.Symbol);
    }

    private void Write(DmaEvent dma)
    {
        json.WriteNumber("key"u8, dma.Key);
        json.WriteString("device"u8, dma.Device);
        json.WriteString("direction"u8, dma.Direction.ToString());
        json.WriteStartArray("sections"u8);
        foreach (DmaSection section in dma.Sections)
        {
            json.WriteStartObject();
            json.WriteNumber("address"u8, section.Address);
            json.WriteNumber("length"u8, section.Length);
            json.WriteBase64String("data"u8, section.Data);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WriteNumber("usedLength"u8, dma.UsedLength);
        json.WriteString("text"u8, dma.Text);
    }

    private void Write(TrapEvent trap)
    {
        json.WriteNumber("vector"u8, trap.Vector);
        WriteNumber("errorCode"u8, trap.ErrorCode);
        WriteNumber("address"u8, trap.Address);
        WriteEip(trap.Eip, trap.Symbol);
    }

    private void Write(InterruptEvent interrupt)
    {
        json.WriteNumber("irq"u8, interrupt.Irq);
        json.WriteNumber("vector"u8, interrupt.Vector);
        WriteEip(interrupt.Eip, interrupt.Symbol);
    }

    private void Write(InterventionEvent intervention)
    {
        json.WriteString("operation"u8, intervention.Operation.ToString());
        json.WriteString("by"u8, intervention.By);
        json.WriteStartArray("changes"u8);
        foreach (InterventionChange change in intervention.Changes)
        {
            json.WriteStartObject();
            json.WriteString("target"u8, change.Target);
            WriteNumber("address"u8, change.PhysicalAddress);
            json.WriteBase64String("from"u8, change.From);
            json.WriteBase64String("to"u8, change.To);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        WriteEip(intervention.Eip, intervention.Symbol);
    }

    private void WriteEip(uint eip, string? symbol)
    {
        json.WriteNumber("eip"u8, eip);
        json.WriteString("symbol"u8, symbol);
    }

    private void WriteNumber(ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } value) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }
}
