using LguestPS.Tests.Launcher;
using Xunit;

namespace LguestPS.Tests.Fleets;

/// <summary>lguest --matrix: a share of a matrix's cells, results as lines of JSON, and a folder from which a run goes on.</summary>
public sealed class MatrixTaskTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Matrix(string checks = "{ powers down: { ending: powerDown } }") => folder.Write("nightly.yaml", $$"""
        name: nightly
        definitions: [ {{Repository.Path("examples", "hello", "hello.yaml")}} ]
        parameters: { memory: [8MiB, 16MiB, 24MiB], clock: [virtual] }
        checks: {{checks}}
        """);

    [Fact]
    public void Without_a_task_all_cells_run_in_their_order()
    {
        Launched launched = Launched.Run($"--matrix={Matrix()}");
        Assert.Equal((0, ""), (launched.Status, launched.Error));
        Assert.Equal([(0, CellOutcome.Passed), (1, CellOutcome.Passed), (2, CellOutcome.Passed)], Results(launched).Select(result => (result.Index, result.Outcome)));
    }

    [Theory]
    [InlineData(0, 1, new[] { 0 })]
    [InlineData(2, 1, new[] { 2 })]
    [InlineData(0, 2, new[] { 0, 1 })]
    [InlineData(1, 2, new[] { 2 })]
    public void A_task_is_a_share_of_the_cells(int task, int cellsPerTask, int[] cells) =>
        Assert.Equal(cells, Results(Launched.Run($"--matrix={Matrix()}", $"--task={task}", $"--cells-per-task={cellsPerTask}")).Select(result => result.Index));

    [Theory]
    [InlineData("--task=3", "lguest: --task: there is no task 3; the 3 cells of matrix 'nightly' are tasks 0 to 2\n")]
    [InlineData("--task=x", "lguest: --task: 'x' is not a number from 0 on\n")]
    [InlineData("--cells-per-task=0", "lguest: --cells-per-task: '0' is not a number from 1 on\n")]
    [InlineData("--again", "lguest: --again goes with --output\n")]
    [InlineData("hello.yaml", "lguest: --matrix names the guests, so 'hello.yaml' is too much\n")]
    public void What_cannot_be_meant_is_refused_before_anything_runs(string argument, string error) =>
        Assert.Equal(new Launched(2, "", error), Launched.Run($"--matrix={Matrix()}", argument));

    [Fact]
    public void Its_options_want_a_matrix() =>
        Assert.Equal("lguest: --task goes with --matrix\n", Launched.Run("--task=1", Launched.Example("hello")).Error);

    [Fact]
    public void A_guest_that_fails_its_check_makes_the_status_1_and_the_others_run_all_the_same()
    {
        Launched launched = Launched.Run($"--matrix={Matrix("{ says so: { console: 'nobody says this' } }")}");
        Assert.Equal((1, 3), (launched.Status, Results(launched).Count(result => result.Outcome == CellOutcome.Failed)));
    }

    [Fact]
    public void A_script_check_is_refused_by_its_name() =>
        Assert.Equal("lguest: check 'by script' of matrix 'nightly' is a PowerShell script, which lguest cannot run; run the matrix in PowerShell\n", Launched.Run($"--matrix={Matrix("{ by script: { script: '$true' } }")}").Error);

    [Fact]
    public void What_has_a_result_in_the_folder_is_not_run_again_unless_that_is_wanted()
    {
        string matrix = Matrix(), output = folder.Path("results");
        Launched first = Launched.Run($"--matrix={matrix}", $"--output={output}", "--task=1");
        Launched all = Launched.Run($"--matrix={matrix}", $"--output={output}", "-v");
        Assert.Equal(Results(first).Single().Started, Results(all)[1].Started);
        Assert.Contains("lguest: 1: hello memory=16MiB clock=virtual: Passed, as its result says: Power down\n", all.Error);
        Assert.Equal(3, Directory.GetFiles(output, ResultFolder.Pattern).Length);

        MatrixResult again = Results(Launched.Run($"--matrix={matrix}", $"--output={output}", "--task=1", "--again")).Single();
        Assert.Equal((2, true, Results(first).Single().EventHash), (again.Attempt, again.Started > Results(all)[1].Started, again.EventHash));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("not JSON")]
    public void A_result_that_cannot_be_read_is_made_anew(string damage)
    {
        string matrix = Matrix(), output = folder.Path("results");
        Launched.Run($"--matrix={matrix}", $"--output={output}", "--task=0");
        File.WriteAllText(Directory.GetFiles(output, ResultFolder.Pattern).Single(), damage);
        Assert.Equal(CellOutcome.Passed, Results(Launched.Run($"--matrix={matrix}", $"--output={output}", "--task=0")).Single().Outcome);
        Assert.Equal(CellOutcome.Passed, MatrixResult.FromJson(File.ReadAllText(Directory.GetFiles(output, ResultFolder.Pattern).Single())).Outcome);
    }

    private static List<MatrixResult> Results(Launched launched) => [.. launched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(MatrixResult.FromJson)];
}
