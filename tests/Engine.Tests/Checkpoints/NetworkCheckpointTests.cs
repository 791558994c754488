using LguestPS.Networks;
using LguestPS.Networks.User;
using LguestPS.State;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Checkpoints;

/// <summary>A guest with a network of its own goes back; whoever it talked to does not, and it hears of that.</summary>
public sealed class NetworkCheckpointTests : IDisposable
{
    private const string LastWords = "PASS the other side closes, too\n";

    private readonly TempFolder folder = new();

    private string Frames => folder.Path("frames.pcapng");

    [Theory]
    [InlineData(ClockKind.Host)]
    [InlineData(ClockKind.Virtual)]
    public async Task What_had_not_begun_is_done_again_with_a_new_gateway(ClockKind clock)
    {
        using EchoServer echo = new();
        using Guest guest = Guest.Create(GatewayGuestTests.Definition(clock, echo.Network));
        await RunUntil(guest, "slot 1");
        Checkpoint checkpoint = guest.TakeCheckpoint();
        for (int times = 0; times < 2; times++)
        {
            await Finish(guest);
            Assert.EndsWith(LastWords, guest.ConsoleText);
            guest.Restore(checkpoint);
            Assert.True(guest.Networks.Single().IsLive);
        }
        checkpoint.Save(folder.Path("guest.lguest"));
        using Guest other = Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest")));
        await Finish(other);
        Assert.EndsWith(LastWords, other.ConsoleText);
    }

    [Fact]
    public async Task A_connection_of_then_is_reset()
    {
        using EchoServer echo = new();
        using Guest guest = Guest.Create(GatewayGuestTests.Definition(ClockKind.Virtual, echo.Network));
        await RunUntil(guest, "accepts");
        Checkpoint checkpoint = guest.TakeCheckpoint();
        await Finish(guest);
        guest.Restore(checkpoint);
        LguestEvent first = await Task.Run(() => guest.Run(Options).First(happened => happened is DmaEvent { Device: "net0", Direction: DmaDirection.Receive }));
        Seen reset = new([.. ((DmaEvent)first).Data]);
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, reset.Flags);
    }

    [Fact] // RFC 9293 §3.5.3: the guest believes only a number in its window
    public void A_reset_has_the_numbers_of_the_connection()
    {
        using TestWire wire = new TestWire(streams: true).Introduced();
        wire.Send(TestWire.Tcp(4000, 80, 100, 0, TcpFlags.Syn));
        wire.Streams.Single().Accept();
        Seen accepted = Seen.Only(wire.Wait(TimeSpan.Zero));
        wire.Send(TestWire.Tcp(4000, 80, 101, accepted.Sequence + 1, TcpFlags.Ack));
        wire.Streams.Single().Send("hello"u8);
        wire.Wait(TimeSpan.Zero);

        StateWriter saved = new();
        wire.Network.Save(saved);
        using NetworkPort anew = wire.Network.Resume(new StateReader(saved.ToArray(), []), now: 0);
        Assert.True(wire.Streams.Single().ClosedInPeace is false);
        Assert.True(anew.TryTake(out byte[]? frame));
        Seen reset = new(frame);
        Assert.Equal((TestWire.GuestMac, accepted.From, accepted.To), (reset.Destination, reset.From, reset.To));
        Assert.Equal((TcpFlags.Rst | TcpFlags.Ack, accepted.Sequence + 6, 101u), (reset.Flags, reset.Sequence, reset.Acknowledgement));
        Assert.False(anew.HasFrame);
        Assert.Empty(((UserNetwork)anew).Locals);
    }

    [Fact]
    public async Task Replayed_frames_go_on_from_where_they_were()
    {
        using Guest guest = await CreateReplaying();
        await RunUntil(guest, "accepts");
        Checkpoint checkpoint = guest.TakeCheckpoint();
        string[] rest = await Finish(guest);
        Assert.EndsWith(LastWords, guest.ConsoleText);
        guest.Restore(checkpoint);
        Assert.Equal(rest, await Finish(guest));

        checkpoint.Save(folder.Path("guest.lguest"));
        using Guest other = Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest")));
        Assert.Equal(rest, await Finish(other));
    }

    [Fact]
    public async Task Other_frames_than_those_of_then_are_refused()
    {
        using Guest guest = await CreateReplaying();
        guest.TakeCheckpoint().Save(folder.Path("guest.lguest"));
        byte[] all = await File.ReadAllBytesAsync(Frames);
        folder.Write("frames.pcapng", all[..0x58]);
        LguestException refused = Assert.Throws<LguestException>(() => Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest"))));
        Assert.Contains("the frames to replay have changed", refused.Message);
    }

    [Fact]
    public async Task A_replay_that_was_taken_back_keeps_nothing_of_what_is_ahead()
    {
        using Guest guest = await CreateReplaying();
        guest.Record();
        await RunUntil(guest, "accepts");
        Assert.True(guest.StepBack(new StepBackOptions { Driver = "the test", Condition = here => here.ConsoleText.Length == 0 }));
        guest.TakeCheckpoint().Save(folder.Path("guest.lguest"));
        using Guest other = Guest.CreateFrom(Checkpoint.Load(folder.Path("guest.lguest")));
        await Finish(other);
        Assert.EndsWith(LastWords, other.ConsoleText);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>A guest that gets the frames another one got from an echo server.</summary>
    private async Task<Guest> CreateReplaying()
    {
        using (EchoServer echo = new())
        using (Guest live = Guest.Create(GatewayGuestTests.Definition(ClockKind.Virtual, echo.Network with { Record = Frames })))
            await Finish(live);
        return Guest.Create(GatewayGuestTests.Definition(ClockKind.Virtual, new UserNetDefinition { Replay = Frames }));
    }

    private static RunOptions Options => new() { Driver = "the test", TimeLimit = TimeSpan.FromMinutes(5) };

    private static Task<string[]> Finish(Guest guest) => Task.Run(() => guest.Run(Options).Select(EventText.Of).ToArray());

    private static Task RunUntil(Guest guest, string text) => Task.Run(() =>
    {
        foreach (LguestEvent _ in guest.Run(Options))
            if (guest.ConsoleText.Contains(text, StringComparison.Ordinal)) break;
        Assert.False(guest.HasEnded, guest.StateReason);
    });
}
