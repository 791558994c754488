using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Gets the last checkpoint of guests, or those in files.</summary>
[Cmdlet(VerbsCommon.Get, "LguestCheckpoint", DefaultParameterSetName = OfGuest)]
[OutputType(typeof(Checkpoint))]
public sealed class GetLguestCheckpointCommand : GuestCommand
{
    private const string OfGuest = "Guest";
    private const string OfFile = "File";

    [Parameter(ParameterSetName = OfGuest, Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "InputObject")]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [SupportsWildcards]
    [GuestTransformation]
    [ValidateNotNullOrEmpty]
    public override GuestArgument[] Guest { get; set; } = [];

    [Parameter(ParameterSetName = OfFile, Mandatory = true)]
    [Alias("PSPath", "LiteralPath")]
    [SupportsWildcards]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    private protected override bool TakesPaths => true;

    protected override void ProcessRecord()
    {
        if (ParameterSetName != OfFile)
        {
            base.ProcessRecord();
            return;
        }
        foreach (string path in Path)
        {
            IReadOnlyList<string> files = FindFiles(path);
            if (files.Count == 0) WriteError(NoFile(path));
            foreach (string file in files) ProcessFile(file);
        }
    }

    private protected override void Process(Guest guest) => WriteObject(guest.LastCheckpoint ?? throw Errors.NoCheckpoint(guest));

    private protected override void ProcessFile(string path)
    {
        try
        {
            WriteObject(Checkpoint.Load(path));
        }
        catch (LguestException e)
        {
            WriteError(e, path);
        }
    }

    private protected override ErrorRecord NoFile(string path) => Errors.CheckpointNotFound(path);
}
