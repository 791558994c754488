using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>A real guest on the emulated CPU, in a network with this host; and its recordings.</summary>
public class GatewayGuestTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(ClockKind.Host)]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_guest_asks_pings_and_talks(ClockKind clock)
    {
        using EchoServer echo = new();
        (_, string console) = await Run(Definition(clock, echo.Network));
        Assert.Equal(
            """
            PASS the guest has slot 1
            PASS the gateway answers
            PASS with the address that slot 0 shows
            PASS an echo comes back as it was
            PASS an echo comes back as it was
            PASS the gateway accepts a connection
            PASS what is said comes back, all of it
            PASS the other side closes, too

            """, console);
    }

    [Theory]
    [InlineData(ClockKind.Virtual)]
    [InlineData(ClockKind.Events)]
    public async Task A_recording_replays_to_the_last_event_without_a_socket(ClockKind clock)
    {
        using TempFolder folder = new();
        string recorded;
        using (EchoServer echo = new())
            (recorded, _) = await Run(Definition(clock, echo.Network with { Record = folder.Path("frames.pcapng") }));
        UserNetDefinition replay = new() { Replay = folder.Path("frames.pcapng"), Record = folder.Path("again.pcapng") };
        (string once, string console) = await Run(Definition(clock, replay));
        (string again, _) = await Run(Definition(clock, replay));
        Assert.EndsWith("PASS the other side closes, too\n", console);
        Assert.Equal(once, again);
        Assert.Equal(recorded, once);
        Assert.Equal(await File.ReadAllBytesAsync(folder.Path("frames.pcapng")), await File.ReadAllBytesAsync(folder.Path("again.pcapng")));
    }

    [Fact]
    public async Task A_replay_that_ends_too_early_leaves_the_guest_waiting()
    {
        using TempFolder folder = new();
        using (EchoServer echo = new())
            await Run(Definition(ClockKind.Virtual, echo.Network with { Record = folder.Path("frames.pcapng") }));
        byte[] all = await File.ReadAllBytesAsync(folder.Path("frames.pcapng"));
        folder.Write("short.pcapng", all[..0x58]);       // no frame at all
        using Guest guest = Guest.Create(Definition(ClockKind.Virtual, new UserNetDefinition { Replay = folder.Path("short.pcapng") }));
        foreach (LguestEvent _ in guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience }))
        {
        }
        Assert.Equal(Standstill.WaitingForInput, guest.Standstill);
    }

    /// <returns>A hash of all its events, and what it printed.</returns>
    private static Task<(string Events, string Console)> Run(GuestDefinition definition) => Task.Run(() =>
    {
        using Guest guest = Guest.Create(definition);
        StringBuilder events = new();
        foreach (LguestEvent happened in guest.Run(new RunOptions { Driver = "the test", TimeLimit = Patience })) events.AppendLine(EventText.Of(happened));
        Assert.Equal("Power down", guest.StateReason);
        return (Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(events.ToString()))), guest.ConsoleText);
    });

    internal static GuestDefinition Definition(ClockKind clock, UserNetDefinition network) => new()
    {
        Name = "gateway",
        Kernel = Repository.Path("tests", "guests", "gateway.elf"),
        Memory = 4 << 20,
        Cpu = CpuChoice.Emulated,
        Clock = clock,
        Devices = [network, new ConsoleDefinition()],
    };
}
