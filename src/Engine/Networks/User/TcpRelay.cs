using System.Net;
using System.Net.Sockets;
using LguestPS.Definition;
using LguestPS.State;

namespace LguestPS.Networks.User;

/// <summary>Carries TCP connections between the guest and sockets of the host, each way round.</summary>
internal sealed class TcpRelay : ITcpWire, IDisposable
{
    /// <summary>The most connections at a time; more are refused.</summary>
    public const int MostConnections = 128;

    private const ushort FirstPort = 49152;     // of the dynamic ports (RFC 6335)

    private readonly UserNetwork network;
    private readonly HostMailbox mailbox;
    private readonly HostSockets sockets;
    private readonly Func<Ipv4Address, ushort, HostStream?> find;
    private readonly Dictionary<TcpFlow, TcpConnection> connections = [];
    private readonly List<HostListener> listeners = [];
    private ushort nextPort = FirstPort;
    private bool isWaitingForRoom;

    /// <param name="network">The network it is part of.</param>
    /// <param name="mailbox">Where the sockets' news goes.</param>
    /// <param name="sockets">Gives sockets their place.</param>
    /// <param name="find">The stream for an address and port, not yet connected; null if there is none, a SocketException if there is no socket for it.</param>
    public TcpRelay(UserNetwork network, HostMailbox mailbox, HostSockets sockets, Func<Ipv4Address, ushort, HostStream?> find)
    {
        this.network = network;
        this.mailbox = mailbox;
        this.sockets = sockets;
        this.find = find;
    }

    public int Count => connections.Count;

    /// <summary>True while any connection is open or opening.</summary>
    public bool IsTalking => connections.Values.Any(connection => connection.State != TcpState.TimeWait);

    /// <summary>Where the forwarded ports listen.</summary>
    public IEnumerable<IPEndPoint> Locals => listeners.Select(listener => listener.Local);

    public long? NextDue
    {
        get
        {
            long? earliest = null;
            foreach (TcpConnection connection in connections.Values)
                if (connection.NextDue is { } due && !(earliest <= due)) earliest = due;
            return earliest;
        }
    }

    public bool IsWaitingForRoom => isWaitingForRoom && network.HasRoom;

    public long Now => network.Now;

    bool ITcpWire.HasRoom
    {
        get
        {
            if (network.HasRoom) return true;
            isWaitingForRoom = true;
            return false;
        }
    }

    /// <returns>Where the host listens.</returns>
    /// <exception cref="SocketException">The host's port is not free.</exception>
    public IPEndPoint Forward(IPEndPoint local, Ipv4Address guest, ushort guestPort)
    {
        HostListener listener = new(local, mailbox, socket => Accept(socket, guest, guestPort));
        listeners.Add(listener);
        return listener.Local;
    }

    /// <summary>Begins a connection to a port of the guest.</summary>
    public void ConnectGuest(HostStream host, Ipv4Address guest, ushort guestPort)
    {
        if (!MakeRoom())
        {
            host.Dispose();
            return;
        }
        TcpFlow flow;
        do
        {
            flow = new TcpFlow(network.Addresses.Gateway, nextPort, guest, guestPort);
            nextPort = nextPort == ushort.MaxValue ? FirstPort : (ushort)(nextPort + 1);
        }
        while (connections.ContainsKey(flow));
        connections[flow] = TcpConnection.ToGuest(this, flow, host);
    }

    /// <summary>Takes a segment of the guest.</summary>
    /// <returns>Null, or why nothing answers there.</returns>
    public Unreachable? Receive(Ipv4Packet packet, TcpSegment segment)
    {
        TcpFlow flow = new(packet.Destination, segment.DestinationPort, packet.Source, segment.SourcePort);
        bool opens = (segment.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.Syn;
        if (connections.TryGetValue(flow, out TcpConnection? connection) && !(opens && connection.State == TcpState.TimeWait))
        {
            connection.Receive(segment);
            Forget(connection);
            return null;
        }
        connections.Remove(flow);
        if (!opens)
        {
            Refuse(flow, segment);
            return null;
        }
        HostStream? host;
        try
        {
            host = find(flow.Host, flow.HostPort);
        }
        catch (SocketException)
        {
            Refuse(flow, segment);
            return null;
        }
        if (host is null)
        {
            sockets.NoteRefused(Transport.Tcp, flow.Host, flow.HostPort, flow.Host == network.Addresses.Gateway);
            return Unreachable.Prohibited;
        }
        if (!MakeRoom())
        {
            host.Dispose();
            Refuse(flow, segment);
            return null;
        }
        connections[flow] = TcpConnection.FromGuest(this, flow, host, segment);
        return null;
    }

    /// <summary>The guest's Ethernet address has become known.</summary>
    public void GuestFound()
    {
        foreach (TcpConnection connection in connections.Values) connection.GuestFound();
    }

    /// <summary>Lets every connection do what is due, and forgets those that are over.</summary>
    public void Advance()
    {
        isWaitingForRoom = false;
        foreach (TcpConnection connection in connections.Values.ToArray())
        {
            connection.Advance();
            Forget(connection);
        }
    }

    /// <summary>Writes which connections the guest has, and where they are.</summary>
    public void Save(StateWriter state)
    {
        TcpConnection[] known = [.. connections.Values.Where(connection => connection.IsKnownToGuest)];
        state.Write(known.Length);
        foreach (TcpConnection connection in known)
        {
            state.Write(connection.Flow.Host.Bits);
            state.Write(connection.Flow.HostPort);
            state.Write(connection.Flow.Guest.Bits);
            state.Write(connection.Flow.GuestPort);
            state.Write(connection.SendMost);
            state.Write(connection.ReceiveNext);
        }
    }

    /// <summary>Tells the guest that the connections it had are over.</summary>
    /// <param name="state">Those that were saved.</param>
    /// <exception cref="InvalidStateException">They make no sense.</exception>
    public void Reset(StateReader state)
    {
        for (int left = state.ReadInt32(0, MostConnections, "the number of connections"); left > 0; left--)
        {
            TcpFlow flow = new(new Ipv4Address(state.ReadUInt32()), state.ReadUInt16(), new Ipv4Address(state.ReadUInt32()), state.ReadUInt16());
            Send(flow, state.ReadUInt32(), state.ReadUInt32(), TcpFlags.Rst | TcpFlags.Ack, 0, new ByteRing(0), 0, 0);
        }
    }

    public void Dispose()
    {
        foreach (HostListener listener in listeners) listener.Dispose();
        foreach (TcpConnection connection in connections.Values) connection.Break(tellGuest: false);
        connections.Clear();
    }

    public void Send(in TcpFlow flow, uint sequence, uint acknowledgement, TcpFlags flags, ushort window, ByteRing data, int offset, int length)
    {
        int header = TcpSegment.HeaderLength(flags);
        byte[] frame = network.CreateFrame(flow.Host, flow.Guest, IpProtocol.Tcp, header + length, out Span<byte> segment);
        data.Peek(offset, segment[header..]);
        TcpSegment.WriteHeader(segment, flow, sequence, acknowledgement, flags, window);
        network.SendFrame(frame);
    }

    private void Accept(Socket socket, Ipv4Address guest, ushort guestPort)
    {
        try
        {
            ConnectGuest(SocketStream.Of(socket, mailbox, sockets), guest, guestPort);
        }
        catch (SocketException)
        {
            // Whoever connected is told by the reset.
        }
    }

    /// <summary>Whether there may be one more connection; those that are as good as over give way.</summary>
    private bool MakeRoom()
    {
        if (connections.Count < MostConnections) return true;
        return connections.Values.FirstOrDefault(connection => connection.State == TcpState.TimeWait) is { } old && connections.Remove(old.Flow);
    }

    private void Forget(TcpConnection connection)
    {
        if (connection.State == TcpState.Closed) connections.Remove(connection.Flow);
    }

    /// <summary>Answers a segment that belongs to no connection, unless it is such an answer itself (RFC 9293 §3.10.7.1).</summary>
    private void Refuse(in TcpFlow flow, TcpSegment segment)
    {
        if (segment.Has(TcpFlags.Rst)) return;
        ByteRing nothing = new(0);
        if (segment.Has(TcpFlags.Ack)) Send(flow, segment.Acknowledgement, 0, TcpFlags.Rst, 0, nothing, 0, 0);
        else Send(flow, 0, segment.Sequence + segment.Length, TcpFlags.Rst | TcpFlags.Ack, 0, nothing, 0, 0);
    }
}
