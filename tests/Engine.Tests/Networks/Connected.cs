using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>A connection that the guest has opened.</summary>
internal sealed class Connected : IDisposable
{
    public const ushort GuestPort = 1000;
    public const ushort HostPort = 80;
    public const uint First = 0xFFFF_FFF0;     // so that the numbers go round within a few bytes

    private readonly int window;

    public Connected(int window = 32768)
    {
        this.window = window;
        Wire.Send(Syn());
        Stream.Accept();
        Seen answer = Seen.Only(Wire.Wait(TimeSpan.Zero));
        Sequence = FirstData = First + 1;
        Expected = answer.Sequence + 1;
        Assert.Empty(Acknowledge(Expected, window));
    }

    public TestWire Wire { get; } = new(streams: true);
    public FakeStream Stream => Wire.Streams[0];

    /// <summary>The next number of the guest, and the first of its data.</summary>
    public uint Sequence { get; set; }

    public uint FirstData { get; }

    /// <summary>The next number the guest expects.</summary>
    public uint Expected { get; set; }

    public byte[]? LastFrame { get; private set; }

    public static byte[] Syn() => TestWire.Tcp(GuestPort, HostPort, First, 0, TcpFlags.Syn);

    public List<byte[]> Send(ReadOnlySpan<byte> data, TcpFlags flags = TcpFlags.None)
    {
        List<byte[]> frames = Wire.Send(TestWire.Tcp(GuestPort, HostPort, Sequence, Expected, flags | TcpFlags.Ack, window, data));
        Sequence += (uint)data.Length + ((flags & TcpFlags.Fin) != 0 ? 1u : 0);
        return frames;
    }

    public List<byte[]> Acknowledge(uint number, int windowNow)
    {
        List<byte[]> frames = Wire.Send(TestWire.Tcp(GuestPort, HostPort, Sequence, number, TcpFlags.Ack, windowNow));
        if (frames.Count != 0) LastFrame = frames[^1];
        return frames;
    }

    /// <summary>Everything the host's program has been sent so far.</summary>
    public byte[] HostReceives()
    {
        while (Stream.TryReceive()) Wire.Network.Advance(Wire.Now);
        return [.. Stream.Received];
    }

    public void Dispose() => Wire.Dispose();
}
