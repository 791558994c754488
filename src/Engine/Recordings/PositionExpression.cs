using System.Globalization;

namespace LguestPS;

/// <summary>A place in a run as people write it.</summary>
/// <remarks>
/// <c>500000000</c> or <c>500M</c>: after so many instructions (k, M, G); <c>1.5s</c>, <c>20ms</c>: at that guest time (ns, us, ms, s, m, h);
/// <c>#1234</c>: just before that event, by its sequence number; <c>50%</c>: of the run's instructions; <c>Start</c> and <c>Now</c>: its ends.
/// </remarks>
public sealed record PositionExpression
{
    private const string StartName = "Start";
    private const string NowName = "Now";
    private const int LongestShown = 40;

    private static readonly Dictionary<string, long> UnitsOfTime = new(StringComparer.Ordinal)
    {
        ["ns"] = 1, ["us"] = 1_000, ["ms"] = 1_000_000, ["s"] = 1_000_000_000, ["m"] = 60_000_000_000, ["h"] = 3_600_000_000_000,
    };

    private static readonly Dictionary<string, long> UnitsOfInstructions = new(StringComparer.Ordinal)
    {
        [""] = 1, ["k"] = 1_000, ["K"] = 1_000, ["M"] = 1_000_000, ["G"] = 1_000_000_000,
    };

    private readonly RunPosition position;
    private readonly decimal? percent;

    private PositionExpression(RunPosition position) => this.position = position;

    private PositionExpression(decimal percent) => this.percent = percent;

    /// <summary>Where the recorded run begins.</summary>
    public static PositionExpression Start { get; } = new(default(RunPosition)) { IsStart = true };

    /// <summary>Where the run has come to: for a guest that was taken back, from where.</summary>
    public static PositionExpression Now { get; } = new(default(RunPosition)) { IsNow = true };

    /// <summary>Whether it means nothing without a recorded run.</summary>
    internal bool NeedsHistory => IsStart || percent is not null;

    internal bool IsStart { get; private init; }

    internal bool IsNow { get; private init; }

    private string Text { get; init; } = "";

    /// <summary>A place that is known.</summary>
    public static PositionExpression Of(RunPosition position) => new(position);

    /// <exception cref="LguestException">InvalidValue: it is not a place in a run.</exception>
    public static PositionExpression Parse(string text) =>
        TryParse(text) ?? throw new LguestException(LguestError.InvalidValue, $"'{Shown(text)}' is not a place in a run; write an instruction (500M), a time (1.5s), an event (#1234), a part of the run (50%), Start or Now");

    /// <returns>Null if it is not a place in a run.</returns>
    public static PositionExpression? TryParse(string text) => Read(text.Trim()) is { } read ? read with { Text = text.Trim() } : null;

    private static PositionExpression? Read(string text)
    {
        if (text.Equals(StartName, StringComparison.OrdinalIgnoreCase)) return Start;
        if (text.Equals(NowName, StringComparison.OrdinalIgnoreCase)) return Now;
        if (text.StartsWith('#')) return long.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out long sequence) && sequence > 0 ? new(RunPosition.BeforeEvent(sequence)) : null;

        string number = text.TrimEnd("%numskKMGh".ToCharArray()), unit = text[number.Length..];
        NumberStyles style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands;
        if (!decimal.TryParse(number, style, CultureInfo.InvariantCulture, out decimal value) || !char.IsAsciiDigit(number[^1])) return null;
        if (unit == "%") return value <= 100 ? new(value) : null;
        if (UnitsOfTime.TryGetValue(unit, out long one)) return Whole(value, one) is { } time ? new(new RunPosition(0, 0, time, 0)) : null;
        return UnitsOfInstructions.TryGetValue(unit, out one) && Whole(value, one) is { } instructions ? new(new RunPosition(0, instructions, 0L, 0)) : null;
    }

    /// <summary>Where it is in a run.</summary>
    /// <param name="start">Where the run begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <remarks>It may lie outside of the run. What is not said in it is zero, so it is the first place where what is said is reached.</remarks>
    public RunPosition In(RunPosition start, RunPosition end)
    {
        if (IsStart) return start;
        if (IsNow) return end;
        if (percent is null) return position;
        // A vCPU that does not count instructions has only the events to go by.
        return end.Instructions > start.Instructions
            ? new RunPosition(0, Part(start.Instructions, end.Instructions), 0L, 0)
            : new RunPosition(Part(start.Events, end.Events), 0, 0L, 0);
    }

    /// <summary>As it was written, or else the place.</summary>
    public override string ToString() => Text.Length > 0 ? Text : IsStart ? StartName : IsNow ? NowName : $"{position}";

    private long Part(long from, long to) => from + (long)((to - from) * (percent!.Value / 100));

    /// <returns>Null if it is not a whole number, or no guest gets that far.</returns>
    private static long? Whole(decimal value, long unit) =>
        value <= long.MaxValue / unit && value * unit % 1 == 0 && (long)(value * unit) is var whole && new RunPosition(0, 0, whole, 0).IsPossible ? whole : null;

    /// <summary>What a user wrote, short enough and without anything a terminal would act on.</summary>
    private static string Shown(string text) =>
        string.Concat(text.Take(LongestShown).Select(letter => char.IsControl(letter) ? '?' : letter)) + (text.Length > LongestShown ? "…" : "");
}
