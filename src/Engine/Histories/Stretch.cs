using System.Runtime.ExceptionServices;
using LguestPS.Recordings;

namespace LguestPS.Histories;

/// <summary>A part of a run that is looked at by itself, and what was found there, which can be taken while it is still being looked at.</summary>
internal sealed class Stretch<T>
{
    /// <summary>So much is found before it is waited until some of it is taken.</summary>
    private const int MostUntaken = 1 << 14;

    private readonly object gate = new();
    private readonly CancellationToken stop;
    private List<T> untaken = [];
    private bool isOver, isUnwanted;
    private int? knowledge;
    private ExceptionDispatchInfo? problem;

    /// <param name="at">Where its checkpoint was taken.</param>
    /// <param name="checkpoint">A checkpoint at its beginning or before.</param>
    /// <param name="from">Its beginning.</param>
    /// <param name="to">Its end, which is not in it.</param>
    /// <param name="stop">Whoever asked has gone.</param>
    public Stretch(RunPosition at, Checkpoint checkpoint, RunPosition from, RunPosition to, CancellationToken stop)
    {
        (At, Checkpoint, From, To, this.stop) = (at, checkpoint, from, to, stop);
    }

    public RunPosition At { get; }

    public Checkpoint? Checkpoint { get; private set; }

    public RunPosition From { get; }

    public RunPosition To { get; }

    /// <summary>What the analyst knew when it began; waits until it has begun.</summary>
    public int Knowledge(Action? pulse)
    {
        lock (gate)
            while (knowledge is null && !isOver) Wait(pulse);
        problem?.Throw();
        return knowledge ?? 0;
    }

    /// <summary>What is found, as it is found.</summary>
    public IEnumerable<T> Findings(Action? pulse)
    {
        while (true)
        {
            List<T> taken;
            lock (gate)
            {
                while (untaken.Count == 0 && !isOver) Wait(pulse);
                if (untaken.Count == 0) break;
                (taken, untaken) = (untaken, []);
                Monitor.PulseAll(gate);
            }
            foreach (T found in taken) yield return found;
        }
        problem?.Throw();
        Checkpoint = null;
    }

    /// <summary>Nobody will take what is found.</summary>
    public void Discard()
    {
        lock (gate)
        {
            isUnwanted = true;
            untaken.Clear();
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Called by whoever looks at it.</summary>
    public void Add(T found)
    {
        lock (gate)
        {
            while (untaken.Count >= MostUntaken && !isUnwanted && !stop.IsCancellationRequested) Monitor.Wait(gate, SurveyPeriods.Look);
            if (isUnwanted) return;
            untaken.Add(found);
            if (untaken.Count == 1) Monitor.PulseAll(gate);
        }
    }

    public void Begin(int known)
    {
        lock (gate)
        {
            knowledge = known;
            Monitor.PulseAll(gate);
        }
    }

    public void Finish(Exception? problem)
    {
        lock (gate)
        {
            isOver = true;
            if (problem is not null) this.problem = ExceptionDispatchInfo.Capture(problem);
            Monitor.PulseAll(gate);
        }
    }

    private void Wait(Action? pulse)
    {
        stop.ThrowIfCancellationRequested();
        if (!Monitor.Wait(gate, SurveyPeriods.Pulse)) pulse?.Invoke();
    }
}

internal static class SurveyPeriods
{
    /// <summary>How often whoever waits for an answer is told how far it is.</summary>
    public static TimeSpan Pulse { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How soon it is noticed that nobody wants an answer any more.</summary>
    public static TimeSpan Look { get; } = TimeSpan.FromMilliseconds(20);
}
