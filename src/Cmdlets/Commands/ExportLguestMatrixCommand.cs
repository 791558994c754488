using System.Management.Automation;
using LguestPS.Definitions;

namespace LguestPS.Cmdlets;

/// <summary>Writes a matrix to a file from which it, or one of its cells, can be run.</summary>
[Cmdlet(VerbsData.Export, "LguestMatrix", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportLguestMatrixCommand : LguestCommand
{
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public GuestMatrix Matrix { get; set; } = null!;

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        string file = FullPath(Path);
        if (!ShouldProcess(file, $"Write matrix '{Matrix.Name}'")) return;
        try
        {
            OutputFile.Check(file, "matrix", Force, NoClobber);
            OutputFile.Write(file, "matrix", GuestDefinitionWriter.Write(Matrix, System.IO.Path.GetDirectoryName(file)!));
        }
        catch (LguestException e)
        {
            WriteError(e, file);
            return;
        }
        if (PassThru) WriteObject(new FileInfo(file));
    }
}
