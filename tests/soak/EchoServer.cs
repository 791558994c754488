using System.Net;
using System.Net.Sockets;

namespace LguestPS.Tests.Soak;

/// <summary>The other end of the load's network, on this machine's loopback: gives back what it gets, and fails when it is told to.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<Socket> connections = [];
    private readonly Socket datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource over = new();
    private readonly ManualResetEventSlim answers = new(initialState: true);
    private Socket listener;

    public EchoServer()
    {
        listener = Listen(0);
        datagrams.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        Start(ServeDatagrams, datagrams);
    }

    public int Port { get; private set; }

    /// <summary>Whether anybody has sent anything over a connection yet.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>As if nobody had sent anything.</summary>
    public void Forget() => HasReceived = false;

    public int Connections
    {
        get { lock (gate) return connections.Count; }
    }

    /// <summary>Takes everything and answers nothing until <see cref="Recover"/>.</summary>
    public void Hang() => answers.Reset();

    /// <summary>Resets every connection there is.</summary>
    public void Reset()
    {
        lock (gate)
        {
            foreach (Socket connection in connections)
            {
                connection.LingerState = new LingerOption(true, 0);
                connection.Close();
            }
            connections.Clear();
        }
    }

    /// <summary>Closes every connection in the middle, but in order.</summary>
    public void Drop()
    {
        lock (gate)
        {
            foreach (Socket connection in connections) connection.Close();
            connections.Clear();
        }
    }

    /// <summary>Listens no more: connecting is refused until <see cref="Recover"/>.</summary>
    public void Leave()
    {
        listener.Dispose();
        Reset();
    }

    public void Recover()
    {
        answers.Set();
        if (!listener.IsBound || listener.SafeHandle.IsClosed) listener = Listen(Port);
    }

    public void Dispose()
    {
        over.Cancel();
        answers.Set();
        listener.Dispose();
        datagrams.Dispose();
        Reset();
    }

    private Socket Listen(int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen(64);
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        Start(Accept, socket);
        return socket;
    }

    private static void Start(Action<Socket> work, Socket socket) => new Thread(() => Quietly(work, socket)) { IsBackground = true, Name = "echo" }.Start();

    private static void Quietly(Action<Socket> work, Socket socket)
    {
        try
        {
            work(socket);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Somebody has closed it, here or there.
        }
    }

    private void Accept(Socket socket)
    {
        while (!over.IsCancellationRequested)
        {
            Socket connection = socket.Accept();
            lock (gate) connections.Add(connection);
            Start(Serve, connection);
        }
    }

    private void Serve(Socket connection)
    {
        try
        {
            byte[] bytes = new byte[8192];
            for (int count; (count = connection.Receive(bytes)) > 0;)
            {
                HasReceived = true;
                answers.Wait();
                for (int sent = 0; sent < count;) sent += connection.Send(bytes, sent, count - sent, SocketFlags.None);
            }
        }
        finally
        {
            connection.Dispose();
            lock (gate) connections.Remove(connection);
        }
    }

    private void ServeDatagrams(Socket socket)
    {
        byte[] bytes = new byte[65536];
        while (!over.IsCancellationRequested)
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            int count;
            try
            {
                count = socket.ReceiveFrom(bytes, ref from);
                if (answers.IsSet) socket.SendTo(bytes, count, SocketFlags.None, from);
            }
            catch (SocketException) when (!over.IsCancellationRequested)
            {
                // A guest that has gone refuses what is sent to it.
            }
        }
    }
}
