using System.Net;
using System.Net.Sockets;
using LguestPS.Tests.Definitions;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>How networks with the host are written in definitions.</summary>
public class NetDefinitionTests
{
    [Fact]
    public void A_user_network_needs_no_settings()
    {
        UserNetDefinition net = Assert.IsType<UserNetDefinition>(Assert.Single(DefinitionFile.Read("kernel: k\ndevices: [ net: user ]").Devices));
        Assert.Equal(("10.0.2.0/24", false, 0, 0), ($"{net.Network}", net.Loopback, net.Forward.Count, net.Reach.Count));
        Assert.Null(net.Record ?? net.Replay);
    }

    [Fact]
    public void Every_setting_is_read()
    {
        using DefinitionFile file = new("""
            kernel: k
            devices:
              - net:
                  user:
                    network: 192.168.0.0/16
                    loopback: on
                    forward: [ 8080:80, udp:5353:53, tcp:0.0.0.0:22:22, "[::1]:1:2" ]
                    reach:
                      - 80=127.0.0.1:8000
                      - udp:192.168.0.3:53=192.0.2.1:53
                      - 192.168.9.9:1=unix:web.sock
                      - 2=[::1]:3
                    record: out.pcapng
              - net: { user: { replay: in.pcapng } }
              - net: { tap: tap0 }
              - net: { tap: { interface: tap1, record: t.pcapng } }
            """);
        IReadOnlyList<DeviceDefinition> devices = new LguestPS.Definitions.GuestDefinitionReader().Read(file.Path).Devices;
        UserNetDefinition net = (UserNetDefinition)devices[0];
        Assert.Equal(("192.168.0.0/16", true, Path.Combine(file.Folder, "out.pcapng")), ($"{net.Network}", net.Loopback, net.Record));
        Assert.Equal(
            [
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 8080), 80),
                new PortForward(Transport.Udp, new IPEndPoint(IPAddress.Loopback, 5353), 53),
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Any, 22), 22),
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.IPv6Loopback, 1), 2),
            ],
            net.Forward);
        Assert.Equal(
            [
                new PortReach(Transport.Tcp, null, 80, new IPEndPoint(IPAddress.Loopback, 8000)),
                new PortReach(Transport.Udp, IPAddress.Parse("192.168.0.3"), 53, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 53)),
                new PortReach(Transport.Tcp, IPAddress.Parse("192.168.9.9"), 1, new UnixDomainSocketEndPoint(Path.Combine(file.Folder, "web.sock"))),
                new PortReach(Transport.Tcp, null, 2, new IPEndPoint(IPAddress.IPv6Loopback, 3)),
            ],
            net.Reach);
        Assert.Equal(Path.Combine(file.Folder, "in.pcapng"), ((UserNetDefinition)devices[1]).Replay);
        Assert.Equal(new TapNetDefinition("tap0"), devices[2]);
        Assert.Equal(new TapNetDefinition("tap1") { Record = Path.Combine(file.Folder, "t.pcapng") }, devices[3]);
    }

    [Theory]
    [InlineData("network: 10.0.2.1/24", "is not a network")]
    [InlineData("network: 10.0.2.0", "is not a network")]
    [InlineData("network: 10.0.2.0/28", "a prefix from 8 to 27")]
    [InlineData("network: 224.0.0.0/24", "cannot be a guest's network")]
    [InlineData("network: fd00::/24", "cannot be a guest's network")]
    [InlineData("loopback: maybe", "known are on, off")]
    [InlineData("forward: 80:80", "must be a list")]
    [InlineData("forward: [ 80 ]", "is not a forwarded port")]
    [InlineData("forward: [ 80:0 ]", "is not a forwarded port")]
    [InlineData("forward: [ 70000:80 ]", "is not a forwarded port")]
    [InlineData("forward: [ localhost:80:80 ]", "is not a forwarded port")]
    [InlineData("forward: [ 1:80:80 ]", "is not a forwarded port")]
    [InlineData("reach: [ 80 ]", "does not say what the guest may reach")]
    [InlineData("reach: [ 80=80 ]", "does not say what the guest may reach")]
    [InlineData("reach: [ 80=127.0.0.1:0 ]", "does not say what the guest may reach")]
    [InlineData("reach: [ '80=unix:' ]", "does not say what the guest may reach")]
    [InlineData("reach: [ udp:80=unix:x ]", "does not say what the guest may reach")]
    [InlineData("forwards: []", "did you mean 'forward'?")]
    [InlineData("replay: a, forward: [ 1:2 ]", "opens no sockets")]
    [InlineData("replay: a, record: a", "cannot be replayed and recorded at the same time")]
    public void A_mistake_is_named(string setting, string message) =>
        Assert.Contains(message, DefinitionFile.Refuse($"kernel: k\ndevices: [ net: {{ user: {{ {setting} }} }} ]").Message);

    [Theory]
    [InlineData("''")]
    [InlineData("a/b")]
    [InlineData("abcdefghijklmnop")]
    [InlineData("tap%d")]
    public void An_impossible_interface_is_named(string name) =>
        Assert.Contains("cannot be the name of a TAP interface", DefinitionFile.Refuse($"kernel: k\ndevices: [ net: {{ tap: {name} }} ]").Message);
}
