using System.Management.Automation;

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
            OutputFile.Check(file, "job", Force, NoClobber);
            if (!ShouldProcess(file, $"Write the job of matrix '{Matrix.Name}'")) return;
            if (As == MatrixJobKind.Slurm && options.OutputFolder is { } folder) MakeFolder(folder);      // Slurm does not make it for its output
            OutputFile.Write(file, "job", text);
        }
        catch (LguestException e)
        {
            WriteError(e, file);
            return;
        }
        if (PassThru) WriteObject(new FileInfo(file));
    }

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LguestException(LguestError.FileUnavailable, $"folder '{path}' cannot be made: {e.Message}", e) { Path = path };
        }
    }
}
