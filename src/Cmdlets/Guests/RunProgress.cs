using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A progress bar for a run that shows nothing else.</summary>
internal sealed class RunProgress(Cmdlet cmdlet, Guest guest)
{
    /// <summary>How often to call <see cref="Pulse"/> while something else is waited for.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private const int ActivityId = 0x19;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    public Guest Guest => guest;

    private long lastEvent = System.Diagnostics.Stopwatch.GetTimestamp();
    private bool shown;

    /// <summary>Something else is shown now, or the run is over.</summary>
    public void Hide()
    {
        lastEvent = System.Diagnostics.Stopwatch.GetTimestamp();
        if (!shown) return;
        shown = false;
        cmdlet.WriteProgress(Record("", ProgressRecordType.Completed));
    }

    /// <summary>Called now and then on the pipeline's thread while the guest runs.</summary>
    public void Pulse()
    {
        if (System.Diagnostics.Stopwatch.GetElapsedTime(lastEvent) < Silence) return;
        shown = true;
        cmdlet.WriteProgress(Record(
            $"{guest.GuestTime.TotalSeconds:F1} s of guest time, {(guest.InstructionCount is { } count ? $"{count:N0} instructions, " : "")}{guest.EventCount:N0} events",
            ProgressRecordType.Processing));
    }

    private ProgressRecord Record(string status, ProgressRecordType type) =>
        new(ActivityId, $"Running guest '{guest.Name}'", status.Length == 0 ? "done" : status) { RecordType = type };
}
