using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>What somebody did to a recorded guest is done again when it is gone over again.</summary>
public class RecordedInterventionTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public void A_change_comes_again_when_the_run_does()
    {
        using Guest guest = Recorded();
        string[] events = Change(guest);
        string console = guest.ConsoleText;
        Assert.StartsWith("tYPE", console);

        guest.StepBack(new StepBackOptions { Driver = "the test", Count = 1000 });
        Assert.Equal((0L, ""), (guest.EventCount, guest.ConsoleText));
        Assert.Equal(events, Finish(guest));
        Assert.Equal(console, guest.ConsoleText);
    }

    [Fact]
    public void A_replay_has_the_change_too()
    {
        string[] events;
        using (Guest guest = Recorded())
        {
            events = Change(guest);
            guest.SaveRecording(folder.Path("run.lguest"));
        }
        using Guest replay = Guest.Replay(RecordedRun.Load(folder.Path("run.lguest")));
        Assert.Equal(events, Finish(replay));
    }

    [Fact]
    public void A_change_in_the_past_begins_another_future()
    {
        using Guest guest = Recorded();
        Finish(guest);
        guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => here.EventCount <= 1 });
        Assert.True(guest.IsInPast);
        Set(guest);
        Assert.False(guest.IsInPast);
        Finish(guest);
        Assert.StartsWith("tYPE", guest.ConsoleText);
    }

    [Fact]
    public void Going_back_over_a_change_undoes_it()
    {
        using Guest guest = Recorded();
        Change(guest);
        guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => Text(here) == 'T' });
        Assert.Equal('T', Text(guest));
    }

    public void Dispose() => folder.Dispose();

    private static string[] Change(Guest guest)
    {
        List<string> events = [.. guest.Step(new StepOptions { Driver = "the test", Count = 2 }).Select(EventText.Of)];
        Set(guest);
        events.AddRange(Finish(guest));
        return [.. events];
    }

    private static void Set(Guest guest) => guest.Inspector.WriteMemory(AddressOfText(guest), "tYPE"u8.ToArray(), by: "the test", physical: true);

    private static char Text(Guest guest) => (char)guest.Memory.Read8(AddressOfText(guest));

    private static uint AddressOfText(Guest guest)
    {
        int at = guest.Memory.Read(0, guest.Memory.RamSize).IndexOf("Type a line"u8);
        return (uint)(at >= 0 ? at : guest.Memory.Read(0, guest.Memory.RamSize).IndexOf("tYPE a line"u8));
    }

    private static Guest Recorded()
    {
        Guest guest = Guest.Create(GuestRun.All.Single(run => run.Name == "example-echo").Definition(ClockKind.Virtual));
        guest.Record(keepEvents: true);
        return guest;
    }

    private static string[] Finish(Guest guest) => [.. guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }).Select(EventText.Of)];
}
