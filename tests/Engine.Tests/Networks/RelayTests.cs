using System.Net;
using System.Net.Sockets;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>What the guest sends reaches real sockets of this machine's loopback, and the other way round.</summary>
public class RelayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_datagram_to_the_gateway_reaches_loopback_and_its_answer_comes_back()
    {
        using UdpClient host = new(new IPEndPoint(IPAddress.Loopback, 0)) { Client = { ReceiveTimeout = (int)Patience.TotalMilliseconds } };
        ushort port = (ushort)((IPEndPoint)host.Client.LocalEndPoint!).Port;
        using TestWire wire = new();
        Assert.Empty(wire.Send(TestWire.Udp(1000, port, "ask"u8)));
        IPEndPoint from = new(IPAddress.Any, 0);
        Assert.Equal("ask"u8.ToArray(), host.Receive(ref from));
        host.Send("answer"u8, from);
        Seen answer = Seen.Only(wire.WaitForFrames(1));
        Assert.Equal(($"10.0.2.2:{port}", "10.0.2.15:1000"), (answer.From, answer.To));
        Assert.Equal("answer"u8.ToArray(), answer.UdpData);
    }

    [Fact]
    public void A_datagram_to_nobody_is_answered_so()
    {
        using UdpClient closed = new(new IPEndPoint(IPAddress.Loopback, 0));
        ushort port = (ushort)((IPEndPoint)closed.Client.LocalEndPoint!).Port;
        closed.Dispose();
        using TestWire wire = new();
        wire.Send(TestWire.Udp(1000, port, "ask"u8));
        Seen answer = Seen.Only(wire.WaitForFrames(1));
        Assert.Equal("0303", Convert.ToHexString(answer.Payload, 0, 2));
        Assert.Equal((ushort)1000, (ushort)(answer.Payload[28] << 8 | answer.Payload[29]));       // the quoted ports
        Assert.Equal(port, (ushort)(answer.Payload[30] << 8 | answer.Payload[31]));
    }

    [Fact]
    public void A_forwarded_UDP_port_leads_to_the_guest_and_back()
    {
        using TestWire wire = new TestWire(new UserNetDefinition { Forward = [new PortForward(Transport.Udp, new IPEndPoint(IPAddress.Loopback, 0), 53)] }).Introduced();
        using UdpClient host = new(new IPEndPoint(IPAddress.Loopback, 0)) { Client = { ReceiveTimeout = (int)Patience.TotalMilliseconds } };
        host.Send("ask"u8, Assert.Single(wire.Network.Locals));
        Seen question = Seen.Only(wire.WaitForFrames(1));
        Assert.Equal(("10.0.2.15:53", "ask"), (question.To, System.Text.Encoding.ASCII.GetString(question.UdpData)));
        wire.Send(TestWire.Udp(53, question.SourcePort, "answer"u8));
        IPEndPoint from = new(IPAddress.Any, 0);
        Assert.Equal("answer"u8.ToArray(), host.Receive(ref from));
    }

    [Fact]
    public void Unused_pairs_of_ports_are_forgotten()
    {
        using UdpClient host = new(new IPEndPoint(IPAddress.Loopback, 0));
        ushort port = (ushort)((IPEndPoint)host.Client.LocalEndPoint!).Port;
        using TestWire wire = new();
        for (int i = 0; i < UdpRelay.MostFlows + 50; i++) wire.Send(TestWire.Udp((ushort)(1000 + i), port, "x"u8));
        Assert.Equal(UdpRelay.MostFlows, wire.Network.UdpFlows);
        Assert.True(wire.Network.AwaitsAnswer);
        wire.Wait(TimeSpan.FromSeconds(61));
        Assert.Equal(0, wire.Network.UdpFlows);
        Assert.False(wire.Network.AwaitsAnswer);
    }

    [Fact]
    public async Task A_connection_to_the_gateway_reaches_loopback()
    {
        using TcpListener host = new(IPAddress.Loopback, 0);
        host.Start();
        using TestWire wire = new();
        ModelGuest guest = ModelGuest.Connect(wire, (ushort)((IPEndPoint)host.LocalEndpoint).Port, "from the guest"u8.ToArray());
        Task<byte[]> serving = Task.Run(() => Serve(host));
        guest.RunUntilClosed();
        Assert.Equal("from the guest"u8.ToArray(), await serving.WaitAsync(Patience));
        Assert.Equal("from the host"u8.ToArray(), guest.Received);
    }

    [Fact]
    public void Sockets_have_a_limit_beyond_which_connections_are_refused_and_that_is_said_once()
    {
        using TcpListener host = new(IPAddress.Loopback, 0);
        host.Start();
        ushort port = (ushort)((IPEndPoint)host.LocalEndpoint).Port;
        List<string> warnings = [];
        HostSockets sockets = new(most: 3) { Warning = warnings.Add };
        using (TestWire wire = new(sockets: sockets))
        {
            for (ushort i = 0; i < 3; i++) Assert.DoesNotContain(wire.Send(TestWire.Tcp((ushort)(1000 + i), port, 1, 0, TcpFlags.Syn)), IsReset);
            for (ushort i = 3; i < 9; i++) Assert.Single(wire.Send(TestWire.Tcp((ushort)(1000 + i), port, 1, 0, TcpFlags.Syn)), IsReset);
            Assert.Equal("0303", Convert.ToHexString(Seen.Only(wire.Send(TestWire.Udp(1000, port, "x"u8))).Payload, 0, 2));
            Assert.Equal(3, sockets.Held);
        }
        Assert.Equal(0, sockets.Held);
        Assert.Equal("the guest's networks refuse connections: they have 3 sockets open, the most that limits.sockets lets them have", Assert.Single(warnings));
    }

    [Fact]
    public void The_guests_of_a_process_share_what_descriptors_it_may_have()
    {
        using TcpListener host = new(IPAddress.Loopback, 0);
        host.Start();
        ushort port = (ushort)((IPEndPoint)host.LocalEndpoint).Port;
        SocketShare share = new(most: 4, hasReserve: () => true);
        List<string> warnings = [];
        using TestWire first = new(sockets: new HostSockets(3, share)), second = new(sockets: new HostSockets(3, share) { Warning = warnings.Add });
        for (ushort i = 0; i < 3; i++) first.Send(TestWire.Tcp((ushort)(1000 + i), port, 1, 0, TcpFlags.Syn));
        for (ushort i = 0; i < 3; i++) second.Send(TestWire.Tcp((ushort)(1000 + i), port, 1, 0, TcpFlags.Syn));
        Assert.Equal((3, 1), (first.Network.Connections, second.Network.Connections));
        Assert.Contains("the guests of this process have 4 sockets open", Assert.Single(warnings));
    }

    [Fact]
    public void The_process_keeps_descriptors_for_itself()
    {
        using TcpListener host = new(IPAddress.Loopback, 0);
        host.Start();
        bool hasReserve = true;
        List<string> warnings = [];
        using TestWire wire = new(sockets: new HostSockets(9, new SocketShare(most: 9, () => hasReserve)) { Warning = warnings.Add });
        for (ushort i = 0; i < 4; i++)
        {
            wire.Send(TestWire.Tcp((ushort)(1000 + i), (ushort)((IPEndPoint)host.LocalEndpoint).Port, 1, 0, TcpFlags.Syn));
            hasReserve = i == 0;
        }
        Assert.Equal(2, wire.Network.Connections);
        Assert.Equal("the guest's networks refuse connections: this process has nearly as many files open as it may (ulimit -n)", Assert.Single(warnings));
    }

    [SkippableTheory] // fewer than the runtime has open already, and its half of the rest; and more
    [InlineData(100)]
    [InlineData(130)]
    [InlineData(200)]
    public void A_guest_that_asks_for_connections_without_end_ends_nothing_but_itself(int descriptors)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "descriptors are counted on Linux");
        using TcpListener host = new(IPAddress.Loopback, 0);
        host.Start(backlog: 1000);
        (int status, string output) = Shell.TryRun(
            $"ulimit -n {descriptors}; '{Repository.Path("out", "lguest", "lguest")}' --usernet --reach=7=127.0.0.1:{((IPEndPoint)host.LocalEndpoint).Port} 4 '{Repository.Path("tests", "guests", "gateway.elf")}' connections");
        Assert.Contains("asked for 500 connections", output);
        Assert.Contains("the guest's networks refuse connections", output);
        Assert.Equal(0, status);
    }

    [Fact]
    public async Task A_forwarded_connection_without_a_socket_left_is_reset_and_the_next_one_is_not()
    {
        HostSockets sockets = new(most: 1);
        using TestWire wire = new TestWire(new UserNetDefinition { Forward = [new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 0), 80)] }, sockets: sockets).Introduced();
        IPEndPoint local = Assert.Single(wire.Network.Locals);
        using Socket first = new(SocketType.Stream, ProtocolType.Tcp), second = new(SocketType.Stream, ProtocolType.Tcp);
        first.Connect(local);
        wire.WaitForFrames(1);
        second.Connect(local);
        Task<int> refused = Task.Run(() => ReceiveOrFail(second));
        while (!refused.IsCompleted)
        {
            wire.Wait(TimeSpan.Zero);
            await Task.Yield();
        }
        Assert.Equal(-1, await refused);
        Assert.Equal((1, 1), (sockets.Held, wire.Network.Connections));
    }

    [Fact]
    public void A_gdb_server_is_not_reached_whatever_is_open()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        foreach (IPAddress asked in (IPAddress[])[IPAddress.Loopback, IPAddress.Any, IPAddress.Parse("127.0.0.1").MapToIPv6()])
        {
            IPEndPoint server = new(IPAddress.Loopback, ((IPEndPoint)other.LocalEndpoint).Port);
            ushort port = (ushort)server.Port;
            using TestWire wire = new(new UserNetDefinition { Loopback = true, Reach = [new PortReach(Transport.Tcp, null, 7, new IPEndPoint(asked, port)), new PortReach(Transport.Udp, null, 7, new IPEndPoint(asked, port))] });
            PrivateServers.Add(server);
            try
            {
                foreach (ushort to in (ushort[])[port, 7])
                {
                    Assert.Equal("030D", Convert.ToHexString(Seen.Only(wire.Send(TestWire.Tcp(1000, to, 1, 0, TcpFlags.Syn))).Payload, 0, 2));
                    Assert.Equal("030D", Convert.ToHexString(Seen.Only(wire.Send(TestWire.Udp(1000, to, "x"u8))).Payload, 0, 2));
                }
            }
            finally
            {
                PrivateServers.Remove(server);
            }
            Assert.Empty(wire.Send(TestWire.Tcp(1000, port, 1, 0, TcpFlags.Syn)));
        }
    }

    [SkippableFact]
    public async Task A_rule_leads_to_a_socket_in_the_file_system()
    {
        Skip.IfNot(Socket.OSSupportsUnixDomainSockets, "this system has no sockets in the file system");
        using TempFolder folder = new();
        using Socket host = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        host.Bind(new UnixDomainSocketEndPoint(folder.Path("s")));
        host.Listen();
        Assert.True(PortReach.TryParse("10.0.2.100:80=unix:s", folder.Path, out PortReach? reach));
        using TestWire wire = new(new UserNetDefinition { Reach = [reach], Loopback = false });
        ModelGuest guest = ModelGuest.Connect(wire, 80, "x"u8.ToArray(), TestWire.Address(10, 0, 2, 100));
        Task<byte[]> serving = Task.Run(() => Serve(host.Accept()));
        guest.RunUntilClosed();
        Assert.Equal("x"u8.ToArray(), await serving.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_forwarded_port_leads_to_the_guest()
    {
        using TestWire wire = new TestWire(new UserNetDefinition { Forward = [new PortForward(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 0), 80)] }).Introduced();
        IPEndPoint local = Assert.Single(wire.Network.Locals);
        Task<byte[]> asking = Task.Run(() =>
        {
            using TcpClient client = new();
            client.Connect(local);
            client.Client.Send("GET"u8);
            client.Client.Shutdown(SocketShutdown.Send);
            return ReadAll(client.Client);
        });
        ModelGuest guest = ModelGuest.Accept(wire, 80, "page"u8.ToArray());
        guest.RunUntilClosed();
        Assert.Equal("page"u8.ToArray(), await asking.WaitAsync(Patience));
        Assert.Equal("GET"u8.ToArray(), guest.Received);
    }

    [Fact]
    public void Ports_that_were_left_to_the_host_are_known_and_stay_when_the_guest_goes_back()
    {
        IPEndPoint any = new(IPAddress.Loopback, 0);
        UserNetDefinition definition = new() { Forward = [new(Transport.Udp, any, 53), new(Transport.Tcp, any, 80), new(Transport.Tcp, any, 22)] };
        using UserNetwork network = new(definition, new HostSockets(GuestLimits.UsualSockets));
        PortForward[] forwards = network.Forwards;
        Assert.Equal([(Transport.Udp, (ushort)53), (Transport.Tcp, (ushort)80), (Transport.Tcp, (ushort)22)], forwards.Select(forward => (forward.Transport, forward.GuestPort)));
        Assert.DoesNotContain(forwards, forward => forward.Host.Port == 0);
        Assert.Equal([forwards[1].Host, forwards[2].Host, forwards[0].Host], network.Locals);
        using UserNetwork anew = (UserNetwork)network.StartAnew(now: 0);
        Assert.Equal(forwards, anew.Forwards);
        Assert.Equal([forwards[1].Host, forwards[2].Host, forwards[0].Host], anew.Locals);
    }

    [Fact]
    public async Task A_forward_may_lead_to_another_address_of_the_guest()
    {
        UserNetDefinition definition = new()
        {
            Forward =
            [
                new(Transport.Udp, new IPEndPoint(IPAddress.Loopback, 0), 53) { GuestAddress = IPAddress.Parse("10.0.2.20") },
                new(Transport.Tcp, new IPEndPoint(IPAddress.Loopback, 0), 80) { GuestAddress = IPAddress.Parse("10.0.2.21") },
            ],
        };
        using TestWire wire = new(definition);
        using UdpClient asking = new();
        await asking.SendAsync("hello"u8.ToArray(), wire.Network.Forwards[0].Host);
        // Where the guest is, is asked for that address.
        Assert.Equal("10.0.2.20", string.Join('.', Assert.Single(wire.WaitForFrames(1))[38..42]));
        wire.Introduced();
        await asking.SendAsync("hello"u8.ToArray(), wire.Network.Forwards[0].Host);
        Assert.Equal("10.0.2.20:53", Seen.Only(wire.WaitForFrames(1)).To);

        using TcpClient connecting = new();
        Task connected = connecting.ConnectAsync(wire.Network.Forwards[1].Host);
        Assert.Equal("10.0.2.21:80", Seen.Only(wire.WaitForFrames(1)).To);
        await connected.WaitAsync(Patience);
    }

    [Fact]
    public void A_port_that_is_taken_is_named()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        IPEndPoint local = (IPEndPoint)taken.LocalEndpoint;
        LguestException problem = Assert.Throws<LguestException>(() => new TestWire(new UserNetDefinition { Forward = [new PortForward(Transport.Tcp, local, 80)] }));
        Assert.StartsWith($"cannot listen on {local} (tcp) for the guest: ", problem.Message);
    }

    private static byte[] Serve(TcpListener host) => Serve(host.AcceptSocket());

    private static byte[] Serve(Socket socket)
    {
        using (socket)
        {
            byte[] bytes = ReadAll(socket);
            socket.Send("from the host"u8);
            return bytes;
        }
    }

    private static byte[] ReadAll(Socket socket)
    {
        List<byte> all = [];
        byte[] piece = new byte[1000];
        while (socket.Receive(piece) is > 0 and int count) all.AddRange(piece.AsSpan(0, count));
        return [.. all];
    }

    private static bool IsReset(byte[] frame) => frame[23] == 6 && (frame[14 + 20 + 13] & (byte)TcpFlags.Rst) != 0;

    /// <returns>-1 if the connection was reset.</returns>
    private static int ReceiveOrFail(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]);
        }
        catch (SocketException)
        {
            return -1;
        }
    }
}
