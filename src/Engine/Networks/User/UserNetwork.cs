using System.Net;
using System.Net.Sockets;
using LguestPS.Definition;
using LguestPS.State;

namespace LguestPS.Networks.User;

/// <summary>A network of one guest and a gateway that exists only here: what the guest sends to it goes on through sockets of the host.</summary>
/// <remarks>
/// Everything but the sockets' own waiting happens on the guest's thread and in guest time: sockets leave their news in a
/// mailbox, which is read where input may enter.
/// </remarks>
internal sealed class UserNetwork : NetworkPort
{
    private const ulong GatewayMacPrefix = 0x5255;

    private readonly UserNetDefinition definition;
    private readonly Func<Ipv4Address, ushort, HostStream?>? find;
    private readonly INameResolver? resolver;
    private readonly HostSockets sockets;
    private readonly HostMailbox mailbox = new();
    private readonly HostMap map;
    private readonly DhcpServer dhcp;
    private readonly UdpRelay udp;
    private readonly TcpRelay tcp;
    private readonly NameServer? names;
    private readonly MacAddress gatewayMac;
    private MacAddress? guestMac;
    private long? nextDue;

    /// <param name="definition">What the guest may reach; valid.</param>
    /// <param name="sockets">How many sockets it may have.</param>
    /// <param name="find">What is at an address and port instead of what the definition says, for tests.</param>
    /// <param name="resolver">Who answers for names instead of the host's resolver, for tests.</param>
    /// <exception cref="LguestException">NotSupported: the host cannot listen on a forwarded port.</exception>
    public UserNetwork(UserNetDefinition definition, HostSockets sockets, Func<Ipv4Address, ushort, HostStream?>? find = null, INameResolver? resolver = null)
    {
        this.resolver = resolver;
        this.definition = definition;
        this.sockets = sockets;
        this.find = find;
        Addresses = Ipv4Network.TryFrom(definition.Network, out Ipv4Network network) ? network : throw new ArgumentException("this network is not valid", nameof(definition));
        gatewayMac = MacOf(network);
        map = new HostMap(definition, network);
        dhcp = new DhcpServer(network, NameServer.IsWanted(definition));
        udp = new UdpRelay(this, map, mailbox, sockets);
        tcp = new TcpRelay(this, mailbox, sockets, find ?? Find);
        if (NameServer.IsWanted(definition)) names = new NameServer(this, definition, mailbox, definition.Dns == DnsChoice.Host ? resolver ?? new HostResolver() : null);
        mailbox.Posted = () => Arrived?.Invoke();
        Forwards = new PortForward[definition.Forward.Count];
        for (int i = 0; i < Forwards.Length; i++) Forwards[i] = Listen(definition.Forward[i]);
    }

    /// <summary>Its addresses.</summary>
    public Ipv4Network Addresses { get; }

    /// <summary>Guest time in nanoseconds.</summary>
    public long Now { get; private set; }

    /// <summary>Whether a frame sent now would not be dropped.</summary>
    public bool HasRoom => Room > 0;

    public override MacAddress HostMac => gatewayMac;

    public override bool IsLive => true;

    public override bool AwaitsAnswer => tcp.IsTalking || udp.Count != 0 || names is { Asked: > 0 };

    public override bool HasFrame => base.HasFrame || !mailbox.IsEmpty;

    public override long? NextDue => nextDue;

    /// <summary>Connections that are open or opening.</summary>
    public int Connections => tcp.Count;

    /// <summary>Pairs of ports that datagrams went between.</summary>
    public int UdpFlows => udp.Count;

    /// <summary>Where sockets leave their news.</summary>
    public HostMailbox Mailbox => mailbox;

    /// <summary>The ports of the host that lead to the guest, in the definition's order, with those that were chosen in place of 0.</summary>
    public override PortForward[] Forwards { get; }

    /// <summary>Where the host listens for the guest: TCP ports, then UDP ports.</summary>
    public IEnumerable<IPEndPoint> Locals => tcp.Locals.Concat(udp.Locals);

    /// <summary>The gateway's Ethernet address: 52:55 and its IPv4 address, as in QEMU's user networks.</summary>
    public static MacAddress MacOf(Ipv4Network network) => new(GatewayMacPrefix << 32 | network.Gateway.Bits);

    /// <summary>It takes TCP segments as long as IP packets can be.</summary>
    public override int LongestSent => EthernetFrame.HeaderSize + ushort.MaxValue;

    public override bool TrySend(ReadOnlySpan<byte> frame)
    {
        if (frame.Length > LongestSent || !EthernetFrame.TryParse(frame, out EthernetFrame ethernet)) return false;
        if (ethernet.Source.IsGroup || (ethernet.Destination != gatewayMac && !ethernet.Destination.IsGroup)) return false;
        Learn(ethernet.Source);
        bool taken = ethernet.Type switch
        {
            EtherType.Arp => ReceiveArp(ethernet.Payload),
            EtherType.Ipv4 => ReceiveIpv4(ethernet.Payload),
            _ => false,
        };
        PlanNext();
        return taken;
    }

    public override void Advance(long now)
    {
        Now = now;
        if (mailbox.IsEmpty && !(nextDue <= now) && !tcp.IsWaitingForRoom) return;
        mailbox.Read();
        tcp.Advance();
        udp.Advance();
        PlanNext();
    }

    /// <summary>Begins a connection from the host to a port of the guest.</summary>
    public void ConnectGuest(HostStream host, ushort port)
    {
        tcp.ConnectGuest(host, Addresses.Guest, port);
        PlanNext();
    }

    /// <summary>A frame with an IPv4 packet whose payload is still to be written.</summary>
    public byte[] CreateFrame(Ipv4Address source, Ipv4Address destination, IpProtocol protocol, int length, out Span<byte> payload)
    {
        byte[] frame = EthernetFrame.Create(gatewayMac, guestMac ?? MacAddress.Broadcast, EtherType.Ipv4, Ipv4Packet.HeaderSize + length);
        Span<byte> packet = frame.AsSpan(EthernetFrame.HeaderSize);
        Ipv4Packet.WriteHeader(packet, source, destination, protocol);
        payload = packet[Ipv4Packet.HeaderSize..];
        return frame;
    }

    /// <summary>Sends a frame; or asks for the guest's Ethernet address first, and then this frame is lost.</summary>
    public void SendFrame(byte[] frame) =>
        Deliver(guestMac is not null ? frame : new ArpPacket(ArpOperation.Request, gatewayMac, Addresses.Gateway, default, GuestIn(frame)).ToFrame(MacAddress.Broadcast));

    public void SendUdp(in UdpFlow flow, ReadOnlySpan<byte> payload) =>
        SendPacket(flow.Host, flow.Guest, IpProtocol.Udp, UdpDatagram.Create(flow.Host, flow.HostPort, flow.Guest, flow.GuestPort, payload));

    /// <summary>Tells the guest that nothing listens at the port it sent to.</summary>
    public void SendPortUnreachable(in UdpFlow flow)
    {
        // The datagram itself has gone; its headers say all the guest needs.
        byte[] packet = new byte[Ipv4Packet.HeaderSize + UdpDatagram.HeaderSize];
        UdpDatagram.Create(flow.Guest, flow.GuestPort, flow.Host, flow.HostPort, []).CopyTo(packet.AsSpan(Ipv4Packet.HeaderSize));
        Ipv4Packet.WriteHeader(packet, flow.Guest, flow.Host, IpProtocol.Udp);
        if (Ipv4Packet.TryParse(packet, out Ipv4Packet lost)) SendUnreachable(Unreachable.Port, lost);
    }

    /// <summary>A new gateway: it has no connection, and listens where this one did.</summary>
    public override NetworkPort StartAnew(long now)
    {
        Dispose();
        return CreateAnew();
    }

    public override string? CheckpointObstacle => null;

    public override void Save(StateWriter state)
    {
        state.Write(guestMac is not null);
        if (guestMac is { } mac) state.Write(mac.Bits);
        tcp.Save(state);
    }

    /// <summary>A new gateway, which ends the connections of the old one: their other ends know nothing of the guest as it is now.</summary>
    public override NetworkPort Resume(StateReader state, long now)
    {
        Dispose();
        UserNetwork anew = CreateAnew();
        try
        {
            if (state.ReadBool()) anew.guestMac = new MacAddress(state.ReadUInt64());
            anew.tcp.Reset(state);
            return anew;
        }
        catch
        {
            anew.Dispose();
            throw;
        }
    }

    public override void Dispose()
    {
        tcp.Dispose();
        udp.Dispose();
    }

    private UserNetwork CreateAnew() => new(definition with { Forward = Forwards }, sockets, find, resolver);

    /// <summary>The guest's address that a packet goes to; what goes to all goes to the usual one, too.</summary>
    private Ipv4Address GuestIn(byte[] frame) =>
        Ipv4Packet.TryParse(frame.AsSpan(EthernetFrame.HeaderSize), out Ipv4Packet packet) && packet.Destination != Ipv4Address.Broadcast ? packet.Destination : Addresses.Guest;

    private HostStream? Find(Ipv4Address address, ushort port) => map.Find(Transport.Tcp, address, port) is { } remote ? SocketStream.To(remote, mailbox, sockets) : null;

    private PortForward Listen(PortForward forward)
    {
        Ipv4Address guest = forward.GuestAddress is null ? Addresses.Guest : Ipv4Address.From(forward.GuestAddress);
        try
        {
            return forward with
            {
                Host = forward.Transport == Transport.Tcp ? tcp.Forward(forward.Host, guest, forward.GuestPort) : udp.Forward(forward.Host, guest, forward.GuestPort),
            };
        }
        catch (SocketException e)
        {
            Dispose();
            throw new LguestException(LguestError.NotSupported, $"cannot listen on {forward.Host} ({DefinitionText.NameOf(forward.Transport)}) for the guest: {e.Message}", e);
        }
    }

    private void Learn(MacAddress mac)
    {
        bool isNew = guestMac is null;
        guestMac = mac;
        if (isNew) tcp.GuestFound();
    }

    private void PlanNext()
    {
        long? first = tcp.NextDue, second = udp.NextDue;
        nextDue = first is null || second < first ? second : first;
    }

    private bool ReceiveArp(ReadOnlySpan<byte> bytes)
    {
        if (!ArpPacket.TryParse(bytes, out ArpPacket packet)) return false;
        if (packet.Operation != ArpOperation.Request || !map.Has(packet.Target)) return true;
        return Deliver(new ArpPacket(ArpOperation.Reply, gatewayMac, packet.Target, packet.SenderMac, packet.Sender).ToFrame(packet.SenderMac));
    }

    private bool ReceiveIpv4(ReadOnlySpan<byte> bytes)
    {
        if (!Ipv4Packet.TryParse(bytes, out Ipv4Packet packet)) return false;
        if (packet.Protocol != IpProtocol.Tcp && EthernetFrame.HeaderSize + bytes.Length > LongestFrame) return false;
        if (packet.Protocol == IpProtocol.Udp && UdpDatagram.TryParse(packet, out UdpDatagram broadcast) && broadcast.DestinationPort == DhcpServer.ServerPort
            && (packet.Destination == Ipv4Address.Broadcast || packet.Destination == Addresses.Gateway))
        {
            ReceiveDhcp(broadcast);
            return true;
        }
        // The rest needs somebody to answer, and somebody who was asked.
        if (!packet.Source.IsUnicast || !packet.Destination.IsUnicast || packet.Destination == Addresses.Broadcast) return false;
        Unreachable? problem = null;
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp when map.Has(packet.Destination):
                if (IcmpPacket.TryAnswer(packet.Payload) is { } answer) SendPacket(packet.Destination, packet.Source, IpProtocol.Icmp, answer);
                return true;
            case IpProtocol.Udp:
                if (!UdpDatagram.TryParse(packet, out UdpDatagram datagram)) return false;
                if (names is not null && packet.Destination == Addresses.NameServer && datagram.DestinationPort == NameServer.Port)
                {
                    names.Receive(new UdpFlow(packet.Destination, datagram.DestinationPort, packet.Source, datagram.SourcePort), datagram.Payload);
                    return true;
                }
                problem = udp.Receive(packet, datagram);
                break;
            case IpProtocol.Tcp:
                if (!TcpSegment.TryParse(packet, out TcpSegment segment)) return false;
                problem = tcp.Receive(packet, segment);
                break;
            case IpProtocol.Icmp when packet.Payload is not [IcmpPacket.EchoRequest, ..]:
                return true;        // never news about news
            default:
                problem = Unreachable.Prohibited;
                break;
        }
        if (problem is { } why) SendUnreachable(why, packet);
        return problem is null;
    }

    private void ReceiveDhcp(UdpDatagram request)
    {
        if (dhcp.TryAnswer(request.Payload) is not { } reply) return;
        Ipv4Address client = DhcpServer.DestinationOf(reply);
        SendPacket(Addresses.Gateway, client, IpProtocol.Udp, UdpDatagram.Create(Addresses.Gateway, DhcpServer.ServerPort, client, DhcpServer.ClientPort, reply));
    }

    private void SendUnreachable(Unreachable why, Ipv4Packet packet) =>
        SendPacket(Addresses.Gateway, packet.Source, IpProtocol.Icmp, IcmpPacket.NotReached(why, packet));

    private void SendPacket(Ipv4Address source, Ipv4Address destination, IpProtocol protocol, ReadOnlySpan<byte> payload)
    {
        byte[] frame = CreateFrame(source, destination, protocol, payload.Length, out Span<byte> bytes);
        payload.CopyTo(bytes);
        if (destination == Ipv4Address.Broadcast) MacAddress.Broadcast.Write(frame);
        SendFrame(frame);
    }
}
