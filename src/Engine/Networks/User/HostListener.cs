using System.Net;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>A listening port of the host whose connections go to the guest.</summary>
internal sealed class HostListener : IDisposable
{
    private const int Backlog = 16;

    private readonly Socket socket;
    private readonly HostMailbox mailbox;
    private readonly Action<Socket> connected;

    /// <param name="local">Where to listen; port 0 takes any that is free.</param>
    /// <param name="mailbox">Where the news goes.</param>
    /// <param name="connected">Gets each connection, on the guest's thread.</param>
    /// <exception cref="SocketException">It cannot listen there.</exception>
    public HostListener(IPEndPoint local, HostMailbox mailbox, Action<Socket> connected)
    {
        this.mailbox = mailbox;
        this.connected = connected;
        socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(local);
            socket.Listen(Backlog);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        _ = Accept();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Local => (IPEndPoint)socket.LocalEndPoint!;

    public void Dispose() => socket.Dispose();

    private async Task Accept()
    {
        Socket next;
        try
        {
            next = await socket.AcceptAsync().ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
        {
            mailbox.Post(() => _ = Accept());       // gone before it was taken
            return;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return;
        }
        mailbox.Post(() =>
        {
            connected(next);
            _ = Accept();
        });
    }
}
