using LguestPS.Events;

namespace LguestPS.Exports;

/// <summary>Writes events to a stream in one format, each as it comes: what it keeps of earlier ones does not grow with their number.</summary>
internal abstract class EventExporter
{
    /// <param name="format">The format.</param>
    /// <param name="output">Where it goes; stays open.</param>
    /// <param name="axis">By which time events are placed, in the formats that place them.</param>
    public static EventExporter Create(ExportFormat format, Stream output, TimeAxis axis = TimeAxis.Guest)
    {
        OutputBuffer buffer = new(output);
        return format switch
        {
            ExportFormat.JsonLines => new JsonLinesExporter(buffer),
            ExportFormat.Perfetto => new PerfettoExporter(output, axis),
            ExportFormat.ChromeJson => new ChromeJsonExporter(buffer, axis),
            ExportFormat.Otlp => new OtlpExporter(buffer, axis),
            ExportFormat.Pcapng => new PcapngExporter(buffer, axis),
            ExportFormat.Csv => new CsvExporter(buffer),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
    }

    /// <summary>Events that were written, or looked at where a format takes only some.</summary>
    public long Count { get; private set; }

    /// <summary>Writes an event.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(LguestEvent happened)
    {
        EventSchema schema = EventSchemas.Of(happened);
        schema.Give(happened, Begin(schema), Output);
        Count++;
        End();
    }

    /// <summary>Writes an event that is at hand as its fields only.</summary>
    /// <param name="schema">Of its kind.</param>
    /// <param name="give">Gives the fields that <see cref="Output"/> has.</param>
    public void Write(EventSchema schema, Action<IFieldSink> give)
    {
        give(Begin(schema));
        Count++;
        End();
    }

    /// <summary>Writes what stands after the last event.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public abstract void Finish();

    /// <summary>Which fields it takes.</summary>
    public virtual Outputs Output => Outputs.Traces;

    /// <summary>What the fields of the next event are given to.</summary>
    protected abstract IFieldSink Begin(EventSchema schema);

    /// <summary>All fields of it were given.</summary>
    protected abstract void End();
}
