using System.Globalization;
using System.Text;
using LguestPS.Events;

namespace LguestPS.Exports;

/// <summary>Writes a table as RFC 4180 has it: a row for each event, and a column for each field that events have, so that all kinds fit into one.</summary>
/// <remarks>
/// A text that a spreadsheet would take for a formula begins with an apostrophe: guests choose texts, and people open tables.
/// </remarks>
internal sealed class CsvExporter : EventExporter, IFieldSink
{
    private readonly OutputBuffer output;
    private readonly Dictionary<string, int> columns = [];
    private readonly string?[] row;
    private readonly StringBuilder line = new();
    private readonly StringBuilder parts = new();
    private Field? list;
    private bool isInList;

    public CsvExporter(OutputBuffer output)
    {
        this.output = output;
        foreach (Field field in EventSchemas.All.SelectMany(schema => schema.Fields))
            if ((field.Outputs & Outputs.Traces) != 0) columns.TryAdd(field.Name, columns.Count);
        row = new string?[columns.Count];
        WriteLine([.. columns.Keys]);
    }

    protected override IFieldSink Begin(EventSchema schema)
    {
        Array.Clear(row);
        return this;
    }

    protected override void End()
    {
        WriteLine(row);
        output.Pace();
    }

    public override void Finish() => output.Flush();

    public void Number(Field field, long? value) => Put(field, value is not { } number ? null : field.Format switch
    {
        FieldFormat.Hex => $"0x{number:x8}",
        FieldFormat.HexByte => $"0x{number:x2}",
        _ => number.ToString(CultureInfo.InvariantCulture),
    });

    public void Flag(Field field, bool? value) => Put(field, value switch { true => "true", false => "false", null => null });

    public void Text(Field field, string? value) => Put(field, value is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? $"'{value}" : value);

    public void Time(Field field, TimeSpan value) => Put(field, (value.Ticks / (decimal)TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture));

    public void Instant(Field field, DateTime value) => Put(field, value == default ? null : value.ToString("O", CultureInfo.InvariantCulture));

    public void Numbers(Field field, ReadOnlySpan<uint> values) => Put(field, DetailText.Numbers(values));

    public void Bytes(Field field, ReadOnlySpan<byte> value)
    {
        if (!isInList) Put(field, Convert.ToHexStringLower(value));     // those of the parts are together in a field of their own
    }

    public void StartList(Field field)
    {
        isInList = true;
        list = field;
        parts.Clear();
    }

    public void StartPart() => parts.Append(parts.Length == 0 ? "" : "; ");

    public void EndPart()
    {
        if (parts.Length > 0 && parts[^1] == ' ') parts.Length--;
    }

    public void EndList()
    {
        isInList = false;
        row[columns[list!.Name]] = parts.ToString();
    }

    private void Put(Field field, string? value)
    {
        if (isInList) parts.Append($"{field.Key}={value} ");
        else row[columns[field.Name]] = value;
    }

    private void WriteLine(string?[] cells)
    {
        line.Clear();
        for (int i = 0; i < cells.Length; i++)
        {
            if (i > 0) line.Append(',');
            if (cells[i] is not { } cell) continue;
            if (cell.AsSpan().ContainsAny(",\"\r\n")) line.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            else line.Append(cell);
        }
        line.Append("\r\n");
        foreach (ReadOnlyMemory<char> chunk in line.GetChunks())
        {
            Span<byte> place = output.GetSpan(Encoding.UTF8.GetMaxByteCount(chunk.Length));
            output.Advance(Encoding.UTF8.GetBytes(chunk.Span, place));
        }
    }
}
