namespace LguestPS.Cmdlets;

/// <summary>A cell that is to be run.</summary>
/// <param name="Cell">Which.</param>
/// <param name="Attempt">Which of several runs it will be, from 1.</param>
/// <param name="Losses">How many machines have vanished while they ran it.</param>
internal sealed record CellTask(MatrixCell Cell, int Attempt = 1, int Losses = 0);

/// <summary>The cells that no machine has yet, and what became of the others: each is finished once, whoever runs it.</summary>
internal sealed class CellQueue(IReadOnlyList<MatrixCell> cells)
{
    private readonly Lock gate = new();
    private readonly LinkedList<CellTask> waiting = new(cells.Select(cell => new CellTask(cell)));
    private readonly HashSet<int> unfinished = [.. cells.Select(cell => cell.Index)];
    private readonly SemaphoreSlim changed = new(0);

    public int Total => cells.Count;

    public int Finished
    {
        get
        {
            lock (gate) return cells.Count - unfinished.Count;
        }
    }

    public bool IsFinished => Finished == Total;

    /// <summary>Takes up to so many cells; none if no cell waits.</summary>
    public IReadOnlyList<CellTask> Take(int most)
    {
        lock (gate)
        {
            List<CellTask> taken = [];
            while (taken.Count < most && waiting.First is { } first)
            {
                waiting.RemoveFirst();
                taken.Add(first.Value);
            }
            return taken;
        }
    }

    /// <summary>Has a cell run again, before those that were never begun.</summary>
    public void GiveBack(CellTask task)
    {
        lock (gate)
        {
            if (!unfinished.Contains(task.Cell.Index)) return;
            waiting.AddFirst(task);
        }
        changed.Release();
    }

    /// <returns>False if it was finished before.</returns>
    public bool TryFinish(int index)
    {
        lock (gate) return unfinished.Remove(index);
    }

    /// <summary>The cells that are not finished.</summary>
    public IReadOnlyList<MatrixCell> Unfinished
    {
        get
        {
            lock (gate) return [.. cells.Where(cell => unfinished.Contains(cell.Index))];
        }
    }

    /// <summary>Waits, for a while, for a cell that is given back.</summary>
    public void Wait(TimeSpan longest, CancellationToken stop) => changed.Wait(longest, stop);
}
