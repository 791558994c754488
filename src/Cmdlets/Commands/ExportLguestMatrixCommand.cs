using System.Management.Automation;
using System.Text;
using LguestPS.Definitions;
using LguestPS.Files;

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
            byte[] text = Encoding.UTF8.GetBytes(GuestDefinitionWriter.Write(Matrix, System.IO.Path.GetDirectoryName(file)!));
            HostFile.Replace(file, written => written.Write(text));
        }
        catch (LguestException e)
        {
            WriteError(e, file);
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(new LguestException(LguestError.FileUnavailable, $"the matrix '{file}' cannot be written: {e.Message}", e) { Path = file }, file);
            return;
        }
        if (PassThru) WriteObject(new FileInfo(file));
    }
}
