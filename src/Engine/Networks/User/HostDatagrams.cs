using System.Net;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>A UDP socket of the host; reads one datagram at a time, the next when the news of the last was read.</summary>
internal sealed class HostDatagrams : IDisposable
{
    // How long to wait after an error that says nothing about a datagram, in milliseconds.
    private const int Pause = 100;

    private readonly Socket socket;
    private readonly HostSockets? sockets;
    private readonly HostMailbox mailbox;
    private readonly Received received;
    private readonly Action refused;
    private readonly EndPoint anyone;
    private readonly byte[] buffer = new byte[UdpDatagram.LongestPayload + 1];      // one more shows what is too long
    private volatile bool closed;

    private HostDatagrams(AddressFamily family, HostMailbox mailbox, HostSockets? sockets, Received received, Action refused)
    {
        this.mailbox = mailbox;
        this.sockets = sockets;
        this.received = received;
        this.refused = refused;
        sockets?.Take();
        try
        {
            socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        }
        catch
        {
            sockets?.Return();
            throw;
        }
        anyone = new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
    }

    public delegate void Received(IPEndPoint from, ReadOnlySpan<byte> datagram);

    /// <summary>Where it is bound.</summary>
    public IPEndPoint Local => (IPEndPoint)socket.LocalEndPoint!;

    /// <summary>A socket that talks with one other only, and hears if nothing listens there.</summary>
    /// <exception cref="SocketException">There is no way to it, or no socket to be had.</exception>
    public static HostDatagrams With(IPEndPoint remote, HostMailbox mailbox, HostSockets sockets, Received received, Action refused) =>
        Begin(new HostDatagrams(remote.AddressFamily, mailbox, sockets, received, refused), socket => socket.Connect(remote));

    /// <summary>A socket that anyone of the host may send to.</summary>
    /// <exception cref="SocketException">The address is not free.</exception>
    public static HostDatagrams At(IPEndPoint local, HostMailbox mailbox, Received received) =>
        Begin(new HostDatagrams(local.AddressFamily, mailbox, sockets: null, received, () => { }), socket => socket.Bind(local));

    public void Send(ReadOnlySpan<byte> datagram, IPEndPoint? to = null)
    {
        try
        {
            if (to is null) socket.Send(datagram, SocketFlags.None);
            else socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            refused();      // the answer to an earlier datagram
        }
        catch (SocketException)
        {
            // Datagrams may be lost.
        }
    }

    public void Dispose()
    {
        if (closed) return;
        closed = true;
        socket.Dispose();
        sockets?.Return();
    }

    private static HostDatagrams Begin(HostDatagrams datagrams, Action<Socket> prepare)
    {
        try
        {
            prepare(datagrams.socket);
        }
        catch
        {
            datagrams.Dispose();
            throw;
        }
        _ = datagrams.Receive();
        return datagrams;
    }

    private async Task Receive()
    {
        Action news;
        try
        {
            SocketReceiveFromResult result = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anyone).ConfigureAwait(false);
            news = () =>
            {
                if (result.ReceivedBytes < buffer.Length) received((IPEndPoint)result.RemoteEndPoint, buffer.AsSpan(0, result.ReceivedBytes));
            };
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            news = refused;
        }
        catch (SocketException) when (!closed)
        {
            await Task.Delay(Pause).ConfigureAwait(false);      // too long, or the way there is down: what comes next may get through
            news = () => { };
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return;
        }
        mailbox.Post(() =>
        {
            if (closed) return;
            news();
            if (!closed) _ = Receive();
        });
    }
}
