using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using LguestPS.Events;

namespace LguestPS.Fleets;

/// <summary>Hashes events as the JSON lines they make, in which nothing depends on the host.</summary>
internal sealed class EventDigest : IFieldSink, IDisposable
{
    private const int Enough = 64 * 1024;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> lines = new(2 * Enough);
    private readonly Utf8JsonWriter json;

    public EventDigest() => json = new Utf8JsonWriter(lines, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public void Add(LguestEvent happened)
    {
        json.Reset();
        json.WriteStartObject();
        EventSchemas.Of(happened).Give(happened, this);
        json.WriteEndObject();
        json.Flush();
        lines.Write("\n"u8);
        if (lines.WrittenCount >= Enough) Pass();
    }

    /// <summary>The hash of all that was added, in hexadecimal digits; nothing can be added after it.</summary>
    public string Finish()
    {
        Pass();
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        hash.Dispose();
        json.Dispose();
    }

    private void Pass()
    {
        hash.AppendData(lines.WrittenSpan);
        lines.ResetWrittenCount();
    }

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
