using System.Diagnostics;

namespace LguestPS.Events;

/// <summary>Tells the time of day by the clock with which durations are measured, so that one reading is enough for both.</summary>
/// <remarks>Each reading costs as much as making an event does otherwise. Both clocks go at the same pace; the time of day can be set, and does not stand still while the machine sleeps.</remarks>
internal sealed class WallClock
{
    private const long LargestDifference = TimeSpan.TicksPerMillisecond;
    private const int MostTries = 8;

    private static readonly long ComparedEvery = Stopwatch.Frequency / 100;
    private static readonly long CloseTogether = Stopwatch.Frequency / 100_000;
    private static readonly double TicksPerReading = (double)TimeSpan.TicksPerSecond / Stopwatch.Frequency;

    private long reading, ticks;

    /// <summary>The time of day, UTC.</summary>
    /// <param name="timestamp">When: what <see cref="Stopwatch.GetTimestamp"/> said a moment ago.</param>
    public DateTime At(long timestamp)
    {
        if (ticks == 0 || timestamp - reading > ComparedEvery) Compare(timestamp);
        return new DateTime(TicksAt(timestamp), DateTimeKind.Utc);
    }

    private long TicksAt(long timestamp) => ticks + (long)((timestamp - reading) * TicksPerReading);

    private void Compare(long timestamp)
    {
        if (ticks != 0)
        {
            long expected = TicksAt(timestamp);
            if (Math.Abs(DateTime.UtcNow.Ticks - expected) < LargestDifference)
            {
                (reading, ticks) = (timestamp, expected);
                return;
            }
        }

        // Somebody else may run between the two readings: then they are taken again.
        for (int tries = 0; tries < MostTries; tries++)
        {
            long before = Stopwatch.GetTimestamp();
            ticks = DateTime.UtcNow.Ticks;
            reading = Stopwatch.GetTimestamp();
            if (reading - before < CloseTogether) return;
        }
    }
}
