using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Takes guests back to a checkpoint, or makes a guest from a file of one.</summary>
[Cmdlet(VerbsData.Restore, "LguestGuest", SupportsShouldProcess = true)]
[OutputType(typeof(Guest))]
public sealed class RestoreLguestGuestCommand : LguestCommand
{
    private const string ToCheckpoint = "Checkpoint";
    private const string ToLast = "Last";
    private const string ToLastOfPiped = "PipedGuest";
    private const string FromFile = "File";

    [Parameter(ParameterSetName = ToCheckpoint, Mandatory = true, Position = 0, ValueFromPipeline = true)]
    public Checkpoint Checkpoint { get; set; } = null!;

    [Parameter(ParameterSetName = ToLast, Mandatory = true)]
    [ArgumentCompleter(typeof(GuestNameCompleter))]
    [GuestTransformation]
    [ValidateNotNullOrEmpty]
    public GuestArgument Guest { get; set; } = null!;

    /// <summary>A guest that is piped; a text that is piped is the path of a file.</summary>
    [Parameter(ParameterSetName = ToLastOfPiped, Mandatory = true, ValueFromPipeline = true, DontShow = true)]
    public Guest PipedGuest { get; set; } = null!;

    [Parameter(ParameterSetName = FromFile, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LiteralPath")]
    [SupportsWildcards]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    [Parameter(ParameterSetName = FromFile, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    [Parameter(ParameterSetName = FromFile, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string SymbolPath { get; set; } = "";

    [Parameter(ParameterSetName = FromFile, ValueFromPipelineByPropertyName = true)]
    public CpuChoice Cpu { get; set; }

    [Parameter(ParameterSetName = ToCheckpoint)]
    [Parameter(ParameterSetName = ToLast)]
    [Parameter(ParameterSetName = ToLastOfPiped)]
    public SwitchParameter PassThru { get; set; }

    /// <summary>What is piped, for what PowerShell does not tell apart: the name of a file is no name of a guest.</summary>
    [Parameter(ValueFromPipeline = true, DontShow = true)]
    public PSObject? PipedObject { get; set; }

    private bool isNameWritten;

    private bool IsNameGiven => Given(nameof(Name)) && (isNameWritten || PipedObject?.BaseObject is not FileSystemInfo);

    protected override void BeginProcessing() => isNameWritten = Given(nameof(Name));

    protected override void ProcessRecord()
    {
        if (PipedObject is { } piped && GuestTransformationAttribute.IsFromElsewhere(piped))
        {
            WriteError(Errors.FromElsewhere((object)piped));
            return;
        }
        switch (ParameterSetName)
        {
            case FromFile:
                foreach (string path in Path)
                {
                    IReadOnlyList<string> files = FindFiles(path);
                    foreach (string file in files.Count > 0 ? files : [FullPath(path)]) Attempt(file, () => MakeFromFile(file));
                }
                break;
            case ToLastOfPiped:
                Attempt(PipedGuest, () => TakeBack(PipedGuest, PipedGuest.LastCheckpoint ?? throw Errors.NoCheckpoint(PipedGuest)));
                break;
            case ToLast:
                if ((Guest.Guest ?? GuestRegistry.Find(Guest.Text)) is not { } found) WriteError(Errors.GuestNotFound(Guest.Text, pathsToo: false));
                else Attempt(found, () => TakeBack(found, found.LastCheckpoint ?? throw Errors.NoCheckpoint(found)));
                break;
            default:
                if (GuestRegistry.Find(Checkpoint.Guest) is { } guest) Attempt(Checkpoint, () => TakeBack(guest, Checkpoint));
                else WriteError(Errors.GuestNotFound(Checkpoint.Guest, pathsToo: false));
                break;
        }
    }

    private void Attempt(object target, Action restore)
    {
        try
        {
            restore();
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
        string? symbols = Given(nameof(SymbolPath)) ? ExistingSymbols(SymbolPath) : null;
        string wanted = IsNameGiven ? Name : checkpoint.Guest;
        if (ShouldProcess($"Make guest '{GuestRegistry.FreeName(wanted)}' from {file}", $"Make guest '{GuestRegistry.FreeName(wanted)}' from {file}?", MyInvocation.MyCommand.Name))
            WriteObject(GuestRegistry.Add(wanted, name => LguestPS.Guest.CreateFrom(checkpoint, name, Given(nameof(Cpu)) ? Cpu : null, symbols)));
    }
}
