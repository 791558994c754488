using System.Globalization;
using System.Text;
using LguestPS.Texts;

namespace LguestPS.Terminals;

/// <summary>Makes the lines of a dashboard from one reading after the other.</summary>
internal sealed class Dashboard
{
    /// <summary>In fewer columns or lines there is nothing to be seen.</summary>
    public const int LeastWidth = 40, LeastHeight = 10;

    private const int HistoryLength = 40;
    private const int MostRates = 8;
    private const string Blocks = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

    private readonly Queue<double> speeds = new();
    private DashboardReading? before;
    private double seconds;
    private DashboardReading? now;

    /// <summary>Takes the next reading.</summary>
    public void Add(DashboardReading reading)
    {
        (before, now) = (now, reading);
        seconds = before is null ? 0 : (reading.At - before.At) / (double)System.Diagnostics.Stopwatch.Frequency;
        speeds.Enqueue(before is null ? 0 : Rate((reading.Instructions ?? reading.Events) - (before.Instructions ?? before.Events)));
        if (speeds.Count > HistoryLength) speeds.Dequeue();
    }

    /// <summary>The screen as so many lines, none of which is longer than it is wide.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Lines.</param>
    /// <param name="hint">What keys do: the last line.</param>
    public IReadOnlyList<string> Lines(int width, int height, string hint)
    {
        DashboardReading reading = now ?? throw new InvalidOperationException("nothing was read yet");
        if (width < LeastWidth || height < LeastHeight) return [Fit($"{reading.Name}: the window is too small", width)];
        List<string> lines = [.. Head(reading, width)];
        int room = height - lines.Count - 3;
        IReadOnlyList<string> rates = Rates(reading, width, Math.Min(MostRates, room / 2));
        lines.AddRange(rates);
        lines.Add(Rule("console", width));
        lines.AddRange(Tail(reading.Console, width, height - lines.Count - 1));
        while (lines.Count < height - 1) lines.Add("");
        lines.Add(Fit(hint, width));
        return lines;
    }

    /// <summary>The same in a line, where there is no screen.</summary>
    public string Line()
    {
        DashboardReading reading = now!;
        string text = string.Create(CultureInfo.InvariantCulture, $"{reading.Name}: {Word(reading.State)}, {reading.GuestTime.TotalSeconds:0.000} s of guest time, {(reading.Instructions is { } count ? $"{Amount(count)} instructions, " : "")}{reading.Events:N0} events");
        string console = Tail(reading.Console, int.MaxValue, 1) is [var last, ..] && last.Length > 0 ? $"; console: {last}" : "";
        return text + console;
    }

    private IEnumerable<string> Head(DashboardReading reading, int width)
    {
        yield return Sides($"{reading.Name}  {Word(reading.State)}", string.Create(CultureInfo.InvariantCulture, $"{reading.GuestTime.TotalSeconds:0.000} s of guest time"), width);
        yield return Fit(reading.Doing, width);
        string speed = reading.Instructions is { } instructions
            ? $"{Amount(instructions)} instructions, {Amount(speeds.LastOrDefault())}/s"
            : $"{Amount(speeds.LastOrDefault())} events/s";
        yield return Sides($"{speed}  {Graph()}", $"{Amount(reading.Events)} events{(reading.Reboots > 0 ? $", {reading.Reboots} reboots" : "")}", width);
        if (reading.Summary is { } summary) yield return Fit(Split(summary), width);
    }

    /// <summary>What the host's time went to since the last reading.</summary>
    private string Split(RunSummary summary)
    {
        RunSummary? last = before?.Summary;
        // A sleep is counted when it is over.
        if (now!.IsHalted && summary.RunTime == last?.RunTime) return "cpu 0 %  host 0 %  asleep 100 %";
        double all = Math.Max(1, (summary.RunTime - (last?.RunTime ?? default)).Ticks);
        return $"cpu {Part(summary.CpuTime, last?.CpuTime)}  host {Part(summary.HostTime, last?.HostTime)}  asleep {Part(summary.IdleTime, last?.IdleTime)}";

        string Part(TimeSpan time, TimeSpan? earlier) => string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(100 * (time - (earlier ?? default)).Ticks / all, 0, 100):0} %");
    }

    private IReadOnlyList<string> Rates(DashboardReading reading, int width, int most)
    {
        if (reading.Summary is not { } summary) return [Fit("(what happens is not counted in this run; start it with -Summary to see it here)", width)];
        if (most < 2) return [];
        Dictionary<(EventKinds, string, HypercallOrigin?, bool), long> earlier = (before?.Summary?.Rows ?? []).ToDictionary(row => (row.Kind, row.Name, row.Origin, row.IsDirect), row => row.Count);
        (SummaryRow Row, double Rate)[] rows =
        [
            .. summary.Rows.Select(row => (row, Rate(row.Count - earlier.GetValueOrDefault((row.Kind, row.Name, row.Origin, row.IsDirect)))))
                .OrderByDescending(each => each.Item2).ThenByDescending(each => each.row.Count).Take(most - 1),
        ];
        double largest = Math.Max(1, rows.Select(each => each.Rate).DefaultIfEmpty().Max());
        int bar = Math.Max(0, width - 54);
        return
        [
            $"{"per second",10} {"total",10}  what",
            .. rows.Select(each => Fit($"{Amount(each.Rate),10} {Amount(each.Row.Count),10}  {Pad($"{Kind(each.Row)} {each.Row.Name}", 30)}{new string('\u2588', (int)(bar * each.Rate / largest))}", width)),
        ];
    }

    private static string Kind(SummaryRow row) => row.Origin == HypercallOrigin.Ring ? "ring" : row.IsDirect ? "direct" : row.Kind.ToString().ToLowerInvariant();

    /// <summary>How fast it was lately.</summary>
    private string Graph()
    {
        double most = Math.Max(1, speeds.Max());
        StringBuilder graph = new();
        foreach (double speed in speeds.TakeLast(HistoryLength / 2)) graph.Append(Blocks[(int)Math.Min(Blocks.Length - 1, speed / most * Blocks.Length)]);
        return graph.ToString();
    }

    private double Rate(long more) => seconds <= 0 ? 0 : Math.Max(0, more) / seconds;

    /// <summary>The last lines of a text, folded where they are too long.</summary>
    private static IReadOnlyList<string> Tail(string text, int width, int most)
    {
        if (most <= 0) return [];
        List<string> tail = [];
        foreach (string line in text.TrimEnd('\n').Split('\n').TakeLast(most).Select(PlainText.Of))
        {
            string rest = line;
            do
            {
                string piece = Fit(rest, width);
                tail.Add(piece);
                rest = rest[piece.Length..];
            }
            while (rest.Length > 0);
        }
        return [.. tail.TakeLast(most)];
    }

    private static string Word(GuestState state) => state.ToString().ToLowerInvariant();

    private static string Rule(string title, int width) => $"\u2500\u2500 {title} ".PadRight(width, '\u2500');

    private static string Sides(string left, string right, int width)
    {
        right = Fit(right, width);
        left = Fit(left, Math.Max(0, width - Columns(right) - 1));
        return left + new string(' ', Math.Max(0, width - Columns(left) - Columns(right))) + right;
    }

    private static string Pad(string text, int width)
    {
        text = Fit(text, width - 1);
        return text + new string(' ', width - Columns(text));
    }

    /// <summary>As much of a text as fits.</summary>
    private static string Fit(string text, int width)
    {
        text = PlainText.Of(text);
        int columns = 0, length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            columns += WidthOf(rune);
            if (columns > width) break;
            length += rune.Utf16SequenceLength;
        }
        // An unpaired surrogate is counted as what stands for it.
        return length >= text.Length ? text : text[..length];
    }

    private static int Columns(string text) => text.EnumerateRunes().Sum(WidthOf);

    /// <summary>Marks take no column, and the letters of East Asia and pictures two.</summary>
    private static int WidthOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => 0,
        _ => rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1,
    };

    private static string Amount(double count) => count switch
    {
        >= 1e9 => Text(count / 1e9, "0.00", " G"),
        >= 1e6 => Text(count / 1e6, "0.00", " M"),
        >= 1e4 => Text(count / 1e3, "0.0", " k"),
        _ => Text(count, "0", ""),
    };

    private static string Text(double value, string format, string unit) => value.ToString(format, CultureInfo.InvariantCulture) + unit;
}
