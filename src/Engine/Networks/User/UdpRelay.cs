using System.Net;
using System.Net.Sockets;
using LguestPS.Definition;

namespace LguestPS.Networks.User;

/// <summary>Carries datagrams between the guest and sockets of the host.</summary>
/// <param name="network">The network it is part of.</param>
/// <param name="map">What the guest may reach.</param>
/// <param name="mailbox">Where the sockets' news goes.</param>
/// <param name="sockets">Gives sockets their place.</param>
internal sealed class UdpRelay(UserNetwork network, HostMap map, HostMailbox mailbox, HostSockets sockets) : IDisposable
{
    /// <summary>The most pairs of guest and host ports remembered; the one unused for longest gives way.</summary>
    public const int MostFlows = 128;

    /// <summary>How long an unused pair is remembered, in nanoseconds.</summary>
    public const long IdleTime = 60_000_000_000;

    private readonly Dictionary<UdpFlow, Partner> partners = [];
    private readonly List<HostDatagrams> forwards = [];

    public int Count => partners.Count;

    /// <summary>Where the forwarded ports are bound.</summary>
    public IEnumerable<IPEndPoint> Locals => forwards.Select(forward => forward.Local);

    public long? NextDue => partners.Count == 0 ? null : partners.Values.Min(partner => partner.LastUse) + IdleTime;

    /// <returns>Where the host takes datagrams.</returns>
    /// <exception cref="SocketException">The host's port is not free.</exception>
    public IPEndPoint Forward(IPEndPoint local, Ipv4Address guest, ushort guestPort)
    {
        HostDatagrams socket = null!;
        socket = HostDatagrams.At(local, mailbox, (from, datagram) =>
        {
            UdpFlow flow = new(network.Addresses.Gateway, (ushort)from.Port, guest, guestPort);
            Remember(flow, new Partner(answer => socket.Send(answer, from), own: null));
            network.SendUdp(flow, datagram);
        });
        forwards.Add(socket);
        return socket.Local;
    }

    /// <summary>Takes a datagram of the guest.</summary>
    /// <returns>Null, or why it cannot be delivered.</returns>
    public Unreachable? Receive(Ipv4Packet packet, UdpDatagram datagram)
    {
        UdpFlow flow = new(packet.Destination, datagram.DestinationPort, packet.Source, datagram.SourcePort);
        if (!partners.TryGetValue(flow, out Partner? partner))
        {
            if (map.Find(Transport.Udp, flow.Host, flow.HostPort) is not IPEndPoint remote)
            {
                sockets.NoteRefused(Transport.Udp, flow.Host, flow.HostPort, flow.Host == network.Addresses.Gateway);
                return Unreachable.Prohibited;
            }
            if (Meet(flow, remote) is not { } met) return Unreachable.Port;
            partner = met;
        }
        partner.LastUse = network.Now;
        partner.Send(datagram.Payload);
        return null;
    }

    /// <summary>Forgets what was unused for too long.</summary>
    public void Advance()
    {
        if (NextDue > network.Now) return;
        foreach (UdpFlow flow in partners.Where(pair => pair.Value.LastUse + IdleTime <= network.Now).Select(pair => pair.Key).ToArray()) Forget(flow);
    }

    public void Dispose()
    {
        foreach (UdpFlow flow in partners.Keys.ToArray()) Forget(flow);
        foreach (HostDatagrams forward in forwards) forward.Dispose();
    }

    private Partner? Meet(UdpFlow flow, IPEndPoint remote)
    {
        try
        {
            HostDatagrams socket = HostDatagrams.With(
                remote, mailbox, sockets,
                (_, datagram) =>
                {
                    if (partners.TryGetValue(flow, out Partner? partner)) partner.LastUse = network.Now;
                    network.SendUdp(flow, datagram);
                },
                () => network.SendPortUnreachable(flow));
            return Remember(flow, new Partner(datagram => socket.Send(datagram), socket));
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private Partner Remember(UdpFlow flow, Partner partner)
    {
        Forget(flow);
        if (partners.Count >= MostFlows) Forget(partners.MinBy(pair => pair.Value.LastUse).Key);
        partner.LastUse = network.Now;
        return partners[flow] = partner;
    }

    private void Forget(UdpFlow flow)
    {
        if (partners.Remove(flow, out Partner? partner)) partner.Own?.Dispose();
    }

    private delegate void Sender(ReadOnlySpan<byte> datagram);

    /// <summary>Who a pair of ports talks with.</summary>
    private sealed class Partner(Sender send, HostDatagrams? own)
    {
        public Sender Send => send;

        /// <summary>The socket that serves this pair alone, if one does.</summary>
        public HostDatagrams? Own => own;

        public long LastUse { get; set; }
    }
}

/// <summary>Who sends to whom: an address and port the guest sees, and its own.</summary>
internal readonly record struct UdpFlow(Ipv4Address Host, ushort HostPort, Ipv4Address Guest, ushort GuestPort);
