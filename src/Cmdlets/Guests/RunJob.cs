using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A job that runs a guest.</summary>
public sealed class RunJob : GuestJob
{
    private readonly EventFilter filter;
    private readonly TimeSpan? timeLimit;
    private readonly bool noReboot, summary;
    private readonly string? recordingFile;

    internal RunJob(Guest guest, string command, EventFilter filter, TimeSpan? timeLimit, bool noReboot, bool summary, int newest, bool madeGuest, string? recordingFile)
        : base(guest, command, newest, madeGuest)
    {
        this.filter = filter;
        this.timeLimit = timeLimit;
        this.noReboot = noReboot;
        this.summary = summary;
        this.recordingFile = recordingFile;
        PSJobTypeName = "LguestGuest";
    }

    private protected override JobState? Drive(CancellationToken leave)
    {
        RunOptions options = new() { Driver = $"job {Id}", Filter = filter, TimeLimit = timeLimit, WaitForInput = true, Warning = Warn, NoReboot = noReboot, CollectSummary = summary };
        try
        {
            foreach (LguestEvent happened in Guest.Run(options, leave)) Keep(happened);
        }
        finally
        {
            // Also of a run that was left early.
            if (recordingFile is not null) Guest.SaveRecording(recordingFile);
        }
        if (Guest.Ending is { Kind: EndingKind.Crashed or EndingKind.Killed } ending)
        {
            Report(ending);
            return JobState.Failed;
        }
        return Guest.Standstill == Standstill.Breakpoint ? JobState.Suspended
            : Guest.Ending?.Kind == EndingKind.Stopped ? JobState.Stopped
            : Guest.HasEnded || !leave.IsCancellationRequested ? JobState.Completed
            : null;
    }
}
