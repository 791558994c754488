using System.Net;
using System.Net.Sockets;
using LguestPS.Gdb;
using LguestPS.Networks.User;

namespace LguestPS;

/// <summary>Lets gdb debug a guest by its remote serial protocol: <c>target remote localhost:1234</c>.</summary>
/// <remarks>
/// One session at a time, and only while nothing else drives the guest. Everything of the session happens on the thread that calls
/// <see cref="Serve"/>. Who can reach the port can do anything to the guest, so it listens on the loopback interface unless told otherwise,
/// and no user network of a guest in this process leads to it.
/// </remarks>
public sealed class GdbServer : IDisposable
{
    private readonly Guest guest;
    private readonly TcpListener listener;

    /// <param name="guest">The guest to debug; its CPU must be able to watch addresses.</param>
    /// <param name="address">Where to listen; null for the loopback interface.</param>
    /// <param name="port">0 for any free one.</param>
    /// <exception cref="LguestException">NotSupported: the guest's CPU cannot watch addresses; FileUnavailable: the port cannot be had.</exception>
    public GdbServer(Guest guest, IPAddress? address = null, int port = 0)
    {
        this.guest = guest;
        guest.Interceptor.CheckCanWatch();
        listener = new TcpListener(address ?? IPAddress.Loopback, port);
        try
        {
            listener.Start(backlog: 1);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new LguestException(LguestError.FileUnavailable, $"cannot listen on {address ?? IPAddress.Loopback}:{port}: {e.Message}", e);
        }
        EndPoint = (IPEndPoint)listener.LocalEndpoint;
        PrivateServers.Add(EndPoint);
    }

    /// <summary>Which events <see cref="Happened"/> gets; what gdb changes in the guest, if nothing else is asked for.</summary>
    public EventFilter Filter { get; init; } = new() { Kinds = EventKinds.Intervention };

    /// <summary>Takes the events, on the thread that serves.</summary>
    public Action<LguestEvent>? Happened { get; init; }

    /// <summary>Receives, in a sentence, what goes wrong on the host's side while the guest runs, on the thread that serves.</summary>
    public Action<string>? Warning { get; init; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Waits for gdb, and serves it until it detaches, kills the guest or goes away.</summary>
    /// <returns>False if it was stopped before anybody came.</returns>
    public bool Serve(CancellationToken stop = default)
    {
        TcpClient client;
        try
        {
            client = listener.AcceptTcpClientAsync(stop).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        using (client)
        {
            client.NoDelay = true;
            using GdbPackets packets = new(client.GetStream());
            Converse(packets, stop);
        }
        return true;
    }

    /// <summary>Serves what comes in packets.</summary>
    internal void Converse(GdbPackets packets, CancellationToken stop)
    {
        using GdbSession session = new(guest, packets, new GdbRun(guest, packets, this, stop), stop);
        session.Serve();
    }

    public void Dispose()
    {
        listener.Dispose();
        PrivateServers.Remove(EndPoint);
    }
}
