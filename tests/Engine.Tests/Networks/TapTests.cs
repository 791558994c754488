using System.Diagnostics;
using LguestPS.Networks;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>A TAP interface of the test's own, which disappears with it. It needs the right to make one.</summary>
public class TapTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [SkippableFact]
    public void Frames_go_to_the_hosts_own_network_and_come_back()
    {
        string name = $"lgt{Environment.ProcessId % 1_000_000}";
        using TapPort port = Open(name);
        // Addresses for documentation (RFC 5737): nobody else has them.
        Skip.IfNot(Ip($"addr add 192.0.2.1/24 dev {name}") && Ip($"link set {name} up"), "there is no ip command, or no right to use it");
        using AutoResetEvent arrived = new(false);
        port.Arrived = () => arrived.Set();
        ArpPacket question = new(ArpOperation.Request, TestWire.GuestMac, TestWire.Address(192, 0, 2, 15), default, TestWire.Address(192, 0, 2, 1));
        Assert.True(port.TrySend(question.ToFrame(MacAddress.Broadcast)));

        do
        {
            while (port.TryTake(out byte[]? frame))
            {
                if (!EthernetFrame.TryParse(frame, out EthernetFrame ethernet) || ethernet.Type != EtherType.Arp) continue;
                Assert.True(ArpPacket.TryParse(ethernet.Payload, out ArpPacket answer));
                if (answer.Operation != ArpOperation.Reply) continue;
                Assert.Equal((port.HostMac, TestWire.Address(192, 0, 2, 1), TestWire.GuestMac), (answer.SenderMac, answer.Sender, answer.TargetMac));
                return;
            }
        }
        while (arrived.WaitOne(Patience));
        Assert.Fail("the host's network does not answer");
    }

    [SkippableFact]
    public void An_interface_has_one_user_at_a_time()
    {
        string name = $"lgu{Environment.ProcessId % 1_000_000}";
        using TapPort port = Open(name);
        Assert.Contains("It is in use", Assert.Throws<LguestException>(() => TapPort.Open(name)).Message);
    }

    [SkippableFact]
    public void What_is_no_TAP_interface_stays_untouched()
    {
        Open($"lgv{Environment.ProcessId % 1_000_000}").Dispose();
        LguestException problem = Assert.Throws<LguestException>(() => TapPort.Open("lo"));
        Assert.Equal(LguestError.NotSupported, problem.Error);
        Assert.StartsWith("TAP interface 'lo': ", problem.Message);
    }

    private static TapPort Open(string name)
    {
        try
        {
            return TapPort.Open(name);
        }
        catch (LguestException e) when (e.Error == LguestError.NotSupported)
        {
            throw new SkipException(e.Message);
        }
    }

    private static bool Ip(string arguments)
    {
        try
        {
            using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
            return ip.WaitForExit(Patience) && ip.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
