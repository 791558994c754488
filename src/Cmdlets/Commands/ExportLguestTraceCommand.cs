using System.Management.Automation;
using System.Text;
using LguestPS.Events;
using LguestPS.Exports;
using LguestPS.Files;

namespace LguestPS.Cmdlets;

/// <summary>Writes events to a file: as a trace that later runs can be compared with, or for other programs.</summary>
[Cmdlet(VerbsData.Export, "LguestTrace", DefaultParameterSetName = "Trace", SupportsShouldProcess = true)]
[OutputType(typeof(LguestEvent))]
public sealed class ExportLguestTraceCommand : LguestCommand
{
    private readonly EventRecord check = new();
    private string path = "";
    private UnfinishedFile? file;
    private EventExporter? exporter;

    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public PSObject[] InputObject { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = "Format")]
    public ExportFormat As { get; set; }

    [Parameter(ParameterSetName = "Trace")]
    public TraceDetail Detail { get; set; } = TraceDetail.Arguments;

    [Parameter(ParameterSetName = "Format")]
    public TimeAxis TimeAxis { get; set; } = TimeAxis.Guest;

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <remarks>Before whatever makes the events runs.</remarks>
    protected override void BeginProcessing()
    {
        path = FullPath(Path);
        try
        {
            OutputFile.Check(path, "trace", Force, NoClobber);
            if (!ShouldProcess(path, "Write a trace")) return;
            file = new UnfinishedFile(path, isPrivate: IsFormat);
            exporter = IsFormat ? EventExporter.Create(As, file.Stream, TimeAxis) : null;
            if (exporter is null) WriteLine(Trace.HeaderOf(Detail));
        }
        catch (LguestException e)
        {
            ThrowTerminatingError(Errors.From(e, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ThrowTerminatingError(Errors.From(Unwritable(e), path));
        }
    }

    protected override void ProcessRecord()
    {
        foreach (PSObject happened in InputObject)
        {
            try
            {
                Export(happened);
            }
            catch (LguestException e)
            {
                WriteError(e, happened);
                continue;
            }
            catch (IOException e)
            {
                ThrowTerminatingError(Errors.From(Unwritable(e), path));
            }
            if (PassThru) WriteObject(happened);
        }
    }

    /// <remarks>Only now the file takes its place: a run that was broken off leaves the old one as it was.</remarks>
    protected override void EndProcessing()
    {
        if (file is null) return;
        try
        {
            exporter?.Finish();
            file.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(Unwritable(e), path);
        }
    }

    private protected override void Release() => file?.Dispose();

    private bool IsFormat => ParameterSetName == "Format";

    private void Export(PSObject happened)
    {
        if (exporter is null)
        {
            string line = TraceLine.Of(happened, Detail);
            if (file is not null) WriteLine(line);
        }
        else if (happened.BaseObject is LguestEvent itself)
        {
            exporter.Write(itself);
        }
        else
        {
            EventSchema schema = EventObject.SchemaOf(happened);
            check.Clear(schema.Kind);
            EventObject.Give(happened, schema.Fields, exporter.Output, check);      // what is wrong with it is found before any of it is written
            exporter.Write(schema, sink => EventObject.Give(happened, schema.Fields, exporter.Output, sink));
        }
    }

    private void WriteLine(string line) => file!.Stream.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private LguestException Unwritable(Exception e) =>
        new(LguestError.FileUnavailable, $"trace '{path}': {file?.Describe(e) ?? e.Message}", e) { Path = path };
}
