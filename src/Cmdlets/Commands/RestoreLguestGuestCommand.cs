using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes guests back to a checkpoint, or makes a guest from a file of one.</summary>
[Cmdlet(VerbsData.Restore, "LguestGuest", DefaultParameterSetName = ToCheckpoint, SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class RestoreLguestGuestCommand : LguestCommand
{
    private const string ToCheckpoint = "Checkpoint";
    private const string ToLast = "Last";
    private const string FromFile = "File";

    [Parameter(ParameterSetName = ToCheckpoint, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    public Checkpoint Checkpoint { get; set; } = null!;

    [Parameter(ParameterSetName = ToLast, Mandatory = true)]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [ValidateNotNullOrEmpty]
    public GuestArgument Guest { get; set; } = null!;

    [Parameter(ParameterSetName = FromFile, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(ParameterSetName = FromFile)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    [Parameter(ParameterSetName = FromFile)]
    public CpuChoice Cpu { get; set; }

    [Parameter(ParameterSetName = ToCheckpoint)]
    [Parameter(ParameterSetName = ToLast)]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        object target = ParameterSetName switch { ToLast => Guest.ToString(), FromFile => Path, _ => Checkpoint };
        try
        {
            switch (ParameterSetName)
            {
                case FromFile:
                    MakeFromFile(FullPath(Path));
                    break;
                case ToLast:
                    if ((Guest.Guest ?? GuestRegistry.Find(Guest.Text)) is not { } found) WriteError(Errors.GuestNotFound(Guest.Text, pathsToo: false));
                    else TakeBack(found, found.LastCheckpoint ?? throw Errors.NoCheckpoint(found));
                    break;
                default:
                    if (GuestRegistry.Find(Checkpoint.Guest) is { } guest) TakeBack(guest, Checkpoint);
                    else WriteError(Errors.GuestNotFound(Checkpoint.Guest, pathsToo: false));
                    break;
            }
        }
        catch (LguestException e)
        {
            WriteError(e, target);
        }
    }

    private void TakeBack(Guest guest, Checkpoint checkpoint)
    {
        if (!ShouldProcess(guest.Name, $"Take back to {checkpoint.GuestTime.TotalSeconds:F6} s")) return;
        guest.Restore(checkpoint);
        if (PassThru) WriteObject(guest);
    }

    private void MakeFromFile(string file)
    {
        Checkpoint checkpoint = LguestPS.Checkpoint.Load(file);
        string wanted = Given(nameof(Name)) ? Name : checkpoint.Guest;
        if (ShouldProcess($"Make guest '{GuestRegistry.FreeName(wanted)}' from {file}", $"Make guest '{GuestRegistry.FreeName(wanted)}' from {file}?", MyInvocation.MyCommand.Name))
            WriteObject(GuestRegistry.Add(wanted, name => LguestPS.Guest.CreateFrom(checkpoint, name, Given(nameof(Cpu)) ? Cpu : null)));
    }
}
