using System.Management.Automation;

namespace LguestPS.Cmdlets;

/// <summary>Shows how far a matrix is, and what runs where.</summary>
internal sealed class FleetProgress(Cmdlet cmdlet, string matrix)
{
    private const int ActivityId = 0x1a;
    private const int MostMachines = 8;
    private const int MostText = 60;

    private readonly HashSet<int> shown = [];

    public void Show(FleetRun run)
    {
        (string Machine, string[] Cells)[] running = [.. run.Running];
        cmdlet.WriteProgress(new ProgressRecord(ActivityId, $"Matrix '{matrix}'", $"{run.Finished:N0} of {run.Total:N0} guests are done, {running.Sum(machine => machine.Cells.Length):N0} run on {running.Length} {(running.Length == 1 ? "machine" : "machines")}")
        {
            PercentComplete = 100 * run.Finished / run.Total,
        });
        shown.Add(ActivityId);
        foreach (((string machine, string[] cells), int number) in running.Take(MostMachines).Select((machine, index) => (machine, index + 1)))
        {
            string text = string.Join("; ", cells);
            cmdlet.WriteProgress(new ProgressRecord(ActivityId + number, machine, text.Length == 0 ? "idle" : text.Length <= MostText ? text : $"{text[..MostText]}… ({cells.Length} guests)") { ParentActivityId = ActivityId });
            shown.Add(ActivityId + number);
        }
    }

    public void Hide()
    {
        foreach (int id in shown.OrderDescending())
            cmdlet.WriteProgress(new ProgressRecord(id, $"Matrix '{matrix}'", "done") { RecordType = ProgressRecordType.Completed });
        shown.Clear();
    }
}
