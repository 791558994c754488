using System.Collections.Concurrent;

namespace LguestPS.Cmdlets;

/// <summary>Something a fleet has to say to the cmdlet that runs it.</summary>
internal abstract record FleetNews
{
    /// <summary>A cell is finished.</summary>
    internal sealed record Result(MatrixResult Value) : FleetNews;

    /// <summary>A machine cannot be used.</summary>
    internal sealed record Unavailable(FleetMachine Machine, MachineUnavailableException Why) : FleetNews;

    /// <summary>A file of cells is not here.</summary>
    internal sealed record MissingFile(LguestException Why) : FleetNews;

    internal sealed record Warning(string Text) : FleetNews;

    internal sealed record Verbose(string Text) : FleetNews;
}

/// <summary>Runs the cells of a matrix on machines, each with a thread of its own; what they have to say comes out as it comes.</summary>
internal sealed class FleetRun : IDisposable
{
    /// <summary>How often a cell's machine may vanish before it is the cell that is to blame.</summary>
    private const int MostLosses = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly GuestMatrix matrix;
    private readonly FleetOptions options;
    private readonly int retries;
    private readonly CellQueue queue;
    private readonly BlockingCollection<FleetNews> news = [];
    private readonly ConcurrentDictionary<FleetMachine, string[]> running = [];
    private readonly ConcurrentDictionary<string, bool> missing = [];
    private readonly CancellationTokenSource stop;
    private readonly List<Thread> threads = [];
    private int left;

    public FleetRun(GuestMatrix matrix, IReadOnlyList<MatrixCell> cells, FleetOptions options, int retries, CancellationToken stop)
    {
        this.matrix = matrix;
        this.options = options;
        this.retries = retries;
        this.stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        queue = new CellQueue(cells);
    }

    public int Finished => queue.Finished;

    public int Total => queue.Total;

    /// <summary>What runs where.</summary>
    public IEnumerable<(string Machine, string[] Cells)> Running => running.Select(entry => (entry.Key.Name, entry.Value)).OrderBy(entry => entry.Name, StringComparer.Ordinal);

    /// <summary>Has the machines begin.</summary>
    public void Begin(IReadOnlyList<FleetMachine> machines)
    {
        left = machines.Count;
        foreach (FleetMachine machine in machines)
        {
            machine.Say = text => news.Add(new FleetNews.Verbose(text));
            Thread thread = new(() => Serve(machine)) { IsBackground = true, Name = $"fleet {machine.Name}" };
            threads.Add(thread);
        }
        foreach (Thread thread in threads) thread.Start();
    }

    /// <summary>The next piece of news, or null after a while without any.</summary>
    /// <returns>False once there will be none any more.</returns>
    public bool TryTake(TimeSpan longest, out FleetNews? next)
    {
        next = null;
        return news.TryTake(out next, longest) || !news.IsCompleted;
    }

    /// <summary>Stops all guests, and waits until nothing is left of them on any machine.</summary>
    public void Dispose()
    {
        stop.Cancel();
        foreach (Thread thread in threads) thread.Join();
        news.Dispose();
        stop.Dispose();
    }

    private void Serve(FleetMachine machine)
    {
        try
        {
            while (!Work(machine))
            {
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            running.TryRemove(machine, out _);
            if (Interlocked.Decrement(ref left) == 0) Finish();
        }
    }

    /// <summary>Runs cells until there are none, or the machine is of no use any more.</summary>
    /// <returns>False if it is to be opened again.</returns>
    private bool Work(FleetMachine machine)
    {
        Dictionary<int, CellTask> begun = [];
        try
        {
            machine.Open(matrix, options, stop.Token);
            while (!queue.IsFinished)
            {
                stop.Token.ThrowIfCancellationRequested();
                List<CellTask> fresh = [];
                foreach (CellTask task in queue.Take(machine.Slots - begun.Count))
                {
                    begun.Add(task.Cell.Index, task);
                    if (TryPrepare(machine, task)) fresh.Add(task);
                    else begun.Remove(task.Cell.Index);
                }
                running[machine] = [.. begun.Values.Select(task => task.Cell.Name)];
                if (begun.Count == 0) queue.Wait(Patience, stop.Token);
                else
                {
                    foreach (MatrixResult result in machine.Exchange(fresh, Patience, stop.Token))
                        if (begun.Remove(result.Index, out CellTask? task)) Take(task, result);
                }
            }
            return true;
        }
        catch (MachineUnavailableException e)
        {
            news.Add(new FleetNews.Unavailable(machine, e));
            GiveBack(begun.Values, machine, e.Message, lost: false);
            return true;
        }
        catch (MachineLostException e)
        {
            bool again = machine.CanBeReplaced && !queue.IsFinished;
            news.Add(new FleetNews.Warning($"{e.Message.TrimEnd('.')}.{(begun.Count == 0 ? "" : begun.Count == 1 ? " Its guest is run again." : $" Its {begun.Count} guests are run again.")}"));
            GiveBack(begun.Values, machine, e.Message, lost: true);
            return !again;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            news.Add(new FleetNews.Unavailable(machine, new MachineUnavailableException($"{machine.Name}: {e.GetType().Name}: {e.Message}", "Its cells are run elsewhere.", e)));
            GiveBack(begun.Values, machine, e.Message, lost: true);
            return true;
        }
        finally
        {
            machine.Dispose();
        }
    }

    private bool TryPrepare(FleetMachine machine, CellTask task)
    {
        try
        {
            machine.Prepare(task.Cell, stop.Token);
            return true;
        }
        catch (LguestException e)
        {
            if (missing.TryAdd(e.Path ?? e.Message, true)) news.Add(new FleetNews.MissingFile(e));
            Publish(MatrixResult.Unrun(task.Cell, task.Attempt, CellOutcome.Error, e.Message));
            return false;
        }
    }

    private void Take(CellTask task, MatrixResult result)
    {
        if (result.Outcome == CellOutcome.Failed && task.Attempt <= retries) queue.GiveBack(task with { Attempt = task.Attempt + 1 });
        else Publish(result);
    }

    private void GiveBack(IEnumerable<CellTask> begun, FleetMachine machine, string why, bool lost)
    {
        foreach (CellTask task in begun)
        {
            int losses = task.Losses + (lost ? 1 : 0);
            if (losses < MostLosses) queue.GiveBack(task with { Losses = losses });
            else Publish(MatrixResult.Unrun(task.Cell, task.Attempt, CellOutcome.Error, $"{losses} machines have vanished while they ran it, the last of them {machine.Name}: {why}"));
        }
    }

    private void Publish(MatrixResult result)
    {
        if (queue.TryFinish(result.Index)) news.Add(new FleetNews.Result(result));
    }

    /// <summary>No machine works any more: says so of what is left, unless it is left because all was stopped.</summary>
    private void Finish()
    {
        if (!stop.IsCancellationRequested)
            foreach (MatrixCell cell in queue.Unfinished) Publish(MatrixResult.Unrun(cell, 1, CellOutcome.NotRun, "no machine is left to run it"));
        news.CompleteAdding();
    }
}
