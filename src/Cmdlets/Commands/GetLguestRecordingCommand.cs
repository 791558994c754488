using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Shows what is in recordings, without running anything: of guests, or of files.</summary>
[Cmdlet(VerbsCommon.Get, "LguestRecording", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(GuestRecording))]
public sealed class GetLguestRecordingCommand : HistoryCommand
{
    private protected override void Ask(GuestHistory history, HistoryProgress progress) => WriteObject(history.Describe());
}
