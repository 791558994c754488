using System.Globalization;

namespace LguestPS;

/// <summary>A place in a run. Everything in it counts up, so of two places of one run one is later or they are the same.</summary>
/// <remarks>
/// A place that is not known in every respect has zeros for the rest, and stands for the first place where what is known is reached.
/// That of an event does not say after how many instructions it was: it is the last place before it, where what it is about is still to be done.
/// </remarks>
public readonly record struct RunPosition : IComparable<RunPosition>, IComparable
{
    // A year of guest time has 2^55 nanoseconds.
    private const long LastTime = 1L << 62;

    /// <param name="events">Events until then, at least 0.</param>
    /// <param name="instructions">Instructions until then, at least 0; 0 also if they are not counted or not known.</param>
    /// <param name="time">Guest time, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is negative, or the time longer than any guest runs.</exception>
    public RunPosition(long events, long instructions, TimeSpan time)
        : this(events, instructions, time.Ticks is >= 0 and < LastTime / TimeSpan.NanosecondsPerTick ? time.Ticks * TimeSpan.NanosecondsPerTick : -1, inputs: 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(events);
        ArgumentOutOfRangeException.ThrowIfNegative(instructions);
        if (Nanoseconds < 0) throw new ArgumentOutOfRangeException(nameof(time), time, "no guest runs that long");
    }

    internal RunPosition(long events, long instructions, long nanoseconds, int inputs)
    {
        Events = events;
        Instructions = instructions;
        Nanoseconds = nanoseconds;
        Inputs = inputs;
    }

    /// <summary>Events until then: the sequence number of the last of them, or 0.</summary>
    public long Events { get; }

    /// <summary>Instructions until then; 0 also on a vCPU that does not count them.</summary>
    public long Instructions { get; internal init; }

    /// <summary>Guest time since the guest was started, to 100 ns.</summary>
    public TimeSpan Time => TimeSpan.FromTicks(Nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <summary>Guest time in nanoseconds.</summary>
    internal long Nanoseconds { get; init; }

    /// <summary>What came in from outside until then, since the recording began; 0 if there is none.</summary>
    internal int Inputs { get; init; }

    /// <summary>Whether it is the last place before the next event, rather than the first after the last one.</summary>
    internal bool IsBeforeEvent { get; init; }

    /// <summary>Whether a guest can get there.</summary>
    internal bool IsPossible => Events >= 0 && Instructions >= 0 && Nanoseconds is >= 0 and < LastTime && Inputs >= 0;

    /// <summary>The last place before an event: where it can be seen what it is about, and a step does it.</summary>
    /// <param name="sequence">The event's sequence number, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public static RunPosition BeforeEvent(long sequence) => BeforeEvent(sequence, TimeSpan.Zero);

    /// <param name="sequence">The event's sequence number, from 1.</param>
    /// <param name="time">When it was, if that is known; else zero.</param>
    internal static RunPosition BeforeEvent(long sequence, TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequence, 1);
        return new RunPosition(sequence - 1, 0, time < TimeSpan.Zero ? TimeSpan.Zero : time) { IsBeforeEvent = true };
    }

    public static bool operator <(RunPosition left, RunPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(RunPosition left, RunPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(RunPosition left, RunPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RunPosition left, RunPosition right) => left.CompareTo(right) >= 0;

    /// <summary>Which of two places of one run comes first: by their events, then by time, then by instructions.</summary>
    public int CompareTo(RunPosition other) =>
        Events != other.Events ? Events.CompareTo(other.Events)
        : Nanoseconds != other.Nanoseconds ? Nanoseconds.CompareTo(other.Nanoseconds)
        : Instructions != other.Instructions ? Instructions.CompareTo(other.Instructions)
        : Inputs != other.Inputs ? Inputs.CompareTo(other.Inputs)
        : IsBeforeEvent.CompareTo(other.IsBeforeEvent);

    int IComparable.CompareTo(object? obj) => obj switch
    {
        null => 1,
        RunPosition other => CompareTo(other),
        _ => throw new ArgumentException($"a {obj.GetType().Name} is no place in a run", nameof(obj)),
    };

    /// <summary>Whether something is reached there that is not yet reached here.</summary>
    internal bool IsBefore(RunPosition other) =>
        Events < other.Events || Instructions < other.Instructions || Nanoseconds < other.Nanoseconds || Inputs < other.Inputs;

    /// <summary>Whether it is the same place, also if only one of the two vCPUs counted instructions.</summary>
    internal bool IsAt(RunPosition other) => Events == other.Events && Nanoseconds == other.Nanoseconds;

    /// <summary>In a line: <c>after #23, instruction 6,935, 0.000007 s</c>, or for the place before an event <c>before #23, 0.000007 s</c>; what is 0 is left out.</summary>
    public override string ToString()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string events = IsBeforeEvent ? $"before #{Events + 1}" : Events > 0 ? $"after #{Events}" : "before the first event";
        string instructions = Instructions > 0 ? string.Create(culture, $", instruction {Instructions:N0}") : "";
        return events + instructions + (Nanoseconds > 0 ? string.Create(culture, $", {Nanoseconds / 1e9:F6} s") : "");
    }
}
