namespace LguestPS.Exports;

/// <summary>What a file's name says of its format.</summary>
internal static class ExportFormats
{
    private static readonly (string Ending, ExportFormat Format)[] Endings =
    [
        (".perfetto", ExportFormat.Perfetto), (".pftrace", ExportFormat.Perfetto), (".perfetto-trace", ExportFormat.Perfetto),
        (".otlp.json", ExportFormat.Otlp), (".otlp", ExportFormat.Otlp), (".otlp.jsonl", ExportFormat.Otlp),
        (".json", ExportFormat.ChromeJson), (".jsonl", ExportFormat.JsonLines), (".ndjson", ExportFormat.JsonLines),
        (".pcapng", ExportFormat.Pcapng), (".csv", ExportFormat.Csv),
    ];

    /// <summary>The endings that are known, as a list for people.</summary>
    public static string Known => string.Join(", ", Endings.Select(known => known.Ending));

    /// <summary>The format of a file with this name; null if its ending is not known.</summary>
    public static ExportFormat? OfFile(string path) =>
        Endings.Where(known => path.EndsWith(known.Ending, StringComparison.OrdinalIgnoreCase)).OrderByDescending(known => known.Ending.Length).Select(known => (ExportFormat?)known.Format).FirstOrDefault();
}
