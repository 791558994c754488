using System.Net;
using System.Net.Sockets;

namespace LguestPS.Networks.User;

/// <summary>A TCP connection's host side that is a socket: one to connect, or one that a program of the host has connected to us.</summary>
internal sealed class SocketStream : HostStream
{
    private readonly Socket socket;
    private readonly EndPoint? remote;
    private readonly HostMailbox mailbox;
    private readonly byte[] read = new byte[LongestRead];
    private bool closed;

    /// <param name="remote">Where to connect to.</param>
    /// <param name="mailbox">Where the news goes.</param>
    public SocketStream(EndPoint remote, HostMailbox mailbox)
        : this(new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Unspecified), mailbox) =>
        this.remote = remote;

    /// <param name="connected">A socket that is connected.</param>
    /// <param name="mailbox">Where the news goes.</param>
    public SocketStream(Socket connected, HostMailbox mailbox)
    {
        socket = connected;
        this.mailbox = mailbox;
        if (socket.AddressFamily is not AddressFamily.Unix) socket.NoDelay = true;      // the guest has done its waiting itself
    }

    public override void Connect() => Begin(async () =>
    {
        await socket.ConnectAsync(remote!).ConfigureAwait(false);
        return Owner.HostConnected;
    });

    public override void Read() => Begin(async () =>
    {
        int count = await socket.ReceiveAsync(read, SocketFlags.None).ConfigureAwait(false);
        return () => Owner.HostSent(read.AsSpan(0, count));
    });

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
        closed = true;
        if (inPeace) socket.Dispose();
        else socket.Close(timeout: 0);      // resets the connection: the other side must not take this for an end
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
