using LguestPS.Definition;
using LguestPS.Networks;
using LguestPS.Networks.User;

namespace LguestPS.Tests.Networks;

/// <summary>A user network without a guest: the test builds the guest's frames, looks at those for it, and says what time it is.</summary>
internal sealed class TestWire : IDisposable
{
    public static readonly MacAddress GuestMac = new(0x02_00_00_00_00_0F);
    public static readonly Ipv4Address Gateway = Address(10, 0, 2, 2);
    public static readonly Ipv4Address Guest = Address(10, 0, 2, 15);
    public static readonly MacAddress GatewayMac = new(0x52_55_0A_00_02_02);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="definition">What the guest may reach; null for every port of the host's loopback.</param>
    /// <param name="streams">True to put a <see cref="FakeStream"/> after every address and port, false for the host's sockets.</param>
    /// <param name="sockets">The sockets it may have; null for as many as usual.</param>
    /// <param name="resolver">Answers for names instead of the host's.</param>
    public TestWire(UserNetDefinition? definition = null, bool streams = false, HostSockets? sockets = null, INameResolver? resolver = null) =>
        Network = new UserNetwork(definition ?? new UserNetDefinition { Loopback = true }, sockets ?? new HostSockets(GuestLimits.UsualSockets), streams ? MakeStream : null, resolver);

    public UserNetwork Network { get; }

    /// <summary>The streams that connections of the guest have led to.</summary>
    public List<FakeStream> Streams { get; } = [];

    /// <summary>Guest time in nanoseconds.</summary>
    public long Now { get; private set; }

    public static Ipv4Address Address(byte a, byte b, byte c, byte d) => new((uint)a << 24 | (uint)b << 16 | (uint)c << 8 | d);

    public static byte[] Ethernet(EtherType type, ReadOnlySpan<byte> payload, MacAddress? destination = null, MacAddress? source = null)
    {
        byte[] frame = EthernetFrame.Create(source ?? GuestMac, destination ?? GatewayMac, type, payload.Length);
        payload.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize));
        return frame;
    }

    public static byte[] Ipv4(IpProtocol protocol, ReadOnlySpan<byte> payload, Ipv4Address? destination = null, Ipv4Address? source = null)
    {
        byte[] packet = new byte[Ipv4Packet.HeaderSize + payload.Length];
        payload.CopyTo(packet.AsSpan(Ipv4Packet.HeaderSize));
        Ipv4Packet.WriteHeader(packet, source ?? Guest, destination ?? Gateway, protocol);
        return Ethernet(EtherType.Ipv4, packet, destination == Ipv4Address.Broadcast ? MacAddress.Broadcast : GatewayMac);
    }

    public static byte[] Udp(ushort sourcePort, ushort destinationPort, ReadOnlySpan<byte> payload, Ipv4Address? destination = null, Ipv4Address? source = null) =>
        Ipv4(IpProtocol.Udp, UdpDatagram.Create(source ?? Guest, sourcePort, destination ?? Gateway, destinationPort, payload), destination, source);

    public static byte[] Tcp(ushort sourcePort, ushort destinationPort, uint sequence, uint acknowledgement, TcpFlags flags, int window = 32768, ReadOnlySpan<byte> payload = default, Ipv4Address? destination = null)
    {
        byte[] segment = new byte[TcpSegment.HeaderLength(flags) + payload.Length];
        payload.CopyTo(segment.AsSpan(TcpSegment.HeaderLength(flags)));
        TcpSegment.WriteHeader(segment, new TcpFlow(Guest, sourcePort, destination ?? Gateway, destinationPort), sequence, acknowledgement, flags, (ushort)window);
        return Ipv4(IpProtocol.Tcp, segment, destination);
    }

    /// <summary>Sends a frame of the guest.</summary>
    /// <returns>The frames that are then there for it.</returns>
    public List<byte[]> Send(byte[] frame)
    {
        Network.Advance(Now);
        Network.TrySend(frame);
        return Take();
    }

    /// <summary>Says who the guest is, as its first frame would.</summary>
    public TestWire Introduced()
    {
        Send(Ethernet(EtherType.Arp, new ArpPacket(ArpOperation.Request, GuestMac, Guest, default, Gateway).ToFrame(GatewayMac).AsSpan(EthernetFrame.HeaderSize)));
        return this;
    }

    /// <summary>Lets guest time pass.</summary>
    public List<byte[]> Wait(TimeSpan time)
    {
        Now += (long)time.TotalNanoseconds;
        Network.Advance(Now);
        return Take();
    }

    /// <summary>Lets guest time pass until something is due, which must be soon enough.</summary>
    public List<byte[]> WaitUntilDue()
    {
        Now = Math.Max(Now, Network.NextDue ?? throw new InvalidOperationException("nothing is due"));
        Network.Advance(Now);
        return Take();
    }

    public List<byte[]> Take()
    {
        List<byte[]> frames = [];
        while (Network.TryTake(out byte[]? frame)) frames.Add(frame);
        return frames;
    }

    /// <summary>Waits for the sockets to bring this many frames; no guest time passes.</summary>
    public List<byte[]> WaitForFrames(int count)
    {
        List<byte[]> frames = [];
        WaitForSockets(() =>
        {
            List<byte[]> more = Wait(TimeSpan.Zero);
            frames.AddRange(more);
            return more.Count != 0;
        }, () => frames.Count >= count);
        return frames;
    }

    /// <summary>Takes turns until something is done; whenever a turn changes nothing, waits for news of the sockets before the next.</summary>
    /// <param name="turn">Returns whether it has changed anything.</param>
    /// <param name="isDone">Whether no more turns are needed.</param>
    public void WaitForSockets(Func<bool> turn, Func<bool> isDone)
    {
        using AutoResetEvent arrived = new(false);
        Network.Arrived = () => arrived.Set();
        while (!isDone())
            if (!turn() && !isDone()) Xunit.Assert.True(arrived.WaitOne(Patience), "the sockets bring nothing");
        Network.Arrived = null;
    }

    public FakeStream ConnectGuest(ushort port)
    {
        FakeStream stream = new(Network.Mailbox);
        Network.ConnectGuest(stream, port);
        return stream;
    }

    public void Dispose() => Network.Dispose();

    private FakeStream MakeStream(Ipv4Address address, ushort port)
    {
        FakeStream stream = new(Network.Mailbox);
        Streams.Add(stream);
        return stream;
    }
}

/// <summary>A program of the host that does what the test says.</summary>
internal sealed class FakeStream(HostMailbox mailbox) : HostStream
{
    private ReadOnlyMemory<byte> writing;

    public bool IsConnecting { get; private set; }
    public bool IsReading { get; private set; }
    public bool IsFinished { get; private set; }

    /// <summary>How it was closed: in peace, by breaking; or null while it is open.</summary>
    public bool? ClosedInPeace { get; private set; }

    public List<byte> Received { get; } = [];

    /// <summary>How many bytes the program takes at once, before anything has to wait for it.</summary>
    public int TakesAtOnce { get; set; }

    public override void Connect() => IsConnecting = true;

    public override void Read()
    {
        Xunit.Assert.False(IsReading);
        IsReading = true;
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        Xunit.Assert.True(writing.IsEmpty && !IsFinished);
        int count = Math.Min(TakesAtOnce, bytes.Length);
        Received.AddRange(bytes[..count]);
        TakesAtOnce -= count;
        return count;
    }

    public override void Write(ReadOnlyMemory<byte> bytes)
    {
        Xunit.Assert.True(writing.IsEmpty && !IsFinished);
        writing = bytes;
    }

    public override void FinishWriting() => IsFinished = true;

    public override void Close(bool inPeace) => ClosedInPeace ??= inPeace;

    /// <summary>The program accepts, unless it is no longer wanted: with too many connections a new one is closed at once.</summary>
    public void Accept()
    {
        if (ClosedInPeace is null) mailbox.Post(() => Owner.HostConnected());
    }

    public void Fail() => mailbox.Post(() => Owner.HostFailed());

    /// <summary>Sends bytes to the guest; there must be a read for them.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        Xunit.Assert.True(IsReading && bytes.Length <= LongestRead);
        IsReading = false;
        byte[] copy = bytes.ToArray();
        mailbox.Post(() => Owner.HostSent(copy));
    }

    public void End() => Send([]);

    /// <summary>Takes what is being written.</summary>
    public bool TryReceive()
    {
        if (writing.IsEmpty) return false;
        Received.AddRange(writing.Span);
        writing = default;
        mailbox.Post(() => Owner.HostTook());
        return true;
    }
}
