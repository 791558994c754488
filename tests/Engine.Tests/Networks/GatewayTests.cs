using System.Net;
using LguestPS.Definition;
using LguestPS.Networks;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>What the gateway of a user network answers itself: ARP, echo, DHCP; and what it refuses.</summary>
public class GatewayTests
{
    [Fact] // RFC 1071 §3
    public void The_checksum_is_the_one_of_the_RFC() =>
        Assert.Equal(unchecked((ushort)~0xDDF2), InternetChecksum.Of([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]));

    [Theory]
    [InlineData("01", 0xFEFF)]
    [InlineData("FFFF", 0)]
    [InlineData("FFFFFFFFFFFF01", 0xFEFF)]
    [InlineData("", 0xFFFF)]
    public void A_checksum_pads_with_zero_and_carries_around(string bytes, int expected) =>
        Assert.Equal(expected, InternetChecksum.Of(Convert.FromHexString(bytes)));

    [Fact]
    public void The_gateway_says_its_Ethernet_address()
    {
        using TestWire wire = new();
        byte[] answer = Assert.Single(wire.Send(Arp(TestWire.Gateway)));
        Assert.Equal(
            "02000000000F" + "52550A000202" + "0806" + "0001" + "0800" + "06" + "04" + "0002" + "52550A000202" + "0A000202" + "02000000000F" + "0A00020F",
            Convert.ToHexString(answer));
    }

    [Fact]
    public void Nobody_else_of_the_network_answers()
    {
        using TestWire wire = new(new UserNetDefinition { Reach = [Reach("10.0.2.100:80=127.0.0.1:1")] });
        Assert.Empty(wire.Send(Arp(TestWire.Address(10, 0, 2, 3))));
        Assert.Empty(wire.Send(Arp(TestWire.Guest)));
        Assert.Single(wire.Send(Arp(TestWire.Address(10, 0, 2, 100))));
    }

    [Fact]
    public void An_echo_comes_back_with_its_data()
    {
        using TestWire wire = new();
        Seen reply = Seen.Only(wire.Send(TestWire.Ipv4(IpProtocol.Icmp, Echo("some data!"u8))));
        Assert.Equal(TestWire.GuestMac, reply.Destination);
        Assert.Equal(("10.0.2.2", "10.0.2.15"), (reply.From.Split(':')[0], reply.To.Split(':')[0]));
        Assert.Equal("0000", Convert.ToHexString(reply.Payload, 0, 2));
        Assert.Equal([0x12, 0x34, 0, 1, .. "some data!"u8], reply.Payload[4..]);
    }

    [Fact]
    public void A_damaged_packet_is_no_packet()
    {
        using TestWire wire = new();
        byte[] whole = TestWire.Ipv4(IpProtocol.Icmp, Echo("data"u8));
        for (int at = EthernetFrame.HeaderSize; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x40;
            Assert.Empty(wire.Send(damaged));
        }
        Assert.Single(wire.Send(whole));
    }

    [Fact]
    public void Bytes_behind_a_packet_are_not_part_of_it()
    {
        using TestWire wire = new();
        byte[] padded = [.. TestWire.Ipv4(IpProtocol.Icmp, Echo("x"u8)), 1, 2, 3, 4, 5];
        Assert.Equal(9, Seen.Only(wire.Send(padded)).Payload.Length);
    }

    [Fact]
    public void Fragments_are_not_put_together()
    {
        using TestWire wire = new();
        byte[] fragment = TestWire.Ipv4(IpProtocol.Icmp, Echo("x"u8));
        fragment[20] = 0x20;        // more follow
        FixHeader(fragment);
        Assert.Empty(wire.Send(fragment));
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    [InlineData("icmp")]
    [InlineData("other")]
    public void Whatever_is_beyond_the_gateway_is_prohibited(string what)
    {
        using TestWire wire = new();
        Ipv4Address beyond = TestWire.Address(192, 0, 2, 1);
        byte[] frame = what switch
        {
            "tcp" => TestWire.Tcp(1000, 80, 1, 0, TcpFlags.Syn, destination: beyond),
            "udp" => TestWire.Udp(1000, 53, "?"u8, beyond),
            "icmp" => TestWire.Ipv4(IpProtocol.Icmp, Echo("?"u8), beyond),
            _ => TestWire.Ipv4((IpProtocol)47, "?"u8, beyond),
        };
        Seen answer = Seen.Only(wire.Send(frame));
        Assert.Equal("030D", Convert.ToHexString(answer.Payload, 0, 2));
        Assert.Equal(frame[14..Math.Min(frame.Length, 14 + 20 + 8)], answer.Payload[8..]);      // RFC 792: header and 64 bits
        Assert.Equal(0, wire.Network.Connections + wire.Network.UdpFlows);
    }

    [Fact]
    public void Unless_it_is_opened_the_gateway_leads_nowhere_and_how_to_open_it_is_said_once()
    {
        List<string> warnings = [];
        using TestWire wire = new(new UserNetDefinition(), sockets: new HostSockets(GuestLimits.UsualSockets) { Warning = warnings.Add });
        Assert.Equal("030D", Convert.ToHexString(Seen.Only(wire.Send(TestWire.Tcp(1000, 80, 1, 0, TcpFlags.Syn))).Payload, 0, 2));
        Assert.Equal("030D", Convert.ToHexString(Seen.Only(wire.Send(TestWire.Udp(1000, 80, "x"u8))).Payload, 0, 2));
        Assert.Equal(
            "the guest asked for 10.0.2.2:80 (tcp), which its user network does not lead to; 'reach: [ 80=127.0.0.1:80 ]' opens that port of this machine, 'loopback: on' all of them",
            Assert.Single(warnings));
    }

    [Fact]
    public void There_is_no_news_about_news()
    {
        using TestWire wire = new();
        byte[] unreachable = [3, 3, 0xFC, 0xFC, 0, 0, 0, 0];
        Assert.Empty(wire.Send(TestWire.Ipv4(IpProtocol.Icmp, unreachable, TestWire.Address(192, 0, 2, 1))));
    }

    [Theory]
    [InlineData("10.0.2.255")]
    [InlineData("255.255.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("0.0.0.0")]
    public void Nobody_answers_what_was_sent_to_many(string destination)
    {
        using TestWire wire = new();
        Ipv4Address many = Ipv4Address.From(IPAddress.Parse(destination));
        Assert.Empty(wire.Send(TestWire.Udp(1000, 80, "x"u8, many)));
        Assert.Empty(wire.Send(TestWire.Tcp(1000, 80, 1, 0, TcpFlags.Syn, destination: many)));
        Assert.Empty(wire.Send(TestWire.Ipv4(IpProtocol.Icmp, Echo("x"u8), many)));
    }

    [Fact]
    public void DHCP_offers_and_then_gives_the_guests_address()
    {
        using TestWire wire = new();
        Seen offer = Seen.Only(wire.Send(Dhcp(53, 1, 1)));
        Assert.Equal(("10.0.2.2:67", "255.255.255.255:68", MacAddress.Broadcast), (offer.From, offer.To, offer.Destination));
        Assert.Equal("0201", Convert.ToHexString(offer.UdpData, 0, 2));
        Assert.Equal("CAFEBABE", Convert.ToHexString(offer.UdpData, 4, 4));
        Assert.Equal("0A00020F", Convert.ToHexString(offer.UdpData, 16, 4));
        Assert.Equal("02000000000F", Convert.ToHexString(offer.UdpData, 28, 6));
        Assert.Equal(
            "63825363" + "350102" + "36040A000202" + "330400015180" + "0104FFFFFF00" + "03040A000202" + "1C040A0002FF" + "FF",
            Convert.ToHexString(offer.UdpData, 236, 38));

        Seen given = Seen.Only(wire.Send(Dhcp(53, 1, 3, 50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2)));
        Assert.Equal("350105", Convert.ToHexString(given.UdpData, 240, 3));
        Assert.Equal("0A00020F", Convert.ToHexString(given.UdpData, 16, 4));
    }

    [Theory] // RFC 2131 §4.1: a client that has its address hears the answer there, and finds it in ciaddr
    [InlineData(3, "0A00020F", "330400015180")]      // a renewal
    [InlineData(8, "00000000", "0104FFFFFF00")]      // INFORM: the settings alone, no address and no lease
    public void DHCP_answers_a_client_that_has_its_address_there(byte asked, string given, string option)
    {
        using TestWire wire = new();
        Seen answer = Seen.Only(wire.Send(DhcpFrom(TestWire.Guest, 53, 1, asked)));
        Assert.Equal(("10.0.2.2:67", "10.0.2.15:68", TestWire.GuestMac), (answer.From, answer.To, answer.Destination));
        Assert.Equal("350105" + "36040A000202" + option, Convert.ToHexString(answer.UdpData, 240, 15));
        Assert.Equal("0A00020F" + given, Convert.ToHexString(answer.UdpData, 12, 8));
    }

    [Fact] // it must be heard by a client whose address is refused: RFC 2131 §4.1
    public void DHCP_refuses_a_renewal_of_another_address_to_all()
    {
        using TestWire wire = new();
        Seen refused = Seen.Only(wire.Send(DhcpFrom(Ipv4Address.From(IPAddress.Parse("10.0.2.16")), 53, 1, 3)));
        Assert.Equal(("255.255.255.255:68", MacAddress.Broadcast), (refused.To, refused.Destination));
        Assert.Equal("350106", Convert.ToHexString(refused.UdpData, 240, 3));
        Assert.Equal("00000000", Convert.ToHexString(refused.UdpData, 12, 4));
    }

    [Fact]
    public void DHCP_refuses_another_address()
    {
        using TestWire wire = new();
        Seen refused = Seen.Only(wire.Send(Dhcp(53, 1, 3, 50, 4, 10, 0, 2, 16)));
        Assert.Equal("350106", Convert.ToHexString(refused.UdpData, 240, 3));
        Assert.Equal("00000000", Convert.ToHexString(refused.UdpData, 16, 4));
    }

    [Fact]
    public void DHCP_is_silent_where_another_server_was_chosen_or_nothing_is_asked()
    {
        using TestWire wire = new();
        Assert.Empty(wire.Send(Dhcp(53, 1, 3, 54, 4, 10, 0, 2, 3)));
        Assert.Empty(wire.Send(Dhcp(53, 1, 7)));                        // release
        Assert.Empty(wire.Send(TestWire.Udp(68, 67, "short"u8, Ipv4Address.Broadcast)));
    }

    [Fact]
    public void BOOTP_gets_its_address_without_a_message_type()
    {
        using TestWire wire = new();
        Seen reply = Seen.Only(wire.Send(Dhcp()));
        Assert.Equal("0A00020F", Convert.ToHexString(reply.UdpData, 16, 4));
        Assert.Equal("63825363" + "0104FFFFFF00", Convert.ToHexString(reply.UdpData, 236, 10));
        Assert.Equal(300, reply.UdpData.Length);
    }

    [Fact]
    public void Another_network_has_its_own_numbers()
    {
        using TestWire wire = new(new UserNetDefinition { Network = IPNetwork.Parse("192.168.7.32/27") });
        Assert.Equal(("192.168.7.34", "192.168.7.47", "192.168.7.63"), ($"{wire.Network.Addresses.Gateway}", $"{wire.Network.Addresses.Guest}", $"{wire.Network.Addresses.Broadcast}"));
        Assert.Equal("52:55:c0:a8:07:22", $"{wire.Network.HostMac}");
    }

    [Fact]
    public void Frames_that_the_guest_does_not_take_are_counted_and_no_more_memory_is_used()
    {
        using TestWire wire = new();
        byte[] echo = TestWire.Ipv4(IpProtocol.Icmp, Echo(new byte[1000]));
        for (int i = 0; i < 10_000; i++) wire.Network.TrySend(echo);
        Assert.Equal(10_000 - NetworkPort.MostWaiting, wire.Network.Dropped);
        Assert.Equal(NetworkPort.MostWaiting, wire.Take().Count);
    }

    private static byte[] Arp(Ipv4Address asked) =>
        TestWire.Ethernet(EtherType.Arp, new ArpPacket(ArpOperation.Request, TestWire.GuestMac, TestWire.Guest, default, asked).ToFrame(MacAddress.Broadcast).AsSpan(14), MacAddress.Broadcast);

    private static byte[] Echo(ReadOnlySpan<byte> data)
    {
        byte[] echo = [8, 0, 0, 0, 0x12, 0x34, 0, 1, .. data];
        int checksum = ~Seen.Sum(echo);
        (echo[2], echo[3]) = ((byte)(checksum >> 8), (byte)checksum);
        return echo;
    }

    private static byte[] Dhcp(params byte[] options) => DhcpFrom(Ipv4Address.Any, options);

    /// <summary>A message of a client that has an address, to the gateway itself; or of one that has none yet, to all.</summary>
    private static byte[] DhcpFrom(Ipv4Address client, params byte[] options)
    {
        byte[] message = new byte[300];
        (message[0], message[1], message[2]) = (1, 1, 6);
        Convert.FromHexString("CAFEBABE").CopyTo(message, 4);
        TestWire.GuestMac.Write(message.AsSpan(28));
        Convert.FromHexString("63825363").CopyTo(message, 236);
        options.CopyTo(message, 240);
        message[240 + options.Length] = 255;
        client.Write(message.AsSpan(12));
        return TestWire.Udp(68, 67, message, client == Ipv4Address.Any ? Ipv4Address.Broadcast : TestWire.Gateway, client);
    }

    private static PortReach Reach(string text) => PortReach.TryParse(text, path => path, out PortReach? reach) ? reach : throw new FormatException(text);

    private static void FixHeader(byte[] frame)
    {
        frame[24] = frame[25] = 0;
        int checksum = ~Seen.Sum(frame[14..34]);
        (frame[24], frame[25]) = ((byte)(checksum >> 8), (byte)checksum);
    }
}
