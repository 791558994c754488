using System.Net;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>A listening port of the host whose connections go to the guest.</summary>
internal sealed class HostListener : IDisposable
{
    private const int Backlog = 16;

    // How long to wait when the host has no socket left for a connection, in milliseconds.
    private const int Pause = 100;

    private readonly Socket socket;
    private readonly HostMailbox mailbox;
    private readonly Action<Socket> connected;
    private volatile bool closed;

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

    public void Dispose()
    {
        closed = true;
        socket.Dispose();
    }

    private async Task Accept()
    {
        while (!closed)
        {
            try
            {
                Socket next = await socket.AcceptAsync().ConfigureAwait(false);
                mailbox.Post(() => Take(next));
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // Gone before it was taken.
            }
            catch (SocketException) when (!closed)
            {
                await Task.Delay(Pause).ConfigureAwait(false);      // the host has nothing left, or its network is down: that passes
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Take(Socket next)
    {
        if (closed)
        {
            next.Dispose();
            return;
        }
        connected(next);
        _ = Accept();
    }
}
