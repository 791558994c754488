using LguestPS.Definitions;
using Xunit;

namespace LguestPS.Tests.Fleets;

/// <summary>A matrix as a job array of a real Slurm: every cell runs once, and what was lost is run again.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
[Collection(nameof(SlurmTests))]
public sealed class SlurmTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SkippableFact]
    public void Every_cell_of_a_job_array_leaves_one_result_and_a_second_array_runs_only_what_is_missing()
    {
        string program = Repository.Path("out", "lguest");
        Skip.IfNot(File.Exists(Path.Combine(program, "lguest")), "lguest is not built");
        using SlurmCluster cluster = SlurmCluster.Start();
        string results = folder.Path("results"), file = folder.Write("nightly.yaml", $$"""
            definitions: [ {{Repository.Path("examples", "hello", "hello.yaml")}}, {{Repository.Path("examples", "ring", "ring.yaml")}} ]
            parameters: { memory: [8MiB, 16MiB], clock: [virtual], commandLine: [one, two] }
            """);
        GuestMatrix matrix = new GuestDefinitionReader().ReadMatrix(file);
        Directory.CreateDirectory(results);
        string script = JobArrays.Slurm(matrix, new JobArrayOptions { MatrixPath = file, OutputFolder = results, CellsPerTask = 3, AtOnce = 2 });

        Assert.Equal(0, cluster.Run(script, program));
        MatrixResult[] first = Joined(results);
        Assert.Equal(Enumerable.Range(0, 8).Select(index => (index, CellOutcome.Passed)), first.Select(result => (result.Index, result.Outcome)));
        Assert.True(first.Select(result => result.ProcessId).Distinct().Count() == 3, "each of three tasks is a process");

        // Two results were lost.
        string[] files = [.. Directory.GetFiles(results, ResultFolder.Pattern).Order(StringComparer.Ordinal)];
        File.Delete(files[1]);
        File.Delete(files[6]);
        Assert.Equal(0, cluster.Run(script, program));
        MatrixResult[] second = Joined(results);
        Assert.Equal([1, 6], second.Where(result => result.Started != first[result.Index].Started).Select(result => result.Index));
        Assert.Equal(first.Select(result => result.EventHash), second.Select(result => result.EventHash));
    }

    private static MatrixResult[] Joined(string results)
    {
        MatrixJoin join = new();
        foreach (string file in Directory.GetFiles(results, ResultFolder.Pattern)) join.Add(MatrixResult.FromJson(File.ReadAllText(file)));
        return [.. join.Results];
    }
}

/// <summary>A cluster has this machine's processors to itself.</summary>
[CollectionDefinition(nameof(SlurmTests), DisableParallelization = true)]
public sealed class SlurmCollection;
