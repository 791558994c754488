using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>A cmdlet that tells of guests, or of files that hold what was kept of guests.</summary>
public abstract class GuestOrFileCommand : GuestCommand
{
    private protected const string OfGuest = "Guest";
    private protected const string OfFile = "File";

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
}
