using System.Net;
using System.Net.Sockets;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Recordings;

/// <summary>The run of a guest that talks to its host is recorded with the frames it got, and is done again without anybody at the other end.</summary>
public sealed class NetworkRecordingTests : IDisposable
{
    private const string LastWords = "PASS the other side closes, too\n";

    private readonly TempFolder folder = new();

    private string File => folder.Path("run.lguest");

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_replay_has_the_events_of_the_recording_and_opens_no_socket(ClockKind clock)
    {
        string[] recorded;
        IPEndPoint port = FreePort();
        using (EchoServer echo = new())
        {
            using Guest guest = Recorded(clock, echo.Network with { Forward = [new PortForward(Transport.Tcp, port, 22)], Record = folder.Path("frames.pcapng") });
            recorded = await Finish(guest);
            Assert.EndsWith(LastWords, guest.ConsoleText);
            guest.SaveRecording(File);
        }
        byte[] frames = await System.IO.File.ReadAllBytesAsync(folder.Path("frames.pcapng"));
        using TcpListener taken = new(port);
        taken.Start();
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        Assert.Equal(recorded, await Finish(replay));
        Assert.EndsWith(LastWords, replay.ConsoleText);
        Assert.Equal(frames, await System.IO.File.ReadAllBytesAsync(folder.Path("frames.pcapng")));
    }

    [Fact]
    public async Task Replayed_frames_are_recorded_too_and_need_their_file_no_longer()
    {
        using (EchoServer echo = new())
        using (Guest guest = Recorded(ClockKind.Virtual, echo.Network with { Record = folder.Path("frames.pcapng") }))
            await Finish(guest);
        string[] recorded;
        using (Guest again = Recorded(ClockKind.Virtual, new UserNetDefinition { Replay = folder.Path("frames.pcapng") }))
        {
            recorded = await Finish(again);
            again.SaveRecording(File);
        }
        System.IO.File.Delete(folder.Path("frames.pcapng"));
        using Guest replay = Guest.Replay(RecordedRun.Load(File));
        Assert.Equal(recorded, await Finish(replay));
    }

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_conversation_is_gone_back_in_and_goes_on_where_it_was(ClockKind clock)
    {
        using EchoServer echo = new();
        using Guest guest = Recorded(clock, echo.Network);
        // To where the connection stands, and much is still to be said.
        List<string> first = await RunUntil(guest, here => here.ConsoleText.Contains("accepts", StringComparison.Ordinal));
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => !here.ConsoleText.Contains("an echo", StringComparison.Ordinal) }));
        Assert.True(guest.IsInPast);
        int back = (int)guest.EventCount;
        string[] rest = await Finish(guest);
        Assert.Equal(first[back..], rest[..(first.Count - back)]);
        Assert.EndsWith(LastWords, guest.ConsoleText);
        Assert.Equal("Power down", guest.StateReason);

        // And all of it once more, though its partner is gone.
        while (guest.StepBack(new StepBackOptions { Driver = "the test", Count = 500 }))
        {
        }
        IEnumerable<string> all = first[..back].Concat(rest);
        Assert.Equal(all, await Finish(guest));
    }

    [Fact]
    public async Task Another_future_has_a_new_gateway()
    {
        using EchoServer echo = new();
        using Guest guest = Recorded(ClockKind.Virtual, echo.Network);
        await RunUntil(guest, here => here.ConsoleText.Contains("accepts", StringComparison.Ordinal));
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => here.ConsoleText.Length == 0 }));
        guest.Inspector.WriteMemory(0x1000, [1], "the test", physical: true);
        Assert.False(guest.IsInPast);
        await Finish(guest);
        Assert.EndsWith(LastWords, guest.ConsoleText);
    }

    [Fact]
    public void Frames_that_nobody_takes_are_counted()
    {
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint port = FreePort();
        UserNetDefinition network = new() { Forward = [new PortForward(Transport.Udp, port, 53)] };
        GuestDefinition echo = GuestRun.All.Single(run => run.Name == "example-echo").Definition(ClockKind.Virtual);
        using Guest guest = Guest.Create(echo with { Devices = [.. echo.Devices, network] });
        Assert.Equal(("net0", 1, true, 0L), Said(guest.Networks.Single()));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                for (int i = 0; i < 50; i++) sender.SendTo([1, 2, 3], port);
                _ = guest.Step(new StepOptions { Driver = "the test" }).ToList();
                return guest.Networks.Single().DroppedCount > 0;
            },
            TimeSpan.FromMinutes(5)));
        long dropped = guest.Networks.Single().DroppedCount;
        guest.Stop();
        Assert.Equal(("net0", 1, false, dropped), Said(guest.Networks.Single()));
    }

    [Fact]
    public void What_a_network_may_reach_is_in_the_recording()
    {
        UserNetDefinition network = new()
        {
            Network = IPNetwork.Parse("10.9.0.0/16"), Loopback = false, Forward = [new PortForward(Transport.Udp, new IPEndPoint(IPAddress.Loopback, 0), 53)],
            Reach = [new PortReach(Transport.Tcp, IPAddress.Parse("10.9.0.9"), 80, new UnixDomainSocketEndPoint("/nowhere/socket")), new PortReach(Transport.Udp, null, 53, IPEndPoint.Parse("[::1]:53"))],
        };
        using (Guest guest = Recorded(ClockKind.Virtual, network)) guest.SaveRecording(File);
        UserNetDefinition again = RecordedRun.Load(File).Start.Definition.Devices.OfType<UserNetDefinition>().Single();
        Assert.Equal((network.Network, false, network.Forward[0]), (again.Network, again.Loopback, again.Forward[0]));
        Assert.Equal(network.Reach, again.Reach);
    }

    public void Dispose() => folder.Dispose();

    private static Guest Recorded(ClockKind clock, UserNetDefinition network)
    {
        Guest guest = Guest.Create(GatewayGuestTests.Definition(clock, network));
        guest.Record(keepEvents: true);
        return guest;
    }

    private static Task<string[]> Finish(Guest guest) => Task.Run(() => Run(guest).ToArray());

    /// <summary>Runs a guest until something is true; it stands after an event then.</summary>
    private static Task<List<string>> RunUntil(Guest guest, Func<Guest, bool> come) => Task.Run(() =>
    {
        List<string> events = [];
        foreach (string happened in Run(guest))
        {
            events.Add(happened);
            if (come(guest)) break;
        }
        Assert.False(guest.HasEnded, guest.StateReason);
        return events;
    });

    private static IEnumerable<string> Run(Guest guest) => guest.Run(new RunOptions { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) }).Select(EventText.Of);

    private static IPEndPoint FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    private static (string Name, int Slot, bool IsLive, long Dropped) Said(GuestNetwork card) => (card.Name, card.Slot, card.IsLive, card.DroppedCount);
}
