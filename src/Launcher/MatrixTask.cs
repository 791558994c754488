using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LguestPS.Definitions;

namespace LguestPS.Launcher;

/// <summary>Runs cells of a matrix, one after the other, and writes each result as a line of JSON.</summary>
/// <param name="MatrixPath">An absolute path of the matrix file.</param>
/// <param name="Task">Which share of the cells; null for what the scheduler's environment says, or else all.</param>
/// <param name="CellsPerTask">Cells of a share.</param>
/// <param name="OutputFolder">An absolute path of the folder for results and kept files; null for none.</param>
/// <param name="Again">Whether cells that have a result there are run again.</param>
internal sealed record MatrixTask(string MatrixPath, int? Task, int CellsPerTask, string? OutputFolder, bool Again)
{
    /// <summary>Where schedulers tell a task its number: Slurm's job arrays, the Indexed Jobs of Kubernetes.</summary>
    private static readonly string[] environment = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];

    /// <returns>0 if all cells passed; 1 if one failed, 2 if one could not be run, 3 if it was stopped.</returns>
    /// <exception cref="LguestException">The matrix cannot be read, or has no such share; nothing was run.</exception>
    public int Run(LauncherStreams streams, bool verbose)
    {
        GuestMatrix matrix = new GuestDefinitionReader().ReadMatrix(MatrixPath);
        if (matrix.ScriptChecks.FirstOrDefault() is { } script)
            throw new LguestException(LguestError.InvalidDefinition, $"check '{script.Name}' of matrix '{matrix.Name}' is a PowerShell script, which lguest cannot run; run the matrix in PowerShell");
        IReadOnlyList<MatrixCell> cells = Share(matrix);
        ResultFolder? kept = OutputFolder is { } folder ? new ResultFolder(folder) : null;
        using CancellationTokenSource stop = new();
        using PosixSignalRegistration interrupt = On(PosixSignal.SIGINT, stop), terminate = On(PosixSignal.SIGTERM, stop), hangUp = On(PosixSignal.SIGHUP, stop);
        int status = ExitStatus.PowerDown;
        foreach (MatrixCell cell in cells)
        {
            MatrixResult? known = kept?.Of(cell);
            MatrixResult result;
            try
            {
                bool isDone = known is { Outcome: CellOutcome.Passed or CellOutcome.Failed } && !Again;
                result = isDone ? known! : CellRun.Run(cell, new CellRunOptions { OutputFolder = OutputFolder, Attempt = (known?.Attempt ?? 0) + 1 }, stop.Token);
                if (verbose) streams.Error.WriteLine($"lguest: {result}{(isDone ? ", as its result says" : "")}: {result.Summary}");
                if (!isDone) kept?.Keep(cell, result);
            }
            catch (OperationCanceledException)
            {
                streams.Error.WriteLine($"lguest: stopped before cell {cell} was done");
                return ExitStatus.Stopped;
            }
            streams.Output.Write(Encoding.UTF8.GetBytes(result.ToJson() + "\n"));
            status = Math.Max(status, result.Outcome switch { CellOutcome.Passed => ExitStatus.PowerDown, CellOutcome.Failed => ExitStatus.Died, _ => ExitStatus.BadRequest });
        }
        return status;
    }

    private IReadOnlyList<MatrixCell> Share(GuestMatrix matrix)
    {
        IReadOnlyList<MatrixCell> cells = matrix.Cells;
        (int? number, string where) = Task is { } given ? (given, "--task") : FromEnvironment();
        if (number is not { } task) return cells;
        int tasks = (cells.Count + CellsPerTask - 1) / CellsPerTask;
        if (task < 0 || task >= tasks)
            throw new LguestException(LguestError.InvalidDefinition, $"{where}: there is no task {task}; the {cells.Count} cells of matrix '{matrix.Name}' are tasks 0 to {tasks - 1}");
        return [.. cells.Skip(task * CellsPerTask).Take(CellsPerTask)];
    }

    private static (int?, string) FromEnvironment()
    {
        foreach (string name in environment)
            if (int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int task)) return (task, name);
        return (null, "");
    }

    private static PosixSignalRegistration On(PosixSignal signal, CancellationTokenSource stop) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
}
