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
                    forward: [ 8080:80, "9000-9001:80-81", 90:192.168.0.20:91, udp:5353:53, tcp:0.0.0.0:22:22, "[::1]:1:2" ]
                    reach:
                      - 80=127.0.0.1:8000
                      - udp:192.168.0.5:53=192.0.2.1:53
                      - 192.168.9.9:1=unix:web.sock
                      - 2=[::1]:3
                    names: { web: 192.168.0.2, many: [ 192.168.0.9, 192.168.0.10 ] }
                    dns: host
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
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 9000), 80),
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 9001), 81),
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 90), 91) { GuestAddress = IPAddress.Parse("192.168.0.20") },
                new PortForward(Transport.Udp, new IPEndPoint(IPAddress.Loopback, 5353), 53),
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Any, 22), 22),
                new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.IPv6Loopback, 1), 2),
            ],
            net.Forward);
        Assert.Equal(
            [
                new PortReach(Transport.Tcp, null, 80, new IPEndPoint(IPAddress.Loopback, 8000)),
                new PortReach(Transport.Udp, IPAddress.Parse("192.168.0.5"), 53, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 53)),
                new PortReach(Transport.Tcp, IPAddress.Parse("192.168.9.9"), 1, new UnixDomainSocketEndPoint(Path.Combine(file.Folder, "web.sock"))),
                new PortReach(Transport.Tcp, null, 2, new IPEndPoint(IPAddress.IPv6Loopback, 3)),
            ],
            net.Reach);
        Assert.Equal(["web=192.168.0.2", "many=192.168.0.9", "many=192.168.0.10"], net.Names.Select(name => $"{name}"));
        Assert.Equal(DnsChoice.Host, net.Dns);
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
    [InlineData("forward: [ 8000-8010:80-89 ]", "is not a forwarded port")]
    [InlineData("forward: [ 8000-8010:80 ]", "is not a forwarded port")]
    [InlineData("forward: [ 8010-8000:90-80 ]", "is not a forwarded port")]
    [InlineData("forward: [ 1-1001:1-1001 ]", "at most 1000")]
    [InlineData("forward: [ 0-1:80-81 ]", "is not a forwarded port")]
    [InlineData("forward: [ 65535-65536:1-2 ]", "is not a forwarded port")]
    [InlineData("forward: [ 127.0.0.1:80 ]", "is not a forwarded port")]
    [InlineData("forward: [ 80:10.0.3.1:80 ]", "10.0.3.1 cannot be the guest's")]
    [InlineData("forward: [ 80:10.0.2.2:80 ]", "10.0.2.2 cannot be the guest's")]
    [InlineData("names: { 'a b': 10.0.2.2 }", "'a b' cannot be a name in a network")]
    [InlineData("names: { a..b: 10.0.2.2 }", "'a..b' cannot be a name in a network")]
    [InlineData("names: { web: 1 }", "'1' is not an IPv4 address")]
    [InlineData("names: { web: '::1' }", "'::1' is not an IPv4 address")]
    [InlineData("names: [ web ]", "must be a mapping from names to addresses")]
    [InlineData("names: { web: 10.0.2.2, WEB: 10.0.2.2 }", "is given twice with the same address")]
    [InlineData("dns: on", "known are off, host")]
    [InlineData("dns: host, reach: [ 'udp:10.0.2.3:53=192.0.2.53:53' ]", "10.0.2.3:53 is where 'names' and 'dns' are answered")]
    [InlineData("replay: a, dns: host", "answers nothing")]
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
