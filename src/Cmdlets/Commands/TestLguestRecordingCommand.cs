using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Does recorded runs again and says whether they are the same.</summary>
[Cmdlet(VerbsDiagnostic.Test, "LguestRecording", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(RecordingCheck))]
public sealed class TestLguestRecordingCommand : HistoryCommand
{
    private protected override void Ask(GuestHistory history, HistoryProgress progress)
    {
        RecordingCheck check = history.Test(progress.Pulse, stop: StopToken);
        progress.Hide();
        WriteObject(check);
    }
}
