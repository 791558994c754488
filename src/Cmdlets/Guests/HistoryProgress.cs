using System.Diagnostics;
using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A progress bar for a question whose answer takes a while.</summary>
internal sealed class HistoryProgress(Cmdlet cmdlet)
{
    private const int ActivityId = 0x1A;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private long lastAnswer = Stopwatch.GetTimestamp();
    private bool shown;

    /// <summary>An answer is shown now, or there are no more.</summary>
    public void Hide()
    {
        lastAnswer = Stopwatch.GetTimestamp();
        if (!shown) return;
        shown = false;
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, "Looking through the run", "done") { RecordType = ProgressRecordType.Completed });
    }

    /// <summary>Called now and then on the pipeline's thread while there is no answer.</summary>
    /// <param name="done">The part of the run that is done, 0 to 1.</param>
    public void Pulse(double done)
    {
        if (Stopwatch.GetElapsedTime(lastAnswer) < Silence) return;
        shown = true;
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, "Looking through the run", $"{done:P0} of it") { PercentComplete = (int)Math.Clamp(done * 100, 0, 100) });
    }
}
