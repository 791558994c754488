using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Keeps guests as they are now, in memory or in a file.</summary>
[Cmdlet(VerbsData.Checkpoint, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Checkpoint))]
public sealed class CheckpointLguestGuestCommand : GuestCommand
{
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter]
    [ValidateNotNull]
    public string Label { get; set; } = "";

    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override void Process(Guest guest)
    {
        string? file = Given(nameof(Path)) ? FullPath(Path) : null;
        if (!ShouldProcess(guest.Name, file is null ? "Keep in memory" : $"Save to {file}")) return;
        if (file is not null && !Force && File.Exists(file)) throw Errors.FileIsThere(file);
        Checkpoint checkpoint = guest.TakeCheckpoint(Label);
        if (file is not null) checkpoint.Save(file);
        WriteObject(checkpoint);
    }
}
