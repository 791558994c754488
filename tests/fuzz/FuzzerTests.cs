using Xunit;

namespace LguestPS.Tests.Fuzz;

/// <summary>The fuzzer finds what is there, says it once, and makes it small.</summary>
public class FuzzerTests
{
    [Fact]
    public void A_broken_promise_is_found_and_made_as_small_as_it_can_be()
    {
        using Breaking target = new();
        Find find = Assert.Single(new Fuzzer(target).Run(1, 10_000, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)));
        Assert.Equal("the sum # is above #", find.Kind);
        Assert.InRange(find.Tape.Length, 5, 9);       // a length and a few numbers that make 1001
        Assert.NotNull(target.Try(new TapeRandom(find.Tape)));
    }

    [Fact]
    public void The_same_tape_is_the_same_case()
    {
        TapeRandom recording = new(7);
        List<long> drawn = [];
        for (int i = 1; i < 100; i++) drawn.AddRange(recording.Next(i), recording.NextInt64(1L << i % 62), recording.Next(-5, i));
        TapeRandom playing = new(recording.Tape);
        List<long> again = [];
        for (int i = 1; i < 100; i++) again.AddRange(playing.Next(i), playing.NextInt64(1L << i % 62), playing.Next(-5, i));
        Assert.Equal(drawn, again);
        Assert.Equal(0, playing.Next(1000));        // after the end
        Assert.Throws<TapeEndedException>((Action)(() => playing.NextBytes(new byte[100_000])));
    }

    [Fact]
    public void An_exception_of_the_hosts_is_a_find_and_an_answer_of_ours_is_none()
    {
        using Throwing target = new();
        IReadOnlyList<Find> finds = new Fuzzer(target).Run(1, 200, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(5));
        Assert.Contains("IndexOutOfRange", Assert.Single(finds).Kind);
    }

    /// <summary>Breaks where numbers add up to more than 1000.</summary>
    private sealed class Breaking : FuzzTarget
    {
        public override string Name => "test-breaking";

        public override string Promise => "sums are small";

        public override string? Try(TapeRandom random)
        {
            int sum = 0;
            for (int left = random.Next(40); left > 0; left--) sum += random.Next(256);
            return sum > 1000 ? $"the sum {sum} is above 1000" : null;
        }
    }

    private sealed class Throwing : FuzzTarget
    {
        public override string Name => "test-throwing";

        public override string Promise => "no exceptions";

        public override string? Try(TapeRandom random) => random.Next(3) switch
        {
            0 => throw new LguestException(LguestError.InvalidImage, "an answer"),
            1 => new[] { "none" }[random.Next(2)] is "none" ? null : "?",
            _ => null,
        };
    }
}
