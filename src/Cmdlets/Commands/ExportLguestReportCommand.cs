using System.Management.Automation;
using LguestPS.Events;
using LguestPS.Exports;
using LguestPS.Files;
using LguestPS.Reports;

namespace LguestPS.Cmdlets;

/// <summary>Writes what a run did and where its time went to a page for a browser.</summary>
[Cmdlet(VerbsData.Export, "LguestReport", DefaultParameterSetName = "Pipeline", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportLguestReportCommand : LguestCommand
{
    private const int ActivityId = 0x1A;

    private readonly RunProfile events = new();
    private readonly EventRecord check = new();
    private string path = "";
    private Guest? guest;
    private RunSummary? summary;
    private bool isLive;

    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Events, perhaps with a summary; or a recorded guest.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "Pipeline")]
    public PSObject[] InputObject { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = "Guest")]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [GuestTransformation]
    public GuestArgument Guest { get; set; } = null!;

    [Parameter(Mandatory = true, ParameterSetName = "Recording")]
    [ValidateNotNullOrEmpty]
    public string Recording { get; set; } = "";

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
            OutputFile.Check(path, "report", Force, NoClobber);
        }
        catch (LguestException e)
        {
            ThrowTerminatingError(Errors.From(e, path));
        }
    }

    protected override void ProcessRecord()
    {
        foreach (PSObject given in InputObject)
        {
            try
            {
                Take(given);
            }
            catch (LguestException e)
            {
                WriteError(e, given);
            }
        }
    }

    protected override void EndProcessing()
    {
        if (!ShouldProcess(path, "Write a report")) return;
        try
        {
            RunReport report = Make();
            using UnfinishedFile file = new(path, isPrivate: true);
            Write(report, file);
            if (PassThru) WriteObject(new FileInfo(path));
        }
        catch (LguestException e)
        {
            WriteError(e, guest ?? (object)path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(Unwritable(e, e.Message), path);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C.
        }
    }

    private void Take(PSObject given)
    {
        switch (given.BaseObject)
        {
            case Guest itself:
                guest = itself;
                break;
            case RunSummary counted:
                summary = counted;
                break;
            case LguestEvent happened:
                isLive = true;
                events.Write(happened);
                break;
            default:
                EventSchema schema = EventObject.SchemaOf(given);
                check.Clear(schema.Kind);
                EventObject.Give(given, schema.Fields, events.Output, check);      // what is wrong with it is found before any of it is counted
                events.Write(schema, sink => EventObject.Give(given, schema.Fields, events.Output, sink));
                break;
        }
    }

    /// <exception cref="LguestException">There is nothing to report.</exception>
    private RunReport Make()
    {
        if (ParameterSetName == "Recording") return Of(GuestHistory.Open(FullPath(Recording)));
        if (ParameterSetName == "Guest") guest = Guest.Guest ?? GuestRegistry.Find(Guest.Text) ?? throw new LguestException(LguestError.InvalidValue, $"there is no guest '{Guest.Text}'");
        if (events.Count == 0)
        {
            Guest recorded = guest ?? throw new LguestException(LguestError.NotRecorded, "There is nothing to report: no event came, and no recorded guest.");
            return Of(GuestHistory.Of(recorded)).With(recorded);
        }
        events.Finish();
        if (isLive) guest ??= GuestRegistry.Find(events.Guest);      // what comes from elsewhere may be of another guest with this name
        ReportFacts facts = guest is null ? new ReportFacts { Origin = "Made from events." } : ReportFacts.Of(guest, "Made from the events of a run.");
        IReadOnlyList<HotCode> samples = guest?.Definition.SampleEvery is null ? [] : guest.HotCode();
        return new RunReport(events, facts with { Summary = summary ?? facts.Summary }) { Samples = samples };
    }

    private RunReport Of(GuestHistory history)
    {
        try
        {
            return RunReport.Of(history, StopToken, done => WriteProgress(Progress(history, (int)(100 * done), ProgressRecordType.Processing)));
        }
        finally
        {
            WriteProgress(Progress(history, 100, ProgressRecordType.Completed));
        }
    }

    private static ProgressRecord Progress(GuestHistory history, int percent, ProgressRecordType type) =>
        new(ActivityId, $"Counting what guest '{history.Guest}' did", $"{percent} %") { PercentComplete = percent, RecordType = type };

    private void Write(RunReport report, UnfinishedFile file)
    {
        try
        {
            report.Write(file.Stream);
            file.Finish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(e, file.Describe(e));
        }
    }

    private LguestException Unwritable(Exception e, string problem) => new(LguestError.FileUnavailable, $"report '{path}': {problem}", e) { Path = path };
}
