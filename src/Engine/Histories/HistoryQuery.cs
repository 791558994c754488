namespace LguestPS;

/// <summary>What every question about a run has.</summary>
public abstract record HistoryQuery
{
    private protected HistoryQuery()
    {
    }

    /// <summary>The first place that is looked at.</summary>
    public PositionExpression From { get; init; } = PositionExpression.Start;

    /// <summary>The place where that ends; it is not looked at itself.</summary>
    public PositionExpression To { get; init; } = PositionExpression.Now;

    /// <summary>How many parts of the run are looked at at once, at least 1.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Called about four times a second while there is no answer, on the thread that waits for it, with the part of the run that is behind it: 0 to 1.</summary>
    public Action<double>? Pulse { get; init; }

    /// <summary>Instructions of a part that is looked at by itself, where the run has no checkpoints; null for as many as are good.</summary>
    internal long? Spacing { get; init; }

    internal RunPosition First(GuestHistory history, CancellationToken stop) => history.Find(From, stop);

    internal RunPosition Last(GuestHistory history, CancellationToken stop) => history.Find(To, stop);
}
