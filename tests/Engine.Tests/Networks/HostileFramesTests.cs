using CsCheck;
using LguestPS.Definition;
using LguestPS.Networks;
using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>Whatever a guest sends: no exception, no more memory than allowed; and a wire that loses frames loses no data.</summary>
public class HostileFramesTests
{
    internal static readonly byte[][] Frames =
    [
        TestWire.Ethernet(EtherType.Arp, new ArpPacket(ArpOperation.Request, TestWire.GuestMac, TestWire.Guest, default, TestWire.Gateway).ToFrame(TestWire.GatewayMac).AsSpan(14)),
        TestWire.Ipv4(IpProtocol.Icmp, [8, 0, 0xF7, 0xFF, 0, 0, 0, 0]),
        TestWire.Udp(68, 67, new byte[300], Ipv4Address.Broadcast, Ipv4Address.Any),
        TestWire.Tcp(1000, 80, 1, 0, TcpFlags.Syn),
        TestWire.Tcp(1000, 80, 2, 0, TcpFlags.Ack, payload: "data"u8),
    ];

    private static readonly Gen<byte[]> Valid = Gen.Int[0, Frames.Length - 1].Select(i => Frames[i]);

    [Fact]
    public void Random_bytes_hurt_nobody()
    {
        using TestWire wire = new(streams: true);
        Gen.Byte.Array[0, 1600].Sample(frame => Try(wire, frame), iter: 20_000, threads: 1);
    }

    [Fact]
    public void Valid_frames_with_a_few_changed_bytes_and_right_checksums_hurt_nobody()
    {
        using TestWire wire = new(streams: true);
        Gen.Select(Valid, Gen.Select(Gen.Int[0, 400], Gen.Byte).Array[0, 6], Gen.Int[0, 400]).Sample(
            (frame, changes, cut) =>
            {
                byte[] changed = [.. frame];
                foreach ((int at, byte value) in changes) changed[at % changed.Length] = value;
                if (cut % 5 == 0) changed = changed[..Math.Min(cut, changed.Length)];
                Try(wire, Repaired(changed));
                if (wire.Streams.Count > 0 && cut % 3 == 0) wire.Streams[^1].Accept();
                if (wire.Streams.Count > 0 && wire.Streams[^1].IsReading) wire.Streams[^1].Send("some data"u8);
                if (cut % 7 == 0) wire.Wait(TimeSpan.FromMilliseconds(cut));
                return wire.Network.Connections <= TcpRelay.MostConnections && wire.Network.UdpFlows <= UdpRelay.MostFlows;
            },
            iter: 20_000, threads: 1);
    }

    [Fact]
    public void Any_segments_of_a_connections_own_ports_hurt_nobody()
    {
        Gen<TcpFlags> flags = Gen.Byte[0, 31].Select(bits => (TcpFlags)bits);
        Gen<uint> near = Gen.Int[-70_000, 70_000].Select(offset => unchecked((uint)offset));
        Gen.Select(flags, near, near, Gen.UShort, Gen.Int[0, 1460]).Array[1, 60].Sample(
            segments =>
            {
                using TestWire wire = new(streams: true);
                wire.Send(TestWire.Tcp(1000, 80, uint.MaxValue, 0, TcpFlags.Syn));
                wire.Streams[0].Accept();
                uint ours = new Seen(wire.Wait(TimeSpan.Zero)[0]).Sequence;
                wire.Send(TestWire.Tcp(1000, 80, 0, ours + 1, TcpFlags.Ack));
                foreach ((TcpFlags flag, uint sequence, uint acknowledgement, ushort window, int length) in segments)
                {
                    foreach (FakeStream stream in wire.Streams)
                    {
                        if (stream.IsReading) stream.Send(new byte[HostStream.LongestRead]);
                        if (length % 2 == 0) stream.TryReceive();
                    }
                    wire.Send(TestWire.Tcp(1000, 80, sequence, ours + acknowledgement, flag, window, new byte[length]));
                    wire.Wait(TimeSpan.FromMilliseconds(length));
                }
                return wire.Network.Connections <= 1;
            },
            iter: 1000, threads: 1);
    }

    [Fact]
    public void What_one_side_sends_the_other_gets_even_if_frames_are_lost()
    {
        Gen.Select(Gen.Byte.Array[0, 30_000], Gen.Byte.Array[0, 30_000], Gen.Int[0, 10], Gen.Int, Gen.Bool).Sample(
            (toHost, toGuest, percent, seed, fromHost) =>
            {
                Random chance = new(seed);
                using TestWire wire = new TestWire(streams: true).Introduced();
                FakeStream? stream = fromHost ? wire.ConnectGuest(80) : null;
                ModelGuest guest = fromHost
                    ? ModelGuest.Accept(wire, 80, toHost, () => chance.Next(100) < percent)
                    : ModelGuest.Connect(wire, 80, toHost, loses: () => chance.Next(100) < percent);
                int sent = 0;
                bool ended = false;
                for (int turn = 0; !guest.IsClosed && turn < 3000; turn++)
                {
                    guest.Turn();
                    stream ??= wire.Streams.FirstOrDefault();
                    if (stream is null) continue;
                    if (turn == 0 || !stream.IsReading && !ended && sent == 0) stream.Accept();
                    stream.TryReceive();
                    if (!stream.IsReading || ended) continue;
                    int piece = Math.Min(toGuest.Length - sent, HostStream.LongestRead);
                    ended = piece == 0;
                    stream.Send(toGuest.AsSpan(sent, piece));
                    sent += piece;
                }
                while (stream!.TryReceive()) wire.Wait(TimeSpan.Zero);
                return guest.IsClosed && guest.Received.AsSpan().SequenceEqual(toGuest) && stream.Received.SequenceEqual(toHost);
            },
            iter: 150);
    }

    private static void Try(TestWire wire, byte[] frame)
    {
        wire.Network.Advance(wire.Now);
        wire.Network.TrySend(frame);
        foreach (byte[] answer in wire.Take()) Assert.InRange(answer.Length, NetworkPort.ShortestFrame, NetworkPort.LongestFrame);
    }

    /// <summary>The same frame with checksums that are right, as far as it has any: so that changes reach deeper.</summary>
    internal static byte[] Repaired(byte[] frame)
    {
        if (frame.Length < 34) return frame;
        int header = 14 + (frame[14] & 0xF) * 4;
        if (header < 34 || header > frame.Length) return frame;
        Put(frame, 24, frame.AsSpan(14, header - 14), 0);
        int at = header + (frame[23] switch { 1 => 2, 6 => 16, 17 => 6, _ => int.MaxValue - header });
        if (at > frame.Length - 2) return frame;
        uint pseudo = frame[23] == 1 ? 0 : InternetChecksum.PseudoHeader(Ipv4Address.Read(frame.AsSpan(26)), Ipv4Address.Read(frame.AsSpan(30)), (IpProtocol)frame[23], frame.Length - header);
        Put(frame, at, frame.AsSpan(header), pseudo);
        return frame;
    }

    private static void Put(byte[] frame, int at, ReadOnlySpan<byte> summed, uint initial)
    {
        frame[at] = frame[at + 1] = 0;
        ushort checksum = InternetChecksum.Of(summed, initial);
        (frame[at], frame[at + 1]) = ((byte)(checksum >> 8), (byte)checksum);
    }
}
