using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Runs a guest and writes its events as they occur.</summary>
[Cmdlet(VerbsLifecycle.Start, "LguestGuest", DefaultParameterSetName = "Stream", SupportsShouldProcess = true)]
[Alias("lgr")]
[OutputType(typeof(HypercallEvent), typeof(DmaEvent), typeof(KickEvent), typeof(VirtqueueEvent), typeof(TrapEvent), typeof(InterruptEvent), typeof(InterventionEvent), typeof(GuestRebootedEvent), typeof(GuestEndedEvent))]
[OutputType(typeof(RunSummary), typeof(Guest), ParameterSetName = ["Stream"])]
[OutputType(typeof(GuestJob), ParameterSetName = ["Job"])]
public sealed class StartLguestGuestCommand : LaunchCommand
{
    [Parameter]
    [EventKindArgument]
    public EventKinds[]? Kind { get; set; }

    [Parameter]
    [ArgumentCompleter(typeof(HypercallCompleter))]
    [SupportsWildcards]
    public string[]? Hypercall { get; set; }

    [Parameter]
    [ArgumentCompleter(typeof(DeviceNameCompleter))]
    public string[]? Device { get; set; }

    [Parameter]
    [ValidateRange(0, byte.MaxValue)]
    public int[]? Queue { get; set; }

    [Parameter]
    public SwitchParameter Summary { get; set; }

    [Parameter(ParameterSetName = "Stream")]
    public SwitchParameter PassThru { get; set; }

    [Parameter(ParameterSetName = "Stream")]
    public EndingKind[]? ExpectEnding { get; set; }

    [Parameter(ParameterSetName = "Job", Mandatory = true)]
    public SwitchParameter AsJob { get; set; }

    [Parameter(ParameterSetName = "Job")]
    [ValidateRange(0, 1_000_000)]
    public int Newest { get; set; } = GuestJob.DefaultNewest;

    [Parameter]
    public SwitchParameter Record { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string RecordPath { get; set; } = "";

    [Parameter]
    public SwitchParameter Replay { get; set; }

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    private protected override bool TakesOnlyPaths => Replay;

    private protected override IReadOnlyList<Func<Guest?>> Plan(string path)
    {
        if (!Replay) return base.Plan(path);
        CheckIsNotForReplay(path);
        return [() => MakeReplay(path, NameOr, SymbolsOr(null))];
    }

    private protected override void Process(Guest guest)
    {
        CheckIsNotForNew(guest);
        if (!ShouldProcess(guest.Name, "Run")) return;
        if (AsJob) StartJob(guest, madeByJob: false);
        else Stream(guest);
        if (PassThru) WriteObject(guest);
    }

    private protected override void ProcessNew(Guest guest)
    {
        if (AsJob)
        {
            StartJob(guest, madeByJob: true);
            return;
        }
        Stream(guest);
        if (PassThru) WriteObject(guest);
        else if (guest.HasEnded) GuestRegistry.Remove(guest);     // nothing refers to it, and it cannot run again
    }

    private void Stream(Guest guest)
    {
        EventFilter filter = Filter(guest);
        string? recordingFile = BeginRecording(guest);
        RunProgress progress = new(this, guest);
        RunOptions options = new() { Driver = Driver, Filter = filter, TimeLimit = TimeLimit, Pulse = progress.Pulse, Warning = Warn(guest), CollectSummary = Summary, NoReboot = NoReboot };
        try
        {
            Write(guest.Run(options, StopToken), progress);
        }
        finally
        {
            // Also of a run that was left early.
            if (recordingFile is not null) guest.SaveRecording(recordingFile);
        }
        SayWhereItStands(guest);
        if (Summary) WriteObject(guest.Summary);
        if (!StopToken.IsCancellationRequested) CheckEnding(guest, ExpectEnding);
    }

    /// <summary>A summary is in place of the events, unless some are asked for.</summary>
    private EventFilter Filter(Guest guest)
    {
        bool isOnlySummary = Summary && Kind is null && Hypercall is null && Device is null && Queue is null;
        return isOnlySummary ? EventFilter.Nothing : FilterArguments.For(guest, Kind, Hypercall, Device, Queue);
    }

    /// <returns>The file for the recording, or null.</returns>
    private string? BeginRecording(Guest guest)
    {
        string? file = Given(nameof(RecordPath)) ? FullPath(RecordPath) : null;
        if (file is not null) OutputFile.Check(file, "recording", Force, NoClobber);
        if (Record || file is not null) guest.Record(keepEvents: file is not null);
        return file;
    }

    private void StartJob(Guest guest, bool madeByJob)
    {
        if (guest.Driver is not null) throw Errors.Busy(guest);
        string? recordingFile = BeginRecording(guest);
        RunJob job = new(guest, MyInvocation.Line.Trim(), Filter(guest), TimeLimit, NoReboot, Summary, Newest, madeByJob, recordingFile);
        JobRepository.Add(job);
        GuestRegistry.SetJob(guest, job);
        job.Begin();
        WriteObject(job);
    }
}
