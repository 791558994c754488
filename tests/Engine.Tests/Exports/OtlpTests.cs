using System.Text.Json;
using Xunit;
using static LguestPS.Tests.Exports.Exported;

namespace LguestPS.Tests.Exports;

public class OtlpTests
{
    [Fact]
    public void A_guest_is_a_trace_and_its_events_are_spans_of_it()
    {
        JsonElement[] spans = [.. TextOf(ExportFormat.Otlp, Call(1, 10), Interrupt(2), Ended(3), Call(1, 10, guest: "h")).TrimEnd('\n').Split('\n').SelectMany(Spans)];
        Assert.Equal(["HALT", "irq 0", "ended: Power down", "HALT", "guest g", "guest h"], spans.Select(span => span.GetProperty("name").GetString()));
        Assert.Equal(2, spans.Select(span => span.GetProperty("traceId").GetString()).Distinct().Count());
        Assert.Equal(spans.Length, spans.Select(span => (span.GetProperty("traceId").GetString(), span.GetProperty("spanId").GetString())).Distinct().Count());
        Assert.All(spans, span => Assert.Matches("^[0-9a-f]{32}$", span.GetProperty("traceId").GetString()!));
        Assert.All(spans, span => Assert.Matches("^[0-9a-f]{16}$", span.GetProperty("spanId").GetString()!));
        Assert.All(spans[..3], span => Assert.Equal(spans[4].GetProperty("spanId").GetString(), span.GetProperty("parentSpanId").GetString()));
        Assert.False(spans[4].TryGetProperty("parentSpanId", out _));
    }

    [Fact]
    public void Times_are_nanoseconds_since_1970_as_texts()
    {
        JsonElement span = Spans(TextOf(ExportFormat.Otlp, Call(1, 10)).Split('\n')[0]).First();
        long expected = (new DateTime(2007, 10, 9, 20, 31, 38, DateTimeKind.Utc).AddMicroseconds(10) - DateTime.UnixEpoch).Ticks * 100;
        Assert.Equal($"{expected}", span.GetProperty("endTimeUnixNano").GetString());
    }

    [Fact]
    public void Long_traces_are_many_lines() =>
        Assert.InRange(TextOf(ExportFormat.Otlp, Enumerable.Range(1, 2000).Select(i => Call(i, 10))).Split('\n').Length, 4, 8);

    public static IEnumerable<JsonElement> Spans(string line) =>
        JsonDocument.Parse(line).RootElement.GetProperty("resourceSpans").EnumerateArray()
            .SelectMany(resource => resource.GetProperty("scopeSpans").EnumerateArray()).SelectMany(scope => scope.GetProperty("spans").EnumerateArray());
}
