using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>A place in a run, as people write it.</summary>
public class PositionExpressionTests
{
    private static readonly RunPosition Start = new(10, 1_000, TimeSpan.FromMilliseconds(1));
    private static readonly RunPosition End = new(110, 3_001_000, TimeSpan.FromMilliseconds(9));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("6935", 6_935)]
    [InlineData(" 6,935 ", 6_935)]
    [InlineData("500k", 500_000)]
    [InlineData("500M", 500_000_000)]
    [InlineData("1.5G", 1_500_000_000)]
    public void A_number_is_an_instruction(string text, long instructions) => Assert.Equal(new RunPosition(0, instructions, TimeSpan.Zero), In(text));

    [Theory]
    [InlineData("1.5s", 1_500_000_000)]
    [InlineData("20ms", 20_000_000)]
    [InlineData("3us", 3_000)]
    [InlineData("7ns", 7)]
    [InlineData("2m", 120_000_000_000)]
    [InlineData("1h", 3_600_000_000_000)]
    public void A_number_with_a_unit_is_a_time(string text, long nanoseconds) => Assert.Equal(new RunPosition(0, 0, nanoseconds, 0), In(text));

    [Fact]
    public void A_number_sign_is_the_place_before_an_event()
    {
        Assert.Equal(RunPosition.BeforeEvent(1234), In("#1234"));
        Assert.Equal((1233, true), (In("#1234").Events, In("#1234").IsBeforeEvent));
    }

    [Fact]
    public void Parts_and_ends_are_those_of_the_run()
    {
        Assert.Equal(Start, In("start"));
        Assert.Equal(End, In("NOW"));
        Assert.Equal(new RunPosition(0, 1_501_000, TimeSpan.Zero), In("50%"));
        Assert.Equal(new RunPosition(0, 1_000, TimeSpan.Zero), In("0%"));
        Assert.Equal(new RunPosition(0, 3_001_000, TimeSpan.Zero), In("100%"));
        Assert.Equal(new RunPosition(60, 0, TimeSpan.Zero), PositionExpression.Parse("50%").In(Start with { Instructions = 0 }, End with { Instructions = 0 }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("1.0000001M")]
    [InlineData("1.5ns")]
    [InlineData("101%")]
    [InlineData("-1%")]
    [InlineData("#")]
    [InlineData("#0")]
    [InlineData("#1.5")]
    [InlineData("1.5.5s")]
    [InlineData("5 s")]
    [InlineData("5Mk")]
    [InlineData("99999999999G")]
    [InlineData("9999999999999999999999999999999999999")]
    [InlineData("2000000h")]
    [InlineData("yesterday")]
    public void Anything_else_is_refused_with_what_to_write(string text)
    {
        LguestException refused = Assert.Throws<LguestException>(() => PositionExpression.Parse(text));
        Assert.Equal(LguestError.InvalidValue, refused.Error);
        Assert.StartsWith($"'{text}' is not a place in a run; write", refused.Message);
        Assert.Null(PositionExpression.TryParse(text));
    }

    [Fact]
    public void What_was_written_is_shown_short_and_harmless()
    {
        string message = Assert.Throws<LguestException>(() => PositionExpression.Parse("\e[2J" + new string('x', 1000))).Message;
        Assert.DoesNotContain('\e', message);
        Assert.True(message.Length < 250);
    }

    [Fact]
    public void Places_of_a_run_have_an_order()
    {
        RunPosition[] places =
        [
            new(0, 0, TimeSpan.Zero), new(0, 5, TimeSpan.FromTicks(1)), new(1, 5, TimeSpan.FromTicks(1)), new(1, 6, TimeSpan.FromTicks(1)), new(1, 6, TimeSpan.FromTicks(2)), RunPosition.BeforeEvent(3),
        ];
        for (int i = 1; i < places.Length; i++) Assert.True(places[i - 1] < places[i] && places[i] > places[i - 1] && places[i] >= places[i - 1] && places[i - 1] <= places[i]);
        Assert.Equal(places, places.Reverse().Order());
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunPosition(-1, 0, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunPosition(0, -1, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunPosition(0, 0, TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunPosition(0, 0, TimeSpan.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => RunPosition.BeforeEvent(0));
    }

    [Fact]
    public void Places_are_shown_with_what_is_known_of_them()
    {
        Assert.Equal("after #23, instruction 6,935, 0.000007 s", $"{new RunPosition(23, 6_935, TimeSpan.FromTicks(70))}");
        Assert.Equal("before #23", $"{RunPosition.BeforeEvent(23)}");
        Assert.Equal("before the first event", $"{default(RunPosition)}");
    }

    [Fact]
    public void An_event_knows_the_place_before_it()
    {
        using Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual));
        List<LguestEvent> happened = [.. guest.Run(new RunOptions { Driver = "the test" })];
        Assert.Equal(happened.Select(one => (one.Sequence - 1, one.GuestTime, true)), happened.Select(one => (one.Position.Events, one.Position.Time, one.Position.IsBeforeEvent)));
        Assert.Equal((guest.EventCount, guest.InstructionCount, guest.GuestTime), (guest.RunPosition.Events, guest.RunPosition.Instructions, guest.RunPosition.Time));
    }

    private static RunPosition In(string text) => PositionExpression.Parse(text).In(Start, End);
}
