using System.Management.Automation;
using LguestPS.Files;

namespace LguestPS.Cmdlets;

/// <summary>What runs the cells of a matrix.</summary>
public enum MatrixJobKind
{
    /// <summary>A script for sbatch, which makes a job array.</summary>
    Slurm,

    /// <summary>An Indexed Job for kubectl.</summary>
    Kubernetes,

    /// <summary>The container file for its image.</summary>
    ContainerFile,
}

/// <summary>Writes what a scheduler needs to run a matrix.</summary>
[Cmdlet(VerbsData.Export, "LguestMatrixJob", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportLguestMatrixJobCommand : LguestCommand
{
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    [Parameter(Mandatory = true, Position = 1)]
    public MatrixJobKind As { get; set; }

    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public GuestMatrix Matrix { get; set; } = null!;

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string OutputPath { get; set; } = "";

    [Parameter]
    [ValidateRange(1, GuestMatrix.MostCells)]
    public int ThrottleLimit { get; set; }

    [Parameter]
    [ValidateRange(1, GuestMatrix.MostCells)]
    public int CellsPerTask { get; set; } = 1;

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Image { get; set; } = "lguest";

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string VolumeClaim { get; set; } = "";

    [Parameter]
    public SwitchParameter Force { get; set; }

    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        string file = FullPath(Path);
        try
        {
            if (Matrix.Source is not { } source) throw new LguestException(LguestError.InvalidValue, $"matrix '{Matrix.Name}' is in no file that a task could read; write it with Export-LguestMatrix, and read it from there");
            if (Given(nameof(VolumeClaim)) && !Given(nameof(OutputPath))) throw new LguestException(LguestError.InvalidValue, "-VolumeClaim holds the folder of -OutputPath, which was not given");
            JobArrayOptions options = new()
            {
                // In a container its paths are others than here.
                MatrixPath = source, OutputFolder = !Given(nameof(OutputPath)) ? null : As == MatrixJobKind.Slurm ? FullPath(OutputPath) : OutputPath, CellsPerTask = CellsPerTask,
                AtOnce = Given(nameof(ThrottleLimit)) ? ThrottleLimit : null, Image = Image, VolumeClaim = Given(nameof(VolumeClaim)) ? VolumeClaim : null,
            };
            string text = As switch
            {
                MatrixJobKind.Slurm => JobArrays.Slurm(Matrix, options),
                MatrixJobKind.Kubernetes => JobArrays.Kubernetes(Matrix, options),
                _ => JobArrays.ContainerFile(Matrix, options),
            };
            OutputFile.Check(file, "file", Force, NoClobber);
            if (!ShouldProcess(file, $"Write the job of matrix '{Matrix.Name}'")) return;
            if (As == MatrixJobKind.Slurm && options.OutputFolder is { } folder) Directory.CreateDirectory(folder);      // Slurm does not make it for its output
            HostFile.Replace(file, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
        }
        catch (LguestException e)
        {
            WriteError(e, file);
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(new LguestException(LguestError.FileUnavailable, $"'{file}' cannot be written: {e.Message}", e) { Path = file }, file);
            return;
        }
        if (PassThru) WriteObject(new FileInfo(file));
    }
}
