using LguestPS.Events;
using LguestPS.State;

namespace LguestPS.Histories;

/// <summary>Finds the first place where two runs differ: by their events, then by memory and registers between halves of what is left.</summary>
internal sealed class RunComparison(GuestHistory left, GuestHistory right, Action<double>? pulse, CancellationToken stop)
{
    private const int Parts = 64;

    private readonly SymbolTable? symbols = left.Symbols;

    /// <returns>Null if they are the same to the end.</returns>
    public RunDifference? Find()
    {
        (LguestEvent? Left, LguestEvent? Right)? different = FirstDifferentEvent();
        using Replica one = left.ReplicaAt(left.Start, stop), other = right.ReplicaAt(right.Start, stop);
        IReadOnlyList<DifferentValue> start = StateDifference.Find(one.Guest, other.Guest, symbols);
        if (start.Count > 0 || left.Start.Instructions != right.Start.Instructions)
            return With(different, Difference(RunDifferenceKind.Start, left.Start) with { Values = start });

        long last = Math.Min(left.End.Instructions, right.End.Instructions);
        if (Narrow(one, other, left.Start.Instructions, last) is { } at) return With(different, Describe(one, other, at));
        if (different is { } events) return With(events, Difference(events.Left is null || events.Right is null ? RunDifferenceKind.End : RunDifferenceKind.Event, BeforeOf(events)));
        return left.End.Instructions == right.End.Instructions ? null : Difference(RunDifferenceKind.End, left.End.Instructions < right.End.Instructions ? left.End : right.End);
    }

    private RunPosition BeforeOf((LguestEvent? Left, LguestEvent? Right) events) => (events.Left ?? events.Right!).Position;

    private (LguestEvent? Left, LguestEvent? Right)? FirstDifferentEvent()
    {
        using IEnumerator<Told> one = Events(left).GetEnumerator(), other = Events(right).GetEnumerator();
        while (true)
        {
            bool any = one.MoveNext(), more = other.MoveNext();
            if (!any && !more) return null;
            if (any && more && one.Current.Essence.AsSpan().SequenceEqual(other.Current.Essence)) continue;
            return (any ? one.Current.Event() : null, more ? other.Current.Event() : null);
        }
    }

    /// <summary>What is kept of an event, and the event.</summary>
    private sealed record Told(byte[] Essence, Func<LguestEvent> Event);

    private IEnumerable<Told> Events(GuestHistory history)
    {
        if (history.KeepsEvents)
        {
            EventLogReader log = new(history);
            for (long sequence = history.Start.Events + 1; sequence <= history.Start.Events + history.Run.Log.Count; sequence++)
            {
                stop.ThrowIfCancellationRequested();
                long number = sequence;
                yield return new Told(log.EssenceOf(sequence), () => log.Read(number));
            }
            yield break;
        }
        StateWriter essence = new();
        foreach (LguestEvent happened in history.FindEvents(new EventQuery { Pulse = pulse }, stop))
        {
            essence.Clear();
            EventCodec.WriteEssence(essence, happened);
            yield return new Told(essence.ToArray(), () => happened);
        }
    }

    /// <summary>Finds the last count of instructions after which both are the same, if they are not at the last place.</summary>
    private long? Narrow(Replica one, Replica other, long same, long last)
    {
        long part = Math.Max(1, (last - same) / Parts), different = same;
        while (different < last)
        {
            different = Math.Min(last, same + part);
            pulse?.Invoke((same - left.Start.Instructions) / Math.Max(1.0, last - left.Start.Instructions));
            Run(one, other, different);
            if (!StateDifference.IsSame(one.Guest, other.Guest)) break;
            if (different == last) return null;
            // What comes later begins from here.
            one.Keep();
            other.Keep();
            same = different;
        }
        if (different <= same) return null;
        while (different - same > 1)
        {
            long middle = same + (different - same) / 2;
            Move(one, other, middle);
            if (StateDifference.IsSame(one.Guest, other.Guest)) same = middle;
            else different = middle;
        }
        return same;
    }

    private RunDifference Describe(Replica one, Replica other, long same)
    {
        Move(one, other, same);
        RunDifference found = Difference(RunDifferenceKind.Instruction, one.Position) with { LeftInstruction = one.Guest.Location, RightInstruction = other.Guest.Location };
        Run(one, other, same + 1);
        return found with { Values = StateDifference.Find(one.Guest, other.Guest, symbols) };
    }

    private void Run(Replica one, Replica other, long instructions)
    {
        one.RunTo(At(instructions), stop);
        other.RunTo(At(instructions), stop);
    }

    private void Move(Replica one, Replica other, long instructions)
    {
        one.MoveTo(At(instructions), stop);
        other.MoveTo(At(instructions), stop);
    }

    private static RunPosition At(long instructions) => new(0, instructions, 0L, 0);

    private static RunDifference With((LguestEvent? Left, LguestEvent? Right)? events, RunDifference difference) =>
        events is not { } both ? difference : difference with { Event = (both.Left ?? both.Right)?.Sequence, LeftEvent = both.Left, RightEvent = both.Right };

    private RunDifference Difference(RunDifferenceKind kind, RunPosition at) => new() { Left = left.Path ?? left.Guest, Right = right.Path ?? right.Guest, Kind = kind, Position = at };
}
