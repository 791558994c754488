using System.Collections.Concurrent;

namespace LguestPS.Fleets;

/// <summary>Runs cells on threads of this process, each as soon as it is given; results wait until they are taken.</summary>
internal sealed class CellPool(CellRunOptions options) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource stop = new();
    private readonly BlockingCollection<MatrixResult> results = [];
    private readonly ConcurrentDictionary<int, Thread> running = [];

    /// <summary>Signalled when its cells are to stop.</summary>
    public CancellationToken Stopping => stop.Token;

    /// <summary>How many cells run now.</summary>
    public int Running => running.Count;

    /// <summary>Begins to run a cell.</summary>
    public void Start(MatrixCell cell, int attempt)
    {
        Thread thread = new(() => Run(cell, attempt)) { IsBackground = true, Name = $"lguest {cell.Name}" };
        running[cell.Index] = thread;
        thread.Start();
    }

    /// <summary>The results there are, after waiting for the first of them.</summary>
    /// <exception cref="OperationCanceledException">On <paramref name="cancel"/>.</exception>
    public IReadOnlyList<MatrixResult> Take(TimeSpan longest, CancellationToken cancel)
    {
        List<MatrixResult> taken = [];
        if (!results.TryTake(out MatrixResult? first, (int)longest.TotalMilliseconds, cancel)) return taken;
        taken.Add(first);
        while (results.TryTake(out MatrixResult? more)) taken.Add(more);
        return taken;
    }

    /// <summary>Stops all guests and waits until they are gone.</summary>
    public void Dispose()
    {
        stop.Cancel();
        foreach (Thread thread in running.Values) thread.Join(Patience);
        results.Dispose();
    }

    private void Run(MatrixCell cell, int attempt)
    {
        try
        {
            results.Add(CellRun.Run(cell, options with { Attempt = attempt }, stop.Token));
        }
        catch (OperationCanceledException)
        {
        }
        catch (ObjectDisposedException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Whatever it is, it must be known: a cell without a result would be waited for.
            results.Add(MatrixResult.Unrun(cell, attempt, CellOutcome.Error, $"{e.GetType().Name}: {e.Message}"));
        }
        finally
        {
            running.TryRemove(cell.Index, out _);
        }
    }
}
