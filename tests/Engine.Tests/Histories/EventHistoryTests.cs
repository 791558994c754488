using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>A recorded run tells its events again: from its log, or by doing the run again.</summary>
public class EventHistoryTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("minikernel", ClockKind.Virtual)]
    [InlineData("minikernel-cooperative-3.1-pae", ClockKind.Events)]
    [InlineData("example-disk", ClockKind.Virtual)]
    public void They_are_the_events_of_the_run(string name, ClockKind clock)
    {
        GuestRun run = GuestRun.All.Single(run => run.Name == name);
        using Guest guest = Guest.Create(run.Definition(clock));
        guest.Record(keepEvents: true);
        if (run.Input is { } input) guest.SendConsole(input);
        LguestEvent[] events = [.. guest.Run(new RunOptions { Driver = "the test" })];
        string[] happened = [.. events.Select(EventText.Of)], told = [.. events.Select(WithoutData)];
        GuestHistory history = GuestHistory.Of(guest);
        Assert.Equal(told, history.FindEvents(new EventQuery()).Select(WithoutData));
        Assert.Equal(happened, history.FindEvents(new EventQuery { WithData = true, Threads = 2, Spacing = 10_000 }).Select(EventText.Of));
        guest.SaveRecording(folder.Path("run.lguest"));
        Assert.Equal(told, GuestHistory.Open(folder.Path("run.lguest")).FindEvents(new EventQuery()).Select(WithoutData));
    }

    [Fact]
    public void A_run_that_does_not_keep_its_events_is_done_again_for_them()
    {
        using Guest guest = RecordedGuests.Run("example-ring", keepEvents: false);
        GuestHistory history = GuestHistory.Of(guest);
        Assert.False(history.KeepsEvents);
        Assert.Equal(Enumerable.Range(1, (int)history.EventCount).Select(number => (long)number), history.FindEvents(new EventQuery()).Select(happened => happened.Sequence));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Kinds_numbers_arguments_and_places_choose_them(bool withData)
    {
        using Guest guest = RecordedGuests.Run("example-ring");
        GuestHistory history = GuestHistory.Of(guest);
        EventQuery query = new() { WithData = withData, Filter = new EventFilter { Kinds = EventKinds.Hypercall, Hypercalls = [Call.BindDma] } };
        HypercallEvent[] binds = [.. history.FindEvents(query).Cast<HypercallEvent>()];
        Assert.True(binds.Length > 2);
        Assert.All(binds, call => Assert.Equal(Call.BindDma, call.Number));
        Assert.Equal(binds.Count(call => call.Call[0] == 0x1000), history.FindEvents(query with { Arguments = [new ArgumentMatch(0, "key", 0x1000)] }).Count());
        Assert.Equal(binds[1..].Select(call => call.Sequence), history.FindEvents(query with { From = PositionExpression.Of(binds[1].Position) }).Select(happened => happened.Sequence));
        Assert.Equal(binds[..1].Select(call => call.Sequence), history.FindEvents(query with { To = PositionExpression.Of(binds[1].Position) }).Select(happened => happened.Sequence));
        Assert.Equal(history.FindEvents(query).Count(call => call.GuestTime >= binds[2].GuestTime), history.FindEvents(query with { From = PositionExpression.Of(new RunPosition(0, 0, binds[2].GuestTime)) }).Count());
    }

    public void Dispose() => folder.Dispose();

    /// <summary>What the bytes of a transfer are is not in a recording.</summary>
    private static string WithoutData(LguestEvent happened) => happened is DmaEvent or VirtqueueEvent or KickEvent ? $"{happened.Sequence} {happened.Kind} {happened.GuestTime}" : EventText.Of(happened);
}
