using System.Diagnostics;
using LguestPS.Events;
using Xunit;

namespace LguestPS.Tests;

public class WallClockTests
{
    private static readonly TimeSpan Close = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void It_tells_the_time_of_day()
    {
        WallClock clock = new();
        DateTime before = DateTime.UtcNow;
        DateTime told = clock.At(Stopwatch.GetTimestamp());
        Assert.InRange(told, before - Close, DateTime.UtcNow + Close);
        Assert.Equal(DateTimeKind.Utc, told.Kind);
    }

    [Fact]
    public void Times_are_as_far_apart_as_the_readings()
    {
        WallClock clock = new();
        long now = Stopwatch.GetTimestamp();
        DateTime first = clock.At(now);
        Assert.Equal(first + TimeSpan.FromMilliseconds(5), clock.At(now + Stopwatch.Frequency / 200), TimeSpan.FromTicks(1));
    }

    [Fact]
    public void Where_the_two_clocks_come_apart_it_takes_the_time_of_day_anew()
    {
        WallClock clock = new();
        long now = Stopwatch.GetTimestamp();
        clock.At(now);
        // A minute later by the one clock and not by the other, as after the clock was set: what is told is counted from a new comparison.
        clock.At(now + 60 * Stopwatch.Frequency);
        DateTime before = DateTime.UtcNow;
        Assert.InRange(clock.At(Stopwatch.GetTimestamp()), before - Close, DateTime.UtcNow + Close);
    }
}
