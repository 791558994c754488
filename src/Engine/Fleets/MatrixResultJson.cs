using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LguestPS.Fleets;

/// <summary>The JSON of results. The C# names are the JSON names, in camelCase.</summary>
internal static class MatrixResultJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = false,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false), new Seconds(), new Instant() },
    };

    public static string Write(MatrixResult result) => JsonSerializer.Serialize(result, Options);

    /// <exception cref="LguestException">InvalidValue: it is no result.</exception>
    public static MatrixResult Read(string line)
    {
        try
        {
            MatrixResult result = JsonSerializer.Deserialize<MatrixResult>(line, Options) ?? throw new JsonException("it is null");
            if (result.Format != MatrixResult.CurrentFormat) throw new JsonException($"it has format {result.Format}, and this version knows {MatrixResult.CurrentFormat}");
            if (result.Checks.Any(check => check?.Name is null)) throw new JsonException("one of its checks has no name");
            if (result.Warnings.Any(warning => warning is null)) throw new JsonException("one of its warnings has no text");
            if (result.Parameters.Values.Any(value => value is null)) throw new JsonException("one of its parameters has no value");
            if (result.CellCount < 1 || result.Index < 0 || result.Index >= result.CellCount) throw new JsonException($"it has cell {result.Index} of {result.CellCount}");
            return result;
        }
        catch (JsonException e)
        {
            throw new LguestException(LguestError.InvalidValue, $"this is not the result of a matrix's cell: {e.Message}", e);
        }
    }

    private sealed class Seconds : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            decimal seconds = reader.TokenType == JsonTokenType.Number ? reader.GetDecimal() : throw new JsonException("a time is a number of seconds");
            return Math.Abs(seconds) < long.MaxValue / TimeSpan.TicksPerSecond ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond)) : throw new JsonException($"{seconds} s is no time");
        }

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Ticks / (decimal)TimeSpan.TicksPerSecond);
    }

    private sealed class Instant : JsonConverter<DateTime>
    {
        public override DateTime Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && reader.TryGetDateTime(out DateTime time) ? Utc(time) : throw new JsonException("'started' is not a point in time");

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => writer.WriteStringValue(Utc(value));

        /// <summary>What does not say of which zone it is was never of this machine's.</summary>
        private static DateTime Utc(DateTime time) => time.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(time, DateTimeKind.Utc) : time.ToUniversalTime();
    }
}
