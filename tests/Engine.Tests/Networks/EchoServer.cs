using System.Net;
using System.Net.Sockets;

namespace LguestPS.Tests.Networks;

/// <summary>Answers connections, one after the other, with what they say.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);

    public EchoServer()
    {
        listener.Start();
        _ = Serve();
    }

    /// <summary>A network whose gateway has this server at port 7.</summary>
    public UserNetDefinition Network => new() { Loopback = false, Reach = [new PortReach(Transport.Tcp, null, 7, listener.LocalEndpoint)] };

    public void Dispose() => listener.Dispose();

    private async Task Serve()
    {
        byte[] bytes = new byte[1000];
        while (true)
        {
            using Socket socket = await listener.AcceptSocketAsync();
            try
            {
                while (await socket.ReceiveAsync(bytes) is > 0 and int count) await socket.SendAsync(bytes.AsMemory(0, count));
            }
            catch (SocketException)
            {
                // Cut off; somebody else may come.
            }
        }
    }
}
