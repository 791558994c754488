using System.Text;
using System.Text.Json;
using Xunit;
using static LguestPS.Tests.Exports.Exported;

namespace LguestPS.Tests.Exports;

/// <summary>A guest chooses many texts; in no format do they become anything but texts.</summary>
public class HostileExportTests
{
    [Fact]
    public void Json_lines_stay_lines_and_keep_what_was_said()
    {
        string[] lines = TextOf(ExportFormat.JsonLines, HostileEvents()).TrimEnd('\n').Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Equal(Hostile, Property(lines[3], "reason"));
        Assert.StartsWith(Hostile, Property(lines[1], "text"), StringComparison.Ordinal);
    }

    [Fact]
    public void Chrome_json_is_json_without_tags()
    {
        string text = TextOf(ExportFormat.ChromeJson, HostileEvents());
        Assert.DoesNotContain("</script", text);
        using JsonDocument parsed = JsonDocument.Parse(text);
        Assert.Contains(parsed.RootElement.GetProperty("traceEvents").EnumerateArray(), each => each.TryGetProperty("args", out JsonElement args) && args.TryGetProperty("reason", out JsonElement reason) && reason.GetString() == Hostile);
    }

    [Fact]
    public void Perfettos_strings_are_valid_and_names_that_a_guest_chooses_are_bounded()
    {
        PerfettoTrace trace = new(Of(ExportFormat.Perfetto, HostileEvents()));
        Assert.Contains(trace.Events, happened => happened.Details.TryGetValue("Reason", out string? reason) && reason == Hostile);
        PerfettoTrace many = new(Of(ExportFormat.Perfetto, Enumerable.Range(1, 10_000).Select(i => Dma(i, Encoding.UTF8.GetBytes($"line {i}")))));
        Assert.Equal(10_000, many.Events.Where(happened => happened.Track == "g/console text").Select(happened => happened.Name).Distinct().Count());
    }

    [Fact]
    public void Otlp_is_a_request_a_line()
    {
        string[] lines = TextOf(ExportFormat.Otlp, HostileEvents()).TrimEnd('\n').Split('\n');
        JsonElement[] spans = [.. lines.SelectMany(line => OtlpTests.Spans(line))];
        Assert.Equal(5, spans.Length);
        Assert.Equal(Hostile, spans[^1].GetProperty("status").GetProperty("message").GetString());
    }

    [Fact]
    public void Csv_has_a_row_for_each_event_and_no_formula()
    {
        string[][] rows = CsvTests.Parse(TextOf(ExportFormat.Csv, HostileEvents()));
        Assert.Equal(5, rows.Length);
        Assert.All(rows, row => Assert.Equal(rows[0].Length, row.Length));
        Assert.Equal("'" + Hostile, rows[4][Array.IndexOf(rows[0], "Reason")]);
        Assert.DoesNotContain(rows.Skip(1).SelectMany(row => row), cell => cell is ['=' or '+' or '-' or '@', ..]);
    }

    [Fact]
    public void A_text_of_megabytes_is_cut_where_it_is_only_shown()
    {
        GuestEndedEvent ended = Ended(1, new string('x', 1 << 20));
        foreach (ExportFormat format in (ExportFormat[])[ExportFormat.Perfetto, ExportFormat.ChromeJson, ExportFormat.Otlp])
            Assert.InRange(Of(format, ended).Length, 100, 16 * 1024);
    }

    private static string Property(string line, string name)
    {
        using JsonDocument parsed = JsonDocument.Parse(line);
        return parsed.RootElement.GetProperty(name).GetString()!;
    }
}
