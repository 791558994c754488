using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LguestPS.Fleets;

namespace LguestPS;

/// <summary>How the cells of a matrix are handed to a scheduler.</summary>
public sealed record JobArrayOptions
{
    /// <summary>The matrix file, as the machines that run the cells see it.</summary>
    public required string MatrixPath { get; init; }

    /// <summary>The folder for results and kept files, as they see it; null for none: then the jobs' output has the results.</summary>
    public string? OutputFolder { get; init; }

    /// <summary>Cells that run at the same time at most; null for as many as the scheduler likes.</summary>
    public int? AtOnce { get; init; }

    /// <summary>Cells that one task of the array runs, one after the other.</summary>
    public int CellsPerTask { get; init; } = 1;

    /// <summary>The container image, for Kubernetes.</summary>
    public string Image { get; init; } = "lguest";

    /// <summary>A persistent volume claim that holds <see cref="OutputFolder"/>, for Kubernetes; null for none.</summary>
    public string? VolumeClaim { get; init; }
}

/// <summary>Writes what schedulers run: a job array of Slurm, an Indexed Job of Kubernetes, and the container file for that.</summary>
/// <remarks>
/// Every task runs <c>lguest --matrix=FILE</c>, which takes its number from the scheduler's environment (SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX);
/// of a matrix with script checks pwsh with the module does. A task that is run again passes over the cells whose results are in the folder.
/// </remarks>
public static class JobArrays
{
    /// <summary>The largest index of an array that Slurm takes unless its MaxArraySize is raised.</summary>
    private const int MostSlurmTasks = 1000;

    /// <summary>Where the container file puts the folder of the matrix.</summary>
    private const string FolderInImage = "/matrix";

    /// <summary>A script for sbatch.</summary>
    /// <exception cref="LguestException">InvalidValue: the matrix has more tasks than an array may have.</exception>
    public static string Slurm(GuestMatrix matrix, JobArrayOptions options)
    {
        int tasks = Tasks(matrix, options);
        if (tasks > MostSlurmTasks)
        {
            throw new LguestException(LguestError.InvalidValue,
                $"matrix '{matrix.Name}' has {matrix.Cells.Count} cells, which are {tasks} tasks, and an array of Slurm has at most {MostSlurmTasks}; let each task run {(matrix.Cells.Count + MostSlurmTasks - 1) / MostSlurmTasks} cells or more");
        }
        StringBuilder script = new("#!/bin/sh\n");
        script.Append($"# {OneLine(matrix.Name)}: {matrix.Cells.Count} cells. Submit it with sbatch; what is there already of results is not run again.\n");
        script.Append($"#SBATCH --job-name={Word(matrix.Name)}\n");
        script.Append(CultureInfo.InvariantCulture, $"#SBATCH --array=0-{tasks - 1}{(options.AtOnce is { } most ? $"%{most}" : "")}\n");
        script.Append("#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=1\n#SBATCH --requeue\n");
        script.Append($"#SBATCH --output={(options.OutputFolder is { } folder ? $"{folder}/task-%a.out" : "%x-%A_%a.out")}\n");
        script.Append($"exec {string.Join(' ', Command(matrix, options, "SLURM_ARRAY_TASK_ID").Select(Quoted))}\n");
        return script.ToString();
    }

    /// <summary>An Indexed Job (batch/v1), as JSON, which kubectl takes like YAML.</summary>
    public static string Kubernetes(GuestMatrix matrix, JobArrayOptions options)
    {
        int tasks = Tasks(matrix, options);
        JsonObject container = new()
        {
            ["name"] = "lguest",
            ["image"] = options.Image,
            ["command"] = new JsonArray([.. Command(matrix, options with { MatrixPath = InImage(options.MatrixPath) }, "JOB_COMPLETION_INDEX").Select(word => (JsonNode)word)]),
            ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = "1", ["memory"] = $"{Memory(matrix) >> 20}Mi" } },
            ["securityContext"] = new JsonObject
            {
                ["allowPrivilegeEscalation"] = false, ["runAsNonRoot"] = true, ["runAsUser"] = 1000, ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
            },
        };
        JsonObject pod = new() { ["restartPolicy"] = "Never", ["containers"] = new JsonArray(container) };
        if (options is { VolumeClaim: { } claim, OutputFolder: { } folder })
        {
            container["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "results", ["mountPath"] = folder });
            pod["volumes"] = new JsonArray(new JsonObject { ["name"] = "results", ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim } });
        }
        JsonObject job = new()
        {
            ["apiVersion"] = "batch/v1",
            ["kind"] = "Job",
            ["metadata"] = new JsonObject { ["name"] = Label(matrix.Name), ["labels"] = new JsonObject { ["app"] = "lguest" } },
            ["spec"] = new JsonObject
            {
                ["completionMode"] = "Indexed",
                ["completions"] = tasks,
                ["parallelism"] = Math.Min(tasks, options.AtOnce ?? tasks),
                // Status 1 is a guest that failed its checks, which it would again; what stops a task from outside is tried anew.
                ["backoffLimitPerIndex"] = 2,
                ["podFailurePolicy"] = new JsonObject
                {
                    ["rules"] = new JsonArray(
                        new JsonObject { ["action"] = "FailIndex", ["onExitCodes"] = new JsonObject { ["containerName"] = "lguest", ["operator"] = "In", ["values"] = new JsonArray(1, 2) } },
                        new JsonObject { ["action"] = "Ignore", ["onPodConditions"] = new JsonArray(new JsonObject { ["type"] = "DisruptionTarget" }) }),
                },
                ["template"] = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = "lguest" } }, ["spec"] = pod },
            },
        };
        return job.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>A container file whose image has lguest and the folder of the matrix.</summary>
    /// <exception cref="LguestException">InvalidValue: a file of a cell lies outside of that folder, or a check is a script.</exception>
    public static string ContainerFile(GuestMatrix matrix, JobArrayOptions options)
    {
        if (matrix.NeedsPowerShell) throw new LguestException(LguestError.InvalidValue, $"matrix '{matrix.Name}' has checks that are PowerShell scripts, and the image has no PowerShell; write them as conditions, or make an image of your own");
        foreach ((string purpose, string path) in matrix.Cells.SelectMany(cell => CellFiles.Of(cell.Definition)).Distinct())
        {
            if (Path.GetRelativePath(matrix.Folder, path) is var inside && (inside.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(inside)))
                throw new LguestException(LguestError.InvalidValue, $"{purpose} '{path}' is not in the image, which has the folder '{matrix.Folder}' of the matrix; put it there and name it by a relative path") { Path = path };
        }
        return $"""
            # Build it in the folder of the matrix, beside the program that this makes:
            #   dotnet publish src/Launcher --self-contained --runtime linux-x64 --output {Quoted(matrix.Folder)}/lguest
            FROM debian:bookworm-slim
            COPY lguest /opt/lguest
            RUN ln -s /opt/lguest/lguest /usr/local/bin/lguest && useradd --uid 1000 lguest
            COPY . {FolderInImage}
            USER 1000
            ENTRYPOINT ["lguest", "--matrix={InImage(options.MatrixPath)}"]

            """.Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private static int Tasks(GuestMatrix matrix, JobArrayOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CellsPerTask, 1);
        return (matrix.Cells.Count + options.CellsPerTask - 1) / options.CellsPerTask;
    }

    /// <param name="matrix">What is run.</param>
    /// <param name="options">Where.</param>
    /// <param name="variable">The variable of the environment in which the scheduler tells a task its number; lguest knows it by itself.</param>
    private static List<string> Command(GuestMatrix matrix, JobArrayOptions options, string variable)
    {
        if (matrix.NeedsPowerShell)
        {
            string task = $"([int]$env:{variable} * {options.CellsPerTask})";
            string last = $"[Math]::Min({task} + {options.CellsPerTask - 1}, {matrix.Cells.Count - 1})";
            string output = options.OutputFolder is { } kept ? $" -OutputPath {Literal(kept)}" : "";
            return ["pwsh", "-NoProfile", "-NonInteractive", "-Command", $"Import-Module LguestPS; Invoke-LguestMatrix {Literal(options.MatrixPath)} -Index ({task}..{last}) -AsJson{output}"];
        }
        List<string> words = ["lguest", $"--matrix={options.MatrixPath}"];
        if (options.CellsPerTask > 1) words.Add($"--cells-per-task={options.CellsPerTask}");
        if (options.OutputFolder is { } folder) words.Add($"--output={folder}");
        return words;
    }

    /// <summary>A string of PowerShell's in which nothing has a meaning.</summary>
    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>What the largest guest needs, and the program.</summary>
    private static long Memory(GuestMatrix matrix) => matrix.Cells.Max(cell => cell.Definition.Memory) + (192L << 20);

    private static string InImage(string path) => $"{FolderInImage}/{Path.GetFileName(path)}";

    private static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);

    private static string Word(string text) => new([.. text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);

    /// <summary>A name as Kubernetes wants it (RFC 1123), at most as long as leaves room for an index.</summary>
    private static string Label(string name)
    {
        string label = Word(name.ToLowerInvariant()).Replace('_', '-').Replace('.', '-').Trim('-');
        label = label.Length > 50 ? label[..50].TrimEnd('-') : label;
        return label.Length == 0 ? "matrix" : label;
    }

    /// <summary>A word for sh in which nothing has a meaning.</summary>
    private static string Quoted(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@%".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
