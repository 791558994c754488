using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Keeps guests as they are now, in memory or in a file.</summary>
[Cmdlet(VerbsData.Checkpoint, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Checkpoint))]
public sealed class CheckpointLguestGuestCommand : GuestCommand
{
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    public string Label { get; set; } = "";

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    private protected override IReadOnlyList<OwnArgument> OwnArguments => [OwnArgument.Of<string>(nameof(Path), () => Path, value => Path = value)];

    private protected override void Process(Guest guest)
    {
        string? file = Path.Length > 0 ? FullPath(Path) : null;
        if (!ShouldProcess(guest.Name, file is null ? "Keep in memory" : $"Save to {file}")) return;
        if (file is not null) OutputFile.Check(file, "checkpoint", Force, NoClobber);
        Checkpoint checkpoint = guest.TakeCheckpoint(Label);
        if (file is not null) checkpoint.Save(file);
        WriteObject(checkpoint);
    }
}
