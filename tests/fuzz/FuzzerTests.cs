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

    [Fact]
    public void A_find_in_a_file_stays_one_whatever_becomes_of_the_samples()
    {
        using Reading target = new() { Sample = "good bad good"u8.ToArray() };
        Find find = Assert.Single(new Fuzzer(target).Run(1, 50, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(5)));
        using Reading later = new() { Sample = "good good good"u8.ToArray() };
        Assert.Contains("bad", Fuzzer.Try(later, new TapeRandom(find.Tape)));
        Assert.Equal("bad", System.Text.Encoding.UTF8.GetString(find.Tape[^3..]));
    }

    [Fact]
    public void A_case_that_does_something_else_the_second_time_is_a_find()
    {
        using Forgetful target = new();
        Fuzzer fuzzer = new(target) { RepeatEvery = 10 };
        Assert.Equal(Fuzzer.NotTheSame, Assert.Single(fuzzer.Run(1, 100, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1))).Problem);
        Assert.Equal((100, 10, 10), (fuzzer.Cases, fuzzer.Repeated, fuzzer.Unequal));
    }

    [Fact]
    public void A_run_that_is_stopped_ends_after_its_case_and_keeps_its_counts()
    {
        using CancellationTokenSource stop = new();
        using Forgetful target = new() { Tried = stop.Cancel };
        Fuzzer fuzzer = new(target) { Stop = stop.Token };
        Assert.All(fuzzer.Run(2, 100, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1)), find => Assert.Equal(Fuzzer.NotTheSame, find.Problem));
        Assert.Equal(1, fuzzer.Cases);
    }

    [Fact]
    public void Totals_are_kept_as_lines_and_added_up()
    {
        FuzzTotals[] runs = [new("cpu", 10, 1000, 1, 0, 0, 0, 12.5), new("gdb", 5, 50, 1, 1, 0, 1, 3), new("cpu", 20, 2000, 2, 0, 1, 1, 7.5)];
        FuzzTotals[] read = [.. runs.Select(run => FuzzTotals.Parse(run.ToLine())).OfType<FuzzTotals>()];
        Assert.Equal(runs, read);
        Assert.Null(FuzzTotals.Parse("cpu\tmany\t1\t1\t1\t1\t1\t1"));
        Assert.Equal([new FuzzTotals("cpu", 30, 3000, 3, 0, 1, 1, 20), new FuzzTotals("gdb", 5, 50, 1, 1, 0, 1, 3), new FuzzTotals("all", 35, 3050, 4, 1, 1, 2, 23)], FuzzTotals.Sum(read));
    }

    /// <summary>Breaks where a file has a certain word.</summary>
    private sealed class Reading : FileTarget
    {
        public required byte[] Sample { get; init; }

        public override string Name => "test-reading";

        protected override string What => "a text";

        protected override string FileName => "text";

        protected override IEnumerable<byte[]> MakeSamples() => [Sample];

        protected override void Use(string path, TapeRandom random)
        {
            if (File.ReadAllText(path).Contains("bad", StringComparison.Ordinal)) throw new InvalidDataException("bad");
        }
    }

    /// <summary>Shows something else each time.</summary>
    private sealed class Forgetful : FuzzTarget
    {
        private int tried;

        public Action? Tried { get; init; }

        public override string Name => "test-forgetful";

        public override string Promise => "always the same";

        public override string? Try(TapeRandom random)
        {
            Observation?.Add(tried++);
            Tried?.Invoke();
            return null;
        }
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
