using LguestPS.Fleets;
using Xunit;

namespace LguestPS.Tests.Fleets;

public class CellPoolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public void Cells_run_side_by_side_and_each_has_a_result()
    {
        GuestMatrix matrix = MatrixFile.Read("definitions: [ EXAMPLES/ring/ring.yaml ]\nparameters: { clock: virtual, cpu: emulated }\nrepeat: 5");
        using CellPool pool = new(new CellRunOptions());
        foreach (MatrixCell cell in matrix.Cells) pool.Start(cell, attempt: 1);
        List<MatrixResult> results = [];
        while (results.Count < 5) results.AddRange(pool.Take(Patience, CancellationToken.None));
        Assert.Equal([0, 1, 2, 3, 4], results.Select(result => result.Index).Order());
        Assert.Single(results.Select(result => result.EventHash).Distinct());
        Assert.Empty(pool.Take(TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public void Guests_that_run_for_ever_stop_with_it()
    {
        GuestMatrix matrix = MatrixFile.Read($"definitions: [ {{ kernel: {Repository.Path("tests", "guests", "busy.elf")}, commandLine: spin }} ]");
        using CellPool pool = new(new CellRunOptions());
        pool.Start(matrix.Cells[0], attempt: 1);
        Assert.Equal(1, pool.Running);
        pool.Dispose();
        Assert.Equal(0, pool.Running);
    }

    [Fact]
    public void A_check_that_throws_is_a_result_all_the_same()
    {
        GuestMatrix matrix = MatrixFile.Read("definitions: [ EXAMPLES/hello/hello.yaml ]\nchecks: { a: { script: x } }");
        using CellPool pool = new(new CellRunOptions { RunScript = (_, _) => throw new InvalidTimeZoneException("unheard of") });
        pool.Start(matrix.Cells[0], attempt: 1);
        MatrixResult result = Assert.Single(pool.Take(Patience, CancellationToken.None));
        Assert.Equal((CellOutcome.Error, "InvalidTimeZoneException: unheard of"), (result.Outcome, result.Error));
    }

    [Fact]
    public void A_cell_is_the_same_at_the_other_end_of_a_wire()
    {
        GuestMatrix matrix = MatrixFile.Read("definitions: [ EXAMPLES/disk/disk.yaml ]\nparameters: { memory: [ 16MiB, 32MiB ] }\nchecks: { a: { console: x, guestTimeAtMost: 2s } }\nrecord: always");
        GuestMatrix there = MatrixWire.Read(MatrixWire.Write(matrix));
        MatrixCell cell = Assert.Single(CellWire.Read(CellWire.Write([CellWire.Of(matrix.Cells[1], 3, path => "/cache/" + Path.GetFileName(path))]))).ToCell(there);
        Assert.Equal((matrix.Name, matrix.Id, 2, matrix.Record), (there.Name, there.Id, there.CellCount, there.Record));
        Assert.Equal(matrix.Checks, there.Checks);
        Assert.Equal((1, matrix.Cells[1].Name, "32MiB", "/cache/disk.elf"), (cell.Index, cell.Name, cell.Parameters["Memory"], cell.Definition.Kernel));
        Assert.Equal("/cache/disk.img", Assert.Single(cell.Definition.Devices.OfType<BlockDefinition>()).Path);
        Assert.Equal(matrix.Cells[1].FileStem, cell.FileStem);
    }
}
