using k8s;
using k8s.Models;
using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Fleets;

/// <summary>What schedulers are given: scripts that a shell reads, and a manifest that fits the schema of batch/v1.</summary>
public sealed class JobArrayTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private GuestMatrix Matrix(string more = "", string kernel = "vmlinux")
    {
        folder.Write("vmlinux", KernelFiles.Smallest);
        return new GuestDefinitionReader().ReadMatrix(folder.Write("Night ly.yaml", $$"""
            definitions: [ { name: mini, kernel: '{{kernel}}', memory: 32MiB } ]
            parameters: { commandLine: [a, b, c, d, e] }
            {{more}}
            """));
    }

    private JobArrayOptions Options(string output = "/shared/it's out") => new() { MatrixPath = folder.Path("Night ly.yaml"), OutputFolder = output };

    [SkippableFact]
    public void The_script_for_Slurm_is_a_shell_script_that_starts_one_task_for_each_share()
    {
        string script = JobArrays.Slurm(Matrix(), Options() with { AtOnce = 2, CellsPerTask = 2 });
        Assert.Contains("\n#SBATCH --array=0-2%2\n", script);
        Assert.Contains("\n#SBATCH --output=/shared/it's out/task-%a.out\n", script);
        // Instead of running it, the words are shown.
        string path = folder.Write("job.sbatch", script.Replace("exec ", "printf '%s\\n' "));
        Assert.Equal(["lguest", $"--matrix={folder.Path("Night ly.yaml")}", "--cells-per-task=2", "--output=/shared/it's out"], Shell.Run($"sh '{path}'").TrimEnd().Split('\n'));
    }

    [SkippableFact]
    public void With_script_checks_a_task_runs_pwsh()
    {
        string script = JobArrays.Slurm(Matrix("checks: { by script: { script: '$true' } }"), Options());
        string path = folder.Write("job.sbatch", script.Replace("exec ", "printf '%s\\n' "));
        Assert.Equal(
            ["pwsh", "-NoProfile", "-NonInteractive", "-Command", $"Import-Module LguestPS; Invoke-LguestMatrix '{folder.Path("Night ly.yaml")}' -Index (([int]$env:SLURM_ARRAY_TASK_ID * 1)..[Math]::Min(([int]$env:SLURM_ARRAY_TASK_ID * 1) + 0, 4)) -AsJson -OutputPath '/shared/it''s out'"],
            Shell.Run($"SLURM_ARRAY_TASK_ID=3 sh '{path}'").TrimEnd().Split('\n'));
    }

    [Fact]
    public void More_tasks_than_an_array_may_have_are_refused_with_how_many_cells_each_should_run() =>
        Assert.Equal(
            "matrix 'Night-ly' has 5000 cells, which are 5000 tasks, and an array of Slurm has at most 1000; let each task run 5 cells or more",
            Assert.Throws<LguestException>(() => JobArrays.Slurm(Matrix("repeat: 1000"), Options())).Message);

    [Fact]
    public void The_manifest_is_an_Indexed_Job_of_batch_v1_and_nothing_else()
    {
        string manifest = JobArrays.Kubernetes(Matrix(), Options("/results") with { AtOnce = 3, Image = "lguest:1", VolumeClaim = "results" });
        // Strict: a key that the schema does not have is an error.
        V1Job job = KubernetesYaml.Deserialize<V1Job>(manifest, strict: true);
        Assert.Equal(("batch/v1", "Job", "night-ly"), (job.ApiVersion, job.Kind, job.Metadata.Name));
        Assert.Equal(("Indexed", 5, 3, 2), (job.Spec.CompletionMode, job.Spec.Completions, job.Spec.Parallelism, job.Spec.BackoffLimitPerIndex));
        V1PodSpec pod = job.Spec.Template.Spec;
        Assert.Equal("Never", pod.RestartPolicy);
        V1Container container = Assert.Single(pod.Containers);
        Assert.Equal(["lguest", "--matrix=/matrix/Night ly.yaml", "--output=/results"], container.Command);
        Assert.Equal(("results", "/results", "results"), (container.VolumeMounts.Single().Name, container.VolumeMounts.Single().MountPath, pod.Volumes.Single().PersistentVolumeClaim.ClaimName));
        Assert.Equal("224Mi", container.Resources.Requests["memory"].ToString());
    }

    [Fact]
    public void The_container_file_takes_the_folder_of_the_matrix_and_no_file_from_elsewhere()
    {
        Assert.Contains("\nENTRYPOINT [\"lguest\", \"--matrix=/matrix/Night ly.yaml\"]\n", JobArrays.ContainerFile(Matrix(), Options()));
        Assert.Contains("kernel '/boot/vmlinux' is not in the image", Assert.Throws<LguestException>(() => JobArrays.ContainerFile(Matrix(kernel: "/boot/vmlinux"), Options())).Message);
    }
}
