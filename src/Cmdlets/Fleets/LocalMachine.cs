using LguestPS.Fleets;

namespace LguestPS.Cmdlets;

/// <summary>This process, whose guests run on threads of their own.</summary>
internal sealed class LocalMachine() : FleetMachine(Environment.MachineName)
{
    private CellPool? pool;
    private ScriptChecks? scripts;

    public override void Open(GuestMatrix matrix, FleetOptions options, CancellationToken stop)
    {
        Slots = options.Slots > 0 ? options.Slots : Environment.ProcessorCount;
        pool = new CellPool(new CellRunOptions { OutputFolder = options.OutputFolder, RunScript = (check, evidence) => scripts!.Run(check, evidence) });
        if (matrix.NeedsPowerShell) scripts = new ScriptChecks(Slots, pool.Stopping);
    }

    public override IReadOnlyList<MatrixResult> Exchange(IReadOnlyList<CellTask> fresh, TimeSpan longest, CancellationToken stop)
    {
        foreach (CellTask task in fresh) pool!.Start(task.Cell, task.Attempt);
        return pool!.Take(longest, stop);
    }

    public override void Dispose()
    {
        pool?.Dispose();
        scripts?.Dispose();
    }
}
