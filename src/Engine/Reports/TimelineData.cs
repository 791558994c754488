using System.Text.Json;

using LguestPS.Texts;

namespace LguestPS.Reports;

/// <summary>The numbers of the timeline as JSON, in which runs of zeros are one negative number.</summary>
internal sealed class TimelineData(RunReport report)
{
    private const int MostStacked = 7;

    private readonly RunProfile events = report.Events;

    public string Text
    {
        get
        {
            using MemoryStream text = new();
            // The usual encoder: nothing in it ends a script.
            using (Utf8JsonWriter json = new(text))
            {
                json.WriteStartObject();
                json.WriteNumber("end", events.LastTime);
                json.WriteNumber("width", events.Bins.Width);
                json.WriteStartArray("lanes");
                WriteLanes(json);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            return System.Text.Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
    }

    private void WriteLanes(Utf8JsonWriter json)
    {
        if (report.Code is { } code)
        {
            CodeFunction[] hottest = [.. code.Functions.Take(MostStacked)];
            TimeBins.Series rest = code.Bins.Add();
            foreach (CodeFunction function in code.Functions.Skip(MostStacked))
                for (int i = 0; i < code.Bins.Count; i++) rest.Add(i, function.Series.Values(code.Bins.Count)[i]);
            WriteLane(json, "Functions", "share", code.Bins, [.. hottest.Select(function => (function.Name, function.Series)), ("other code", rest)], isRelative: true);
        }
        if (events.Halted.Total > 0) WriteLane(json, "Halted", "share", events.Bins, [("halted", events.Halted)], colour: 7);
        WriteStack(json, "Hypercalls", "", events.Hypercalls);
        WriteStack(json, "Traps", "", events.Traps);
        WriteStack(json, "Interrupts", "", events.Interrupts);
        if (events.Switches.Total > 1) WriteLane(json, "Process switches", "", events.Bins, [("switches", events.Switches)], colour: 3);
        foreach (DeviceTraffic device in events.Devices)
            if (device.Bytes.Total > 0) WriteLane(json, device.Name, "bytes", events.Bins, [(device.Name, device.Bytes)], colour: 5);
    }

    private void WriteStack(Utf8JsonWriter json, string name, string unit, TallySet tallies)
    {
        if (!tallies.Any) return;
        IReadOnlyList<Tally> sorted = tallies.Sorted;
        TimeBins.Series rest = events.Bins.Add();
        foreach (Tally tally in sorted.Skip(MostStacked))
            for (int i = 0; i < events.Bins.Count; i++) rest.Add(i, tally.Series.Values(events.Bins.Count)[i]);
        WriteLane(json, name, unit, events.Bins, [.. sorted.Take(MostStacked).Select(tally => (tally.Name, tally.Series)), .. sorted.Count > MostStacked ? [("others", rest)] : Array.Empty<(string, TimeBins.Series)>()]);
    }

    private static void WriteLane(Utf8JsonWriter json, string name, string unit, TimeBins bins, IReadOnlyList<(string Name, TimeBins.Series Series)> series, int colour = 0, bool isRelative = false)
    {
        json.WriteStartObject();
        json.WriteString("name", PlainText.Of(name));
        json.WriteString("unit", unit);
        json.WriteNumber("width", bins.Width);
        if (colour != 0) json.WriteNumber("colour", colour);
        if (isRelative) json.WriteBoolean("relative", true);
        json.WriteStartArray("series");
        foreach ((string label, TimeBins.Series values) in series)
        {
            json.WriteStartObject();
            json.WriteString("name", PlainText.Of(label));
            json.WriteStartArray("values");
            WritePacked(json, values.Values(bins.Count));
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePacked(Utf8JsonWriter json, ReadOnlySpan<long> values)
    {
        int zeros = 0;
        foreach (long value in values)
        {
            if (value == 0)
            {
                zeros++;
                continue;
            }
            if (zeros > 0) json.WriteNumberValue(-zeros);
            zeros = 0;
            json.WriteNumberValue(value);
        }
    }
}
