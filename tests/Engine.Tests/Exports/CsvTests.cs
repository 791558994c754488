using LguestPS.Events;
using Xunit;
using static LguestPS.Tests.Exports.Exported;

namespace LguestPS.Tests.Exports;

public class CsvTests
{
    [Fact]
    public void There_is_a_column_for_every_field_that_exporters_have()
    {
        string[] columns = Parse(TextOf(ExportFormat.Csv))[0];
        Assert.Equal(columns.Distinct(), columns);
        Assert.Equal(EventSchemas.All.SelectMany(schema => schema.Fields).Where(field => (field.Outputs & Outputs.Traces) != 0).Select(field => field.Name).Distinct(), columns);
    }

    [Fact]
    public void A_row_has_the_values_of_its_event()
    {
        string[][] rows = Parse(TextOf(ExportFormat.Csv, Dma(3, [1, 0xAB], "block0")));
        Assert.Equal(
            ("3", "Dma", "g", "0.000003", "Send", "0x00001000", "block0", "2", "01ab", "address=0x00002000 length=2"),
            (Cell("Sequence"), Cell("Kind"), Cell("Guest"), Cell("GuestTime"), Cell("Direction"), Cell("Address"), Cell("Device"), Cell("UsedLength"), Cell("Data"), Cell("Sections")));
        Assert.Equal("", Cell("Irq"));

        string Cell(string column) => rows[1][Array.IndexOf(rows[0], column)];
    }

    [Fact]
    public void Lines_end_as_RFC_4180_has_it() => Assert.EndsWith("\r\n", TextOf(ExportFormat.Csv, Ended(1)), StringComparison.Ordinal);

    /// <summary>Reads a table by the grammar of RFC 4180 and by nothing else.</summary>
    public static string[][] Parse(string text)
    {
        List<string[]> rows = [];
        List<string> row = [];
        for (int at = 0; at < text.Length;)
        {
            string cell = "";
            if (text[at] == '"')
            {
                for (at++; text[at] != '"' || (at + 1 < text.Length && text[at + 1] == '"'); at++)
                {
                    if (text[at] == '"') at++;
                    cell += text[at];
                }
                at++;
            }
            else
            {
                int end = text.AsSpan(at).IndexOfAny(",\r\n\"");
                Assert.NotEqual('"', text[at + end]);
                cell = text.Substring(at, end);
                at += end;
            }
            row.Add(cell);
            if (text[at] == ',')
            {
                at++;
                continue;
            }
            Assert.Equal("\r\n", text.Substring(at, 2));
            at += 2;
            rows.Add([.. row]);
            row.Clear();
        }
        return [.. rows];
    }
}
