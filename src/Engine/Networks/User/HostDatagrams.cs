using System.Net;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>A UDP socket of the host; reads one datagram at a time, the next when the news of the last was read.</summary>
internal sealed class HostDatagrams : IDisposable
{
    private readonly Socket socket;
    private readonly HostMailbox mailbox;
    private readonly Received received;
    private readonly Action refused;
    private readonly EndPoint anyone;
    private readonly byte[] buffer = new byte[UdpDatagram.LongestPayload + 1];      // one more shows what is too long
    private bool closed;

    private HostDatagrams(AddressFamily family, HostMailbox mailbox, Received received, Action refused)
    {
        this.mailbox = mailbox;
        this.received = received;
        this.refused = refused;
        socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        anyone = new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
    }

    public delegate void Received(IPEndPoint from, ReadOnlySpan<byte> datagram);

    /// <summary>Where it is bound.</summary>
    public IPEndPoint Local => (IPEndPoint)socket.LocalEndPoint!;

    /// <summary>A socket that talks with one other only, and hears if nobody is there.</summary>
    /// <exception cref="SocketException">There is no way to it.</exception>
    public static HostDatagrams With(IPEndPoint remote, HostMailbox mailbox, Received received, Action refused) =>
        Begin(new HostDatagrams(remote.AddressFamily, mailbox, received, refused), socket => socket.Connect(remote));

    /// <summary>A socket that anyone of the host may send to.</summary>
    /// <exception cref="SocketException">The address is not free.</exception>
    public static HostDatagrams At(IPEndPoint local, HostMailbox mailbox, Received received) =>
        Begin(new HostDatagrams(local.AddressFamily, mailbox, received, () => { }), socket => socket.Bind(local));

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
        closed = true;
        socket.Dispose();
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
        catch (SocketException e)
        {
            if (e.SocketErrorCode is not (SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.MessageSize)) return;
            news = e.SocketErrorCode == SocketError.MessageSize ? () => { } : refused;
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
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
