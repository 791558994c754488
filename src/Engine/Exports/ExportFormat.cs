namespace LguestPS;

/// <summary>The formats in which events are exported for other programs.</summary>
public enum ExportFormat
{
    /// <summary>One JSON object a line, with what does not depend on the host.</summary>
    JsonLines,

    /// <summary>A Perfetto trace: protobuf packets with a track for everything that does something.</summary>
    Perfetto,

    /// <summary>The JSON of chrome://tracing, with the same tracks.</summary>
    ChromeJson,

    /// <summary>Spans of OpenTelemetry, as its file exporter writes them: OTLP in JSON, a request a line.</summary>
    Otlp,

    /// <summary>The frames of the guests' networks, each with a comment that names guest, device and event.</summary>
    Pcapng,

    /// <summary>A table (RFC 4180), a row for each event.</summary>
    Csv,
}

/// <summary>By which time events are placed.</summary>
public enum TimeAxis
{
    /// <summary>The guest's own: the same in each run under the virtual clock.</summary>
    Guest,

    /// <summary>The host's: shows what the host's work took.</summary>
    Host,
}
