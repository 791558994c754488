using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LguestPS.Definition;
using LguestPS.Networks;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>What a user network answers to questions for names.</summary>
public class NameServerTests
{
    private const ushort GuestPort = 4000;
    private const ushort A = 1, Ptr = 12, Mx = 15, Aaaa = 28, Any = 255;

    private static readonly Ipv4Address Server = TestWire.Address(10, 0, 2, 3);

    private static readonly UserNetDefinition Named = new()
    {
        Names = [Name("web", "10.0.2.2"), Name("Db.Example.org", "10.0.2.100"), Name("many", "10.0.2.101"), Name("many", "10.0.2.102")],
    };

    [Theory]
    [InlineData("web", A, "0 aa 10.0.2.2")]
    [InlineData("WEB", A, "0 aa 10.0.2.2")]
    [InlineData("db.example.org", A, "0 aa 10.0.2.100")]
    [InlineData("many", A, "0 aa 10.0.2.101 10.0.2.102")]
    [InlineData("many", Any, "0 aa 10.0.2.101 10.0.2.102")]
    [InlineData("web", Aaaa, "0 aa")]
    [InlineData("web", Mx, "0 aa")]
    [InlineData("2.2.0.10.in-addr.arpa", Ptr, "0 aa web")]
    [InlineData("100.2.0.10.in-addr.arpa", Ptr, "0 aa Db.Example.org")]
    [InlineData("example.org", A, "3")]
    [InlineData("web.example.org", A, "3")]
    [InlineData("99.2.0.10.in-addr.arpa", Ptr, "3")]
    [InlineData("256.2.0.10.in-addr.arpa", Ptr, "3")]
    [InlineData("2.0.10.in-addr.arpa", Ptr, "3")]
    [InlineData("web", Ptr, "0 aa")]
    public void A_name_of_the_definition_is_answered_and_no_other_exists(string name, ushort type, string answer)
    {
        using TestWire wire = new TestWire(Named).Introduced();
        Assert.Equal(answer, Ask(wire, Question(name, type)));
    }

    [Fact]
    public void By_itself_a_network_answers_nothing()
    {
        using TestWire wire = new TestWire(new UserNetDefinition()).Introduced();
        Seen refused = Seen.Only(wire.Send(TestWire.Udp(GuestPort, 53, Question("web", A), Server)));
        Assert.Equal((1, 3, 13), (refused.Protocol, refused.Payload[0], refused.Payload[1]));       // ICMP: administratively prohibited
        Assert.Empty(wire.Send(new ArpPacket(ArpOperation.Request, TestWire.GuestMac, TestWire.Guest, default, Server).ToFrame(TestWire.GatewayMac)));
    }

    [Fact]
    public void The_names_open_nothing_and_only_their_own_port_answers()
    {
        using TestWire wire = new TestWire(Named).Introduced();
        Assert.Equal(1, Seen.Only(wire.Send(TestWire.Udp(GuestPort, 54, Question("web", A), Server))).Protocol);
        Assert.Equal(1, Seen.Only(wire.Send(TestWire.Udp(GuestPort, 53, Question("web", A)))).Protocol);        // the gateway's
        Assert.Equal(1, Seen.Only(wire.Send(TestWire.Tcp(GuestPort, 80, 1, 0, TcpFlags.Syn))).Protocol);
    }

    [Fact]
    public void The_server_is_found_by_ARP_and_by_ping()
    {
        using TestWire wire = new TestWire(Named).Introduced();
        Assert.Single(wire.Send(new ArpPacket(ArpOperation.Request, TestWire.GuestMac, TestWire.Guest, default, Server).ToFrame(TestWire.GatewayMac)));
        Assert.Equal(1, Seen.Only(wire.Send(TestWire.Ipv4(IpProtocol.Icmp, Echo(), Server))).Protocol);
    }

    [Fact]
    public void DHCP_tells_of_the_server_if_there_is_one()
    {
        byte[] option = [6, 4, 10, 0, 2, 3];
        using (TestWire wire = new(Named)) Assert.True(Offer(wire).AsSpan().IndexOf(option) > 0);
        using (TestWire wire = new(new UserNetDefinition { Dns = DnsChoice.Host })) Assert.True(Offer(wire).AsSpan().IndexOf(option) > 0);
        using (TestWire wire = new(new UserNetDefinition { Loopback = true })) Assert.True(Offer(wire).AsSpan().IndexOf(option) < 0);
    }

    [Theory]
    [InlineData("host.example", A, "0 192.0.2.7 192.0.2.8")]
    [InlineData("Host.Example", A, "0 192.0.2.7 192.0.2.8")]
    [InlineData("host.example", Aaaa, "0")]
    [InlineData("host.example", Mx, "0")]
    [InlineData("nobody.example", A, "3")]
    [InlineData("empty.example", A, "0")]
    [InlineData("broken.example", A, "2")]
    [InlineData("7.2.0.192.in-addr.arpa", Ptr, "0 host.example")]
    [InlineData("8.2.0.192.in-addr.arpa", Ptr, "3")]
    [InlineData("web", A, "0 aa 10.0.2.2")]
    public void The_hosts_resolver_answers_for_the_rest_if_the_definition_says_so(string name, ushort type, string answer)
    {
        using TestWire wire = new TestWire(Named with { Dns = DnsChoice.Host }, resolver: new Resolver()).Introduced();
        Assert.Equal(answer, Ask(wire, Question(name, type)));
        Assert.False(wire.Network.AwaitsAnswer);
    }

    [Theory]
    [InlineData("99.2.0.10.in-addr.arpa", Ptr)]     // an address of the guest's own network
    [InlineData("name", Ptr)]
    [InlineData("a b", A)]
    [InlineData("a;b", A)]
    public void The_hosts_resolver_is_not_asked_what_it_cannot_know(string name, ushort type)
    {
        Resolver resolver = new();
        using TestWire wire = new TestWire(Named with { Dns = DnsChoice.Host }, resolver: resolver).Introduced();
        Assert.Equal("3", Ask(wire, Question(name, type)));
        Assert.Equal(0, resolver.Asked);
    }

    [Fact]
    public void While_the_host_is_asked_time_waits_and_questions_beyond_the_limit_are_lost()
    {
        Resolver resolver = new() { Held = new TaskCompletionSource() };
        using TestWire wire = new TestWire(Named with { Dns = DnsChoice.Host }, resolver: resolver).Introduced();
        for (int i = 0; i < NameServer.MostAsked + 5; i++) Assert.Empty(wire.Send(TestWire.Udp((ushort)(GuestPort + i), 53, Question("host.example", A), Server)));
        Assert.True(wire.Network.AwaitsAnswer);
        Assert.Equal("0 aa 10.0.2.2", Ask(wire, Question("web", A)));
        resolver.Held.SetResult();
        List<byte[]> answers = wire.WaitForFrames(NameServer.MostAsked);
        Assert.Equal(NameServer.MostAsked, answers.Count);
        Assert.Equal(Enumerable.Range(GuestPort, NameServer.MostAsked), answers.Select(frame => (int)new Seen(frame).DestinationPort).Order());
        Assert.False(wire.Network.AwaitsAnswer);
    }

    [Fact]
    public void A_question_with_an_OPT_record_is_answered_as_one_without()
    {
        using TestWire wire = new TestWire(Named).Introduced();
        byte[] question = [.. Question("web", A), 0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0];     // EDNS(0)
        question[11] = 1;
        Assert.Equal("0 aa 10.0.2.2", Ask(wire, question));
    }

    [Fact]
    public void What_is_no_question_is_refused_or_gets_no_answer()
    {
        using TestWire wire = new TestWire(Named).Introduced();
        byte[] good = Question("web", A);
        Assert.Equal("4", Ask(wire, With(good, 2, 0x28)));              // an update
        Assert.Equal("1", Ask(wire, With(good, 5, 0)));                 // no question
        Assert.Equal("1", Ask(wire, With(good, 5, 2)));                 // two
        Assert.Equal("1", Ask(wire, With(good, 12, 0xC0)));             // a name that points to itself
        Assert.Equal("1", Ask(wire, good[..^1]));
        Assert.Equal("1", Ask(wire, good[..12]));
        Assert.Equal("4", Ask(wire, With(good, good.Length - 1, 3)));   // of another class
        Assert.Equal("1", Ask(wire, [.. good[..12], .. Enumerable.Repeat((byte[])[1, (byte)'a'], 200).SelectMany(label => label), 0, 0, 1, 0, 1]));
        Assert.Null(Ask(wire, With(good, 2, 0x80)));                    // an answer
        Assert.Null(Ask(wire, good[..11]));
        Assert.Null(Ask(wire, []));
    }

    [Fact]
    public void Whatever_is_asked_there_is_at_most_one_answer_and_it_is_short()
    {
        Random random = new(1);
        using TestWire wire = new TestWire(Named with { Dns = DnsChoice.Host }, resolver: new Resolver { Refuses = true }).Introduced();
        int answers = 0;
        byte[][] seeds = [Question("web", A), Question("2.2.0.10.in-addr.arpa", Ptr), Question(new string('a', 63) + ".b", Aaaa)];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] question = [.. seeds[random.Next(seeds.Length)]];
            for (int changes = random.Next(6); changes > 0; changes--) question[random.Next(question.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) question = question[..random.Next(question.Length + 1)];
            foreach (byte[] frame in wire.Send(TestWire.Udp(GuestPort, 53, question, Server)))
            {
                byte[] answer = new Seen(frame).UdpData;
                Assert.True(answer.Length is >= 12 and <= 512 && (answer[2] & 0x80) != 0);
                answers++;
            }
            Assert.True(answers <= i + 1);
        }
        Assert.True(answers > 1000);
    }

    [Fact]
    public void The_hosts_own_resolver_knows_the_host()
    {
        using TestWire wire = new TestWire(new UserNetDefinition { Dns = DnsChoice.Host }).Introduced();
        Assert.Equal("0 127.0.0.1", Ask(wire, Question("localhost", A)));
    }

    [Fact]
    public void A_guest_that_is_taken_back_is_answered_as_before()
    {
        using TestWire wire = new TestWire(Named).Introduced();
        using UserNetwork anew = (UserNetwork)wire.Network.StartAnew(now: 0);
        anew.TrySend(TestWire.Udp(GuestPort, 53, Question("web", A), Server));
        Assert.True(anew.TryTake(out byte[]? frame));
        Assert.Equal("0 aa 10.0.2.2", Show(new Seen(frame).UdpData));
    }

    private static NetworkName Name(string name, string address) => new(name, IPAddress.Parse(address));

    private static byte[] With(byte[] message, int at, byte value)
    {
        byte[] changed = [.. message];
        changed[at] = value;
        return changed;
    }

    private static byte[] Question(string name, ushort type) =>
        [0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0, (byte)(type >> 8), (byte)type, 0, 1];

    private static byte[] Echo()
    {
        byte[] echo = [8, 0, 0, 0, 0, 1, 0, 1];
        BinaryPrimitives.WriteUInt16BigEndian(echo.AsSpan(2), (ushort)~Seen.Sum(echo));
        return echo;
    }

    private static byte[] Offer(TestWire wire)
    {
        byte[] discover = new byte[300];
        (discover[0], discover[1], discover[2]) = (1, 1, 6);
        Convert.FromHexString("63825363350101FF").CopyTo(discover, 236);
        return Seen.Only(wire.Send(TestWire.Udp(68, 67, discover, Ipv4Address.Broadcast, Ipv4Address.Any))).UdpData;
    }

    private static string? Ask(TestWire wire, byte[] question)
    {
        List<byte[]> answers = wire.Send(TestWire.Udp(GuestPort, 53, question, Server));
        if (answers.Count == 0 && wire.Network.AwaitsAnswer) answers = wire.WaitForFrames(1);
        if (answers.Count == 0) return null;
        Seen answer = Seen.Only(answers);
        Assert.Equal(("10.0.2.3:53", $"10.0.2.15:{GuestPort}"), (answer.From, answer.To));
        Assert.Equal(question[..2], answer.UdpData[..2]);
        return Show(answer.UdpData);
    }

    /// <summary>Result code, whether it is authoritative, and the records.</summary>
    private static string Show(byte[] message)
    {
        List<string> shown = [$"{message[3] & 15}"];
        Assert.Equal(0x80, message[2] & 0xFA & ~0x28 & ~0x04);      // a response that is not cut
        Assert.Equal(0x80, message[3] & 0xF0);
        if ((message[2] & 4) != 0) shown.Add("aa");
        int at = 12;
        for (int i = message[5]; i > 0; i--) at = Skip(message, at) + 4;
        for (int i = message[7]; i > 0; i--)
        {
            Assert.Equal("C00C", Convert.ToHexString(message, at, 2));
            int type = message[at + 3], length = message[at + 11];
            Assert.Equal("00010000003C", Convert.ToHexString(message, at + 4, 6));
            byte[] data = message[(at + 12)..(at + 12 + length)];
            shown.Add(type == A ? string.Join('.', data) : Labels(data));
            at += 12 + length;
        }
        Assert.Equal(message.Length, at);
        return string.Join(' ', shown);
    }

    private static int Skip(byte[] message, int at)
    {
        while (message[at] != 0) at += 1 + message[at];
        return at + 1;
    }

    private static string Labels(byte[] data)
    {
        List<string> labels = [];
        for (int at = 0; data[at] != 0; at += 1 + data[at]) labels.Add(Encoding.ASCII.GetString(data, at + 1, data[at]));
        return string.Join('.', labels);
    }

    private sealed class Resolver : INameResolver
    {
        private int asked;

        public int Asked => asked;

        public bool Refuses { get; init; }

        public TaskCompletionSource? Held { get; init; }

        public async Task<IReadOnlyList<IPAddress>> FindAddresses(string name)
        {
            Interlocked.Increment(ref asked);
            if (Held is not null) await Held.Task;
            return Refuses ? throw new SocketException((int)SocketError.HostNotFound) : name switch
            {
                "host.example" => [IPAddress.Parse("192.0.2.7"), IPAddress.Parse("2001:db8::7"), IPAddress.Parse("192.0.2.8")],
                "empty.example" => throw new SocketException((int)SocketError.NoData),
                "broken.example" => throw new SocketException((int)SocketError.TryAgain),
                _ => throw new SocketException((int)SocketError.HostNotFound),
            };
        }

        public Task<string> FindName(IPAddress address)
        {
            Interlocked.Increment(ref asked);
            return $"{address}" == "192.0.2.7" ? Task.FromResult("host.example") : Task.FromResult("not a name");
        }
    }
}
