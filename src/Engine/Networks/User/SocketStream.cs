using System.Net;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>A TCP connection's host side that is a socket: one to connect, or one that a program of the host has connected to us.</summary>
internal sealed class SocketStream : HostStream
{
    private readonly Socket socket;
    private readonly EndPoint? remote;
    private readonly HostMailbox mailbox;
    private readonly HostSockets sockets;
    private readonly byte[] read = new byte[LongestRead];
    private bool closed;

    /// <param name="remote">Where to connect to.</param>
    /// <param name="mailbox">Where the news goes.</param>
    /// <param name="sockets">Gives the socket its place.</param>
    /// <exception cref="SocketException">There is no socket to be had.</exception>
    public static SocketStream To(EndPoint remote, HostMailbox mailbox, HostSockets sockets)
    {
        sockets.Take();
        try
        {
            return new SocketStream(new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Unspecified), remote, mailbox, sockets);
        }
        catch
        {
            sockets.Return();
            throw;
        }
    }

    /// <param name="connected">A socket that is connected; closed if there is no place for it.</param>
    /// <param name="mailbox">Where the news goes.</param>
    /// <param name="sockets">Gives the socket its place.</param>
    /// <exception cref="SocketException">There is none.</exception>
    public static SocketStream Of(Socket connected, HostMailbox mailbox, HostSockets sockets)
    {
        try
        {
            sockets.Take();
        }
        catch
        {
            connected.Close(timeout: 0);
            throw;
        }
        SocketStream stream = new(connected, remote: null, mailbox, sockets);
        try
        {
            stream.Hasten();
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private SocketStream(Socket socket, EndPoint? remote, HostMailbox mailbox, HostSockets sockets)
    {
        this.socket = socket;
        this.remote = remote;
        this.mailbox = mailbox;
        this.sockets = sockets;
    }

    public override void Connect() => Begin(async () =>
    {
        Hasten();
        await socket.ConnectAsync(remote!).ConfigureAwait(false);
        return Owner.HostConnected;
    });

    public override void Read() => Begin(async () =>
    {
        int count = await socket.ReceiveAsync(read, SocketFlags.None).ConfigureAwait(false);
        return () => Owner.HostSent(read.AsSpan(0, count));
    });

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            socket.Blocking = false;
            int count = socket.Send(bytes, SocketFlags.None, out SocketError error);
            return error == SocketError.Success ? count : 0;
        }
        catch (Exception e) when (IsExpected(e))
        {
            return 0;
        }
    }

    public override void Write(ReadOnlyMemory<byte> bytes) => Begin(async () =>
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false)..];
        return Owner.HostTook;
    });

    public override void FinishWriting()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (IsExpected(e))
        {
            mailbox.Post(Owner.HostFailed);
        }
    }

    public override void Close(bool inPeace)
    {
        if (closed) return;
        closed = true;
        sockets.Return();
        if (inPeace) socket.Dispose();
        else socket.Close(timeout: 0);      // resets the connection: the other side must not take this for an end
    }

    /// <summary>Sends at once what is written: the guest has done its waiting itself.</summary>
    private void Hasten()
    {
        if (socket.AddressFamily is not AddressFamily.Unix) socket.NoDelay = true;
    }

    /// <summary>The ways in which a socket fails that is used and closed by two threads, and whose other side may do anything.</summary>
    private static bool IsExpected(Exception e) => e is SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;

    /// <summary>Begins something, and posts what it ends with.</summary>
    private void Begin(Func<Task<Action>> work) => _ = Finish(work);

    private async Task Finish(Func<Task<Action>> work)
    {
        Action news;
        try
        {
            news = await work().ConfigureAwait(false);
        }
        catch (Exception e) when (IsExpected(e))
        {
            news = Owner.HostFailed;
        }
        mailbox.Post(() =>
        {
            if (!closed) news();
        });
    }
}
