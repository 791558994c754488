using LguestPS.Exports;

namespace LguestPS.Launcher;

/// <summary>One JSON object a line, for programs.</summary>
internal sealed class JsonLines : EventLines
{
    private readonly MemoryStream line = new();
    private readonly EventExporter exporter;

    public JsonLines() => exporter = EventExporter.Create(ExportFormat.JsonLines, line);

    public override ReadOnlySpan<byte> Line(LguestEvent happened)
    {
        line.SetLength(0);
        exporter.Write(happened);
        exporter.Finish();
        return line.GetBuffer().AsSpan(0, (int)line.Length);
    }
}
