using LguestPS.Histories;
using LguestPS.Recordings;
using Xunit;

namespace LguestPS.Tests.Histories;

/// <summary>A history shows every place of a run as it was, to many at once, and the guest does not notice.</summary>
public class GuestHistoryTests : IDisposable
{
    private readonly TempFolder folder = new();

    public static TheoryData<string, ClockKind> Guests => new()
    {
        { "minikernel", ClockKind.Virtual }, { "minikernel-cooperative-3.1-pae", ClockKind.Events }, { "example-disk", ClockKind.Virtual }, { "tasks", ClockKind.Virtual },
    };

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_replica_stands_wherever_the_guest_stood(string name, ClockKind clock)
    {
        using Guest guest = RecordedGuests.Run(name, clock);
        GuestHistory history = GuestHistory.Of(guest);
        Dictionary<long, string> shown = Walk(guest, [.. Places(history, 7)]);
        using Replica moved = history.ReplicaAt(history.Start);
        foreach (long place in (long[])[.. shown.Keys.Reverse(), .. shown.Keys])
        {
            using Replica replica = history.ReplicaAt(At(place));
            Assert.Equal(shown[place], RecordedGuests.Shown(replica.Guest));
            moved.MoveTo(At(place));
            Assert.Equal(shown[place], RecordedGuests.Shown(moved.Guest));
        }
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void A_file_tells_the_same_as_the_guest(string name, ClockKind clock)
    {
        using Guest guest = RecordedGuests.Run(name, clock);
        guest.SaveRecording(folder.Path("run.lguest"));
        GuestHistory here = GuestHistory.Of(guest), file = GuestHistory.Open(folder.Path("run.lguest"));
        Assert.Equal((here.Start, here.End, here.EventCount, here.Guest), (file.Start, file.End, file.EventCount, file.Guest));
        Assert.All(Places(here, 5), place =>
        {
            using Replica one = here.ReplicaAt(At(place)), other = file.ReplicaAt(At(place));
            Assert.Equal(RecordedGuests.Shown(one.Guest), RecordedGuests.Shown(other.Guest));
            other.Keep();
        });
        using Replica kept = file.ReplicaAt(file.End);
        Assert.Equal(file.End.Instructions, kept.Position.Instructions);
        Assert.True(file.Checkpoints.Count > 1);
    }

    [Fact]
    public void Many_at_once_disturb_neither_each_other_nor_the_guest()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        GuestHistory history = GuestHistory.Of(guest);
        Dictionary<long, string> shown = Walk(guest, [.. Places(history, 8)]);
        string before = RecordedGuests.Shown(guest);
        Parallel.ForEach(shown, new ParallelOptions { MaxDegreeOfParallelism = 4 }, place =>
        {
            using Replica replica = history.ReplicaAt(At(place.Key));
            Assert.Equal(place.Value, RecordedGuests.Shown(replica.Guest));
            replica.RunTo(history.End);
            Assert.True(replica.IsAtEnd);
        });
        Assert.Equal(before, RecordedGuests.Shown(guest));
    }

    [Fact]
    public void A_history_is_of_the_whole_run_wherever_the_guest_was_taken_back_to()
    {
        using Guest guest = RecordedGuests.Run("example-ring");
        RunPosition end = GuestHistory.Of(guest).End;
        guest.StepBack(new StepBackOptions { Driver = "the test", Count = 20 });
        string before = RecordedGuests.Shown(guest);
        GuestHistory history = GuestHistory.Of(guest);
        Assert.Equal(end, history.End);
        using Replica replica = history.ReplicaAt(history.End);
        Assert.True(replica.Guest.HasEnded);
        Assert.Equal(before, RecordedGuests.Shown(guest));
    }

    [Fact]
    public void What_comes_later_is_not_in_it()
    {
        using Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-echo").Definition(ClockKind.Virtual));
        guest.Record();
        RecordedGuests.RunToEnd(guest);
        GuestHistory history = GuestHistory.Of(guest);
        RunPosition end = history.End;
        guest.SendConsole("one\n");
        RecordedGuests.RunToEnd(guest);
        Assert.Equal(end, history.End);
        using Replica replica = history.ReplicaAt(GuestPosition.Of(guest));
        Assert.Equal(end, replica.Position);
        Assert.True(end.IsBefore(GuestHistory.Of(guest).End));
    }

    [Fact]
    public void A_guest_that_was_not_recorded_has_none()
    {
        using Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-ring").Definition(ClockKind.Virtual));
        Assert.Equal(LguestError.NotRecorded, Assert.Throws<LguestException>(() => GuestHistory.Of(guest)).Error);
    }

    [Fact]
    public void A_way_to_a_place_can_be_given_up()
    {
        using Guest guest = RecordedGuests.Run("minikernel");
        GuestHistory history = GuestHistory.Of(guest);
        Assert.ThrowsAny<OperationCanceledException>(() => history.ReplicaAt(history.End, new CancellationToken(canceled: true)));
    }

    public void Dispose() => folder.Dispose();

    private static RunPosition At(long instructions) => new(0, instructions, 0, 0);

    private static IEnumerable<long> Places(GuestHistory history, int count) =>
        Enumerable.Range(0, count).Select(i => history.Start.Instructions + (history.End.Instructions - history.Start.Instructions) * i / count + i);

    /// <summary>What a replay of the guest shows at these places, one after the other.</summary>
    private Dictionary<long, string> Walk(Guest guest, long[] places)
    {
        string file = folder.Path("walk.lguest");
        guest.SaveRecording(file);
        using Guest walker = Guest.Replay(RecordedRun.Load(file));
        Dictionary<long, string> shown = [];
        foreach (long place in places)
        {
            if (walker.InstructionCount < place)
            {
                foreach (LguestEvent _ in walker.Run(new RunOptions { Driver = "the test", Filter = EventFilter.Nothing, StopAtInstruction = place }))
                {
                }
            }
            Assert.Equal(place, walker.InstructionCount);
            shown[place] = RecordedGuests.Shown(walker);
        }
        return shown;
    }
}
