using System.Diagnostics;
using LguestPS.Terminals;
using Xunit;

namespace LguestPS.Tests.Terminal;

/// <summary>A dashboard fits its window, whatever the guest says, and writes only what has changed.</summary>
public class DashboardTests
{
    private const string Rude = "\u001b[2J\u001b]0;title\u0007\r\n\u202eevil \u0000 \ud83d\ude00\u65e5\u672c\u8a9e ";

    [Theory]
    [InlineData(80, 24)]
    [InlineData(40, 10)]
    [InlineData(200, 60)]
    public void It_fills_its_window_and_no_more(int width, int height)
    {
        IReadOnlyList<string> lines = Shown(width, height, Reading(0, 100, string.Concat(Enumerable.Repeat(Rude + new string('x', 500) + "\n", 100))), Reading(1, 300, "next\n"));
        Assert.Equal(height, lines.Count);
        Assert.All(lines, line => Assert.InRange(Columns(line), 0, width));
        Assert.All(lines, line => Assert.DoesNotContain(line, char.IsControl));
        Assert.Equal("q leaves", lines[^1]);
    }

    [Fact]
    public void Rates_are_those_since_the_last_reading_and_the_highest_is_first()
    {
        IReadOnlyList<string> lines = Shown(80, 24, Reading(0, 100, ""), Reading(2, 300, ""));
        int head = lines.ToList().FindIndex(line => line.Contains("per second", StringComparison.Ordinal));
        Assert.StartsWith("       100        300  hypercall SET_PTE", lines[head + 1], StringComparison.Ordinal);
        Assert.StartsWith("         0          7  trap #PF", lines[head + 2], StringComparison.Ordinal);
        Assert.Contains("200 instructions, 100/s", Shown(80, 24, Reading(0, 0, "") with { Instructions = 0 }, Reading(2, 0, "") with { Instructions = 200 })[2]);
    }

    [Fact]
    public void The_end_of_the_console_is_shown()
    {
        IReadOnlyList<string> lines = Shown(80, 24, Reading(0, 1, string.Concat(Enumerable.Range(1, 100).Select(i => $"line {i}\n")) + "# "));
        Assert.Equal("# ", lines[^2]);
        Assert.Equal("line 100", lines[^3]);
    }

    [Fact]
    public void A_run_that_is_not_counted_says_how_to_count_it() =>
        Assert.Contains(Shown(80, 24, Reading(0, 1, "") with { Summary = null }), line => line.Contains("-Summary", StringComparison.Ordinal));

    [Fact]
    public void A_window_that_is_too_small_says_so() => Assert.Single(Shown(30, 5, Reading(0, 1, "")));

    [Fact]
    public void Where_there_is_no_screen_it_is_a_line() =>
        Assert.Equal("g: running, 1.500 s of guest time, 1000 instructions, 5 events; console: last", Line(Reading(0, 1, "first\nlast\n")));

    [Fact]
    public void Only_lines_that_have_changed_are_written_and_the_screen_is_given_back()
    {
        List<string> written = [];
        using (LiveScreen screen = new(written.Add))
        {
            screen.Show(["one", "two"], 80, 24);
            screen.Show(["one", "2"], 80, 24);
            screen.Show(["one", "2"], 80, 24);
            screen.Show(["one"], 80, 24);
            screen.Show(["one"], 60, 24);
        }
        Assert.Equal(
            [
                "\u001b[?1049h\u001b[?25l\u001b[2J", "\u001b[2J\u001b[1;1Hone\u001b[K\u001b[2;1Htwo\u001b[K", "\u001b[2;1H2\u001b[K", "\u001b[2;1H\u001b[K",
                "\u001b[2J\u001b[1;1Hone\u001b[K", "\u001b[?25h\u001b[?1049l",
            ],
            written);
    }

    private static IReadOnlyList<string> Shown(int width, int height, params DashboardReading[] readings)
    {
        Dashboard dashboard = new();
        foreach (DashboardReading reading in readings) dashboard.Add(reading);
        return dashboard.Lines(width, height, "q leaves");
    }

    private static string Line(DashboardReading reading)
    {
        Dashboard dashboard = new();
        dashboard.Add(reading);
        return dashboard.Line();
    }

    private static DashboardReading Reading(int second, long calls, string console) => new()
    {
        Name = "g", State = GuestState.Running, Doing = Rude, GuestTime = TimeSpan.FromSeconds(1.5), Instructions = 1000, Events = 5, Console = console, At = 1 + second * Stopwatch.Frequency,
        Summary = new RunSummary
        {
            Guest = "g", GuestTime = default, Instructions = 1, RunTime = TimeSpan.FromSeconds(second), CpuTime = default, HostTime = TimeSpan.FromSeconds(second), IdleTime = default, DroppedFrames = 0, Reboots = 0,
            Rows =
            [
                new SummaryRow { Kind = EventKinds.Trap, Name = "#PF", Count = 7, PerSecond = 0 },
                new SummaryRow { Kind = EventKinds.Hypercall, Name = "SET_PTE", Origin = HypercallOrigin.Trap, Count = calls, PerSecond = 0 },
            ],
        },
    };

    /// <summary>Columns as terminals count them: the letters of East Asia and pictures take two.</summary>
    private static int Columns(string line) => line.EnumerateRunes().Sum(rune => rune.Value is >= 0x1F300 or (>= 0x3000 and <= 0x9FFF) ? 2 : 1);
}
