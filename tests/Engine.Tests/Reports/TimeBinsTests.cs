using CsCheck;
using LguestPS.Reports;
using Xunit;

namespace LguestPS.Tests.Reports;

public class TimeBinsTests
{
    /// <summary>However long the run turns out to be, what was counted early lies where it would lie had that been known.</summary>
    [Fact]
    public void Stretches_that_become_longer_keep_what_is_in_them() =>
        Gen.Select(Gen.Long[0, 3_000_000], Gen.Long[1, 5]).Array[1, 40].Sample(happened =>
        {
            TimeBins bins = new(64);
            TimeBins.Series series = bins.Add();
            foreach ((long time, long count) in happened) series.Add(bins.At(time), count);
            long[] expected = new long[bins.Count];
            foreach ((long time, long count) in happened) expected[time / bins.Width] += count;
            Assert.Equal(expected, series.Values(bins.Count).ToArray());
            Assert.Equal(happened.Sum(each => each.Item2), series.Total);
        });

    [Fact]
    public void What_lasts_is_in_each_stretch_for_as_long_as_it_was_there()
    {
        TimeBins bins = new(64);
        TimeBins.Series series = bins.Add();
        bins.AddSpan(series, 500, 3200);
        Assert.Equal([500, 1000, 1000, 200], series.Values(bins.Count).ToArray());
    }
}
