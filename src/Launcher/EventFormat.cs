namespace LguestPS.Launcher;

/// <summary>How events are shown.</summary>
internal enum EventFormat
{
    /// <summary>One line an event, in columns, for people.</summary>
    Table,

    /// <summary>One JSON object a line, for programs.</summary>
    Jsonl,
}
