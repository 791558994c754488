using LguestPS.Exports;
using LguestPS.Files;

namespace LguestPS.Launcher;

/// <summary>The file of --trace: takes its place when the run is over.</summary>
internal sealed class TraceFile : IDisposable
{
    private readonly string path;
    private readonly UnfinishedFile file;
    private readonly EventExporter exporter;

    /// <param name="path">An absolute path, whose ending says the format.</param>
    /// <param name="axis">By which time events are placed.</param>
    /// <exception cref="LguestException">InvalidDefinition: the ending says none; FileUnavailable.</exception>
    public TraceFile(string path, TimeAxis axis)
    {
        this.path = path;
        ExportFormat format = FormatOf(path);
        try
        {
            file = new UnfinishedFile(path, isPrivate: true);
            exporter = EventExporter.Create(format, file.Stream, axis);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e, e.Message);
        }
    }

    /// <exception cref="LguestException">InvalidDefinition: the ending of a file's name says no format.</exception>
    public static ExportFormat FormatOf(string path) => ExportFormats.OfFile(path)
        ?? throw new LguestException(LguestError.InvalidDefinition, $"--trace: the name of '{path}' does not say which format it is to have; the endings are {ExportFormats.Known}");

    /// <exception cref="LguestException">FileUnavailable.</exception>
    public void Write(LguestEvent happened) => Try(() => exporter.Write(happened));

    /// <summary>Puts it in its place.</summary>
    /// <exception cref="LguestException">FileUnavailable.</exception>
    public void Finish() => Try(() =>
    {
        exporter.Finish();
        file.Finish();
    });

    public void Dispose() => file.Dispose();

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e, file.Describe(e));
        }
    }

    private LguestException Unwritable(Exception e, string problem) => new(LguestError.FileUnavailable, $"--trace '{path}': {problem}", e) { Path = path };
}
