using LguestPS.Definition;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>A guest's TCP as simple as can be: it sends and acknowledges one piece at a time, sends it again when nothing comes, and closes when it has sent everything.</summary>
internal sealed class ModelGuest
{
    private const int Piece = 1000;
    private const uint First = 0xFFFF_FF00;

    private readonly TestWire wire;
    private readonly ushort port;
    private readonly Ipv4Address address;
    private readonly byte[] toSend;
    private readonly Func<bool> loses;
    private readonly List<byte> received = [];
    private ushort hostPort;
    private uint acknowledged = First;      // of ours: SYN, data, FIN
    private uint expected;
    private bool isPassive;
    private bool isOpen;
    private bool hostClosed;

    private ModelGuest(TestWire wire, ushort port, ushort hostPort, byte[] toSend, Ipv4Address? address, Func<bool>? loses)
    {
        this.wire = wire;
        this.port = port;
        this.hostPort = hostPort;
        this.toSend = toSend;
        this.address = address ?? TestWire.Gateway;
        this.loses = loses ?? (() => false);
    }

    public byte[] Received => [.. received];

    public bool IsClosed => hostClosed && acknowledged == First + 1 + (uint)toSend.Length + 1;

    /// <param name="loses">Whether the next frame, in either direction, is lost.</param>
    public static ModelGuest Connect(TestWire wire, ushort port, byte[] toSend, Ipv4Address? address = null, Func<bool>? loses = null) =>
        new(wire, 40000, port, toSend, address, loses);

    public static ModelGuest Accept(TestWire wire, ushort port, byte[] toSend, Func<bool>? loses = null) => new(wire, port, 0, toSend, null, loses) { isPassive = true };

    /// <summary>Runs over sockets, on a wire that loses nothing: guest time passes for delayed acknowledgements only.</summary>
    public void RunUntilClosed() => wire.WaitForSockets(
        () =>
        {
            (uint, int, bool) before = (acknowledged, received.Count, hostClosed);
            Turn(TcpConnection.LongestAcknowledgementDelay);
            return before != (acknowledged, received.Count, hostClosed);
        },
        () => IsClosed);

    /// <summary>One round, in which a lost frame is missed: sends what there is to send, and takes what has come.</summary>
    public void Turn() => Turn(300_000_000);

    private void Turn(long nanoseconds)
    {
        if (!isPassive || isOpen) Send();
        foreach (byte[] frame in wire.Wait(TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick)))
            if (frame[12] == 8 && frame[13] == 0 && !loses()) Receive(new Seen(frame));
    }

    private void Send()
    {
        uint sent = acknowledged - First;
        if (sent == 0) Emit(TcpFlags.Syn | (isPassive ? TcpFlags.Ack : 0), []);
        else if (isOpen && sent - 1 < toSend.Length) Emit(TcpFlags.Ack, toSend.AsSpan((int)sent - 1, Math.Min(Piece, toSend.Length - (int)sent + 1)));
        else if (isOpen) Emit(TcpFlags.Ack | TcpFlags.Fin, []);
    }

    private void Receive(Seen segment)
    {
        if (segment.Protocol != 6 || segment.DestinationPort != port) return;
        Assert.Equal(TcpFlags.None, segment.Flags & TcpFlags.Rst);
        if ((segment.Flags & TcpFlags.Syn) != 0)
        {
            hostPort = segment.SourcePort;
            expected = segment.Sequence + 1;
            isOpen = true;
        }
        if ((segment.Flags & TcpFlags.Ack) != 0 && (int)(segment.Acknowledgement - acknowledged) > 0) acknowledged = segment.Acknowledgement;
        if (segment.Sequence == expected && segment.Length != 0)
        {
            received.AddRange(segment.Data);
            expected += segment.Length;
            hostClosed |= (segment.Flags & TcpFlags.Fin) != 0;
        }
        if (segment.Length != 0 && acknowledged != First) Emit(TcpFlags.Ack, [], sequence: acknowledged);
    }

    private void Emit(TcpFlags flags, ReadOnlySpan<byte> data, uint? sequence = null)
    {
        if (loses()) return;
        byte[] frame = TestWire.Tcp(port, hostPort, sequence ?? acknowledged, expected, flags, 3000, data, address);
        wire.Network.Advance(wire.Now);
        wire.Network.TrySend(frame);
    }
}
