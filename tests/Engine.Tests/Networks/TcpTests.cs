using LguestPS.Networks.User;
using Xunit;

namespace LguestPS.Tests.Networks;

/// <summary>A TCP connection's end towards the guest, rule by rule; guest time passes only as the test says.</summary>
public class TcpTests
{
    private const ushort GuestPort = Connected.GuestPort;
    private const ushort HostPort = Connected.HostPort;
    private const uint First = Connected.First;

    [Fact]
    public void A_connection_of_the_guest_waits_for_the_hosts_program()
    {
        using TestWire wire = new(streams: true);
        Assert.Empty(wire.Send(Connected.Syn()));
        Assert.True(Assert.Single(wire.Streams).IsConnecting);
        Assert.Empty(wire.Send(Connected.Syn()));                     // sent again meanwhile: still asking
        Assert.Single(wire.Streams);

        wire.Streams[0].Accept();
        Seen answer = Seen.Only(wire.Wait(TimeSpan.Zero));
        Assert.Equal(("10.0.2.2:80", "10.0.2.15:1000"), (answer.From, answer.To));
        Assert.Equal((TcpFlags.Syn | TcpFlags.Ack, First + 1, (ushort)65535), (answer.Flags, answer.Acknowledgement, answer.Window));
        Assert.Equal("020405B4", Convert.ToHexString(answer.Payload, 20, 4));       // 1460 bytes a segment
        Assert.False(wire.Streams[0].IsReading);            // nothing is read before the guest has agreed
    }

    [Fact]
    public void A_refused_connection_is_refused()
    {
        using TestWire wire = new(streams: true);
        wire.Send(Connected.Syn());
        wire.Streams[0].Fail();
        Seen answer = Seen.Only(wire.Wait(TimeSpan.Zero));
        Assert.Equal((TcpFlags.Rst | TcpFlags.Ack, First + 1), (answer.Flags, answer.Acknowledgement));
        Assert.Equal(0, wire.Network.Connections);
    }

    [Fact]
    public void Data_goes_both_ways()
    {
        using Connected connection = new();
        Assert.Empty(connection.Send("hello, "u8));
        Assert.Equal("hello, "u8.ToArray(), connection.HostReceives());
        Seen acknowledged = Seen.Only(connection.Send("host"u8));           // every second segment
        Assert.Equal(connection.Sequence, acknowledged.Acknowledgement);
        connection.Stream.Send("hello, guest"u8);
        Seen data = Seen.Only(connection.Wire.Wait(TimeSpan.Zero));
        Assert.Equal("hello, guest"u8.ToArray(), data.Data);
        Assert.Equal((TcpFlags.Ack | TcpFlags.Psh, connection.Expected), (data.Flags, data.Sequence));
    }

    [Fact]
    public void A_single_segment_is_acknowledged_soon()
    {
        using Connected connection = new();
        Assert.Empty(connection.Send("x"u8));
        Assert.InRange(connection.Wire.Network.NextDue!.Value - connection.Wire.Now, 1, 40_000_000);
        Assert.Equal(connection.Sequence, Seen.Only(connection.Wire.WaitUntilDue()).Acknowledgement);
    }

    [Fact]
    public void What_the_host_takes_at_once_waits_for_nothing_and_leaves_the_window_open()
    {
        using Connected connection = new();
        connection.Stream.TakesAtOnce = 30_000;
        byte[] data = new byte[1460 * 2];
        new Random(1).NextBytes(data);
        connection.Send(data.AsSpan(0, 1460));
        Assert.Equal(65535, Seen.Only(connection.Send(data.AsSpan(1460))).Window);
        Assert.Equal(data, connection.Stream.Received);
    }

    [Fact]
    public void What_the_host_takes_in_part_is_handed_over_in_order()
    {
        using Connected connection = new();
        connection.Stream.TakesAtOnce = 3;
        connection.Send("abcdef"u8);
        Assert.Equal("abcdef"u8.ToArray(), connection.HostReceives());
    }

    [Theory] // as a card takes it that cuts segments itself
    [InlineData(1461)]
    [InlineData(40_000)]
    [InlineData(65_495)]
    public void A_segment_longer_than_a_frame_is_taken_whole_and_acknowledged_at_once(int length)
    {
        using Connected connection = new();
        connection.Stream.TakesAtOnce = length;
        byte[] data = new byte[length];
        new Random(2).NextBytes(data);
        Assert.Equal(connection.Sequence + (uint)length, Seen.Only(connection.Send(data)).Acknowledgement);
        Assert.Equal(data, connection.Stream.Received);
    }

    [Fact]
    public void Data_out_of_order_is_asked_for_again()
    {
        using Connected connection = new();
        uint missing = connection.Sequence;
        connection.Sequence += 3;
        Seen asked = Seen.Only(connection.Send("def"u8));
        Assert.Equal(missing, asked.Acknowledgement);
        connection.Sequence = missing;
        Assert.Equal(missing + 6, Seen.Only([.. connection.Send("abc"u8), .. connection.Send("def"u8)]).Acknowledgement);
        Assert.Equal("abcdef"u8.ToArray(), connection.HostReceives());
    }

    [Fact]
    public void Data_sent_again_is_taken_once()
    {
        using Connected connection = new();
        uint start = connection.Sequence;
        connection.Send("abc"u8);
        connection.Sequence = start;
        connection.Send("abcdef"u8);
        Assert.Equal("abcdef"u8.ToArray(), connection.HostReceives());
    }

    [Fact]
    public void The_window_shuts_when_the_host_does_not_read_and_opens_when_it_does()
    {
        using Connected connection = new();
        ushort window = 0;
        byte[] piece = new byte[1460];
        for (int i = 0; i < 100; i++)
        {
            List<byte[]> frames = connection.Send(piece);
            if (frames.Count == 0) continue;
            window = new Seen(frames[^1]).Window;
            connection.Sequence = new Seen(frames[^1]).Acknowledgement;
        }
        Assert.Equal(0, window);
        uint full = connection.Sequence;
        Assert.Equal(full, Seen.Only(connection.Send("more"u8)).Acknowledgement);           // not taken
        connection.Sequence = full;

        List<Seen> updates = [];
        while (connection.Stream.TryReceive()) updates.AddRange(connection.Wire.Wait(TimeSpan.Zero).Select(frame => new Seen(frame)));
        Assert.Contains(updates, update => update.Window >= 32767 && update.Acknowledgement == full);
        Assert.Equal(full - connection.FirstData, (uint)connection.Stream.Received.Count);
    }

    [Fact]
    public void No_more_is_sent_than_the_guests_window_allows()
    {
        using Connected connection = new(window: 2000);
        connection.Stream.Send(new byte[10_000]);
        List<Seen> sent = [.. connection.Wire.Wait(TimeSpan.Zero).Select(frame => new Seen(frame))];
        Assert.Equal([1460, 540], sent.Select(segment => segment.Data.Length));
        Assert.Equal(2000, connection.Acknowledge(sent[^1].Sequence + 540, 5000).Sum(frame => new Seen(frame).Data.Length) - 3000);
    }

    [Fact]
    public void A_shut_window_is_asked_about_with_one_byte_until_it_opens()
    {
        using Connected connection = new(window: 0);
        connection.Stream.Send("abc"u8);
        Assert.Empty(connection.Wire.Wait(TimeSpan.Zero));
        for (int i = 0; i < 50; i++)                    // far more often than anything else is sent again
        {
            Seen question = Seen.Only(connection.Wire.WaitUntilDue());
            Assert.Equal((1, connection.Expected), (question.Data.Length, question.Sequence));
            Assert.Empty(connection.Acknowledge(connection.Expected, 0));
        }
        Seen all = Seen.Only(connection.Acknowledge(connection.Expected, 100));
        Assert.Equal("abc"u8.ToArray(), all.Data);
    }

    [Fact]
    public void What_is_not_acknowledged_is_sent_again_more_and_more_slowly_and_then_given_up()
    {
        using Connected connection = new();
        connection.Stream.Send("lost"u8);
        Seen.Only(connection.Wire.Wait(TimeSpan.Zero));
        List<double> seconds = [];
        while (true)
        {
            long before = connection.Wire.Now;
            Seen again = Seen.Only(connection.Wire.WaitUntilDue());
            seconds.Add((connection.Wire.Now - before) / 1e9);
            if ((again.Flags & TcpFlags.Rst) != 0) break;
            Assert.Equal(("lost", connection.Expected), (System.Text.Encoding.ASCII.GetString(again.Data), again.Sequence));
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 64, 64], seconds);
        Assert.False(connection.Stream.ClosedInPeace);
        Assert.Equal(0, connection.Wire.Network.Connections);
    }

    [Fact]
    public void After_a_loss_everything_behind_it_comes_again()
    {
        using Connected connection = new();
        connection.Stream.Send(new byte[5000]);
        Assert.Equal(4, connection.Wire.Wait(TimeSpan.Zero).Count);
        Seen first = Seen.Only(connection.Wire.WaitUntilDue());                             // one segment, as a test
        Assert.Equal(connection.Expected, first.Sequence);
        List<byte[]> rest = connection.Acknowledge(connection.Expected + 1460, 32768);      // then two, …
        Assert.Equal([1460, 1460], rest.Select(frame => new Seen(frame).Data.Length));
        Assert.Equal(620, Seen.Only(connection.Acknowledge(connection.Expected + 4380, 32768)).Data.Length);
        connection.Acknowledge(connection.Expected + 5000, 32768);
        Assert.Null(connection.Wire.Network.NextDue);
    }

    [Fact]
    public void Closing_goes_from_the_guest_to_the_host_and_back()
    {
        using Connected connection = new();
        connection.Send("bye"u8);
        Seen taken = Seen.Only(connection.Send([], TcpFlags.Fin));
        Assert.Equal(connection.Sequence, taken.Acknowledgement);
        Assert.False(connection.Stream.IsFinished);         // its data first
        Assert.Equal("bye"u8.ToArray(), connection.HostReceives());
        Assert.True(connection.Stream.IsFinished);

        connection.Stream.Send("bye to you"u8);             // the other direction is still open
        connection.Expected = new Seen(connection.Wire.Wait(TimeSpan.Zero)[^1]).Sequence + 10;
        connection.Stream.Send(default);
        connection.Acknowledge(connection.Expected, 1000);
        Seen fin = new(connection.LastFrame!);
        Assert.Equal((TcpFlags.Fin | TcpFlags.Ack, connection.Expected), (fin.Flags & ~TcpFlags.Psh, fin.Sequence));
        connection.Acknowledge(connection.Expected + 1, 1000);
        Assert.True(connection.Stream.ClosedInPeace);
        Assert.Equal(1, connection.Wire.Network.Connections);       // for a while, in case our last answer was lost
        connection.Wire.WaitUntilDue();
        Assert.Equal(0, connection.Wire.Network.Connections);
    }

    [Fact]
    public void Closing_goes_from_the_host_to_the_guest_and_back()
    {
        using Connected connection = new();
        connection.Stream.End();
        Seen fin = Seen.Only(connection.Wire.Wait(TimeSpan.Zero));
        Assert.Equal(TcpFlags.Fin | TcpFlags.Ack, fin.Flags);
        connection.Acknowledge(fin.Sequence + 1, 1000);
        connection.Expected++;
        connection.Send("still here"u8);
        Assert.Equal("still here"u8.ToArray(), connection.HostReceives());
        connection.Send([], TcpFlags.Fin);
        Assert.True(connection.Stream.ClosedInPeace);
        connection.Sequence--;
        Assert.Equal(connection.Sequence + 1, Seen.Only(connection.Send([], TcpFlags.Fin)).Acknowledgement);        // again, because our answer was lost
    }

    [Fact]
    public void A_new_connection_may_follow_at_once_on_the_same_ports()
    {
        using Connected connection = new();
        connection.Stream.End();
        connection.Acknowledge(Seen.Only(connection.Wire.Wait(TimeSpan.Zero)).Sequence + 1, 1000);
        connection.Expected++;
        connection.Send([], TcpFlags.Fin);
        connection.Wire.Send(Connected.Syn());
        Assert.Equal(2, connection.Wire.Streams.Count);
        Assert.True(connection.Wire.Streams[1].IsConnecting);
    }

    [Fact]
    public void The_hosts_failure_resets_the_guests_connection()
    {
        using Connected connection = new();
        connection.Stream.Fail();
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, Seen.Only(connection.Wire.Wait(TimeSpan.Zero)).Flags);
    }

    [Fact]
    public void A_reset_must_have_exactly_the_right_number()
    {
        using Connected connection = new();
        Seen challenge = Seen.Only(connection.Wire.Send(TestWire.Tcp(GuestPort, HostPort, connection.Sequence + 1, 0, TcpFlags.Rst)));
        Assert.Equal((TcpFlags.Ack, connection.Sequence), (challenge.Flags, challenge.Acknowledgement));
        Assert.Empty(connection.Wire.Send(TestWire.Tcp(GuestPort, HostPort, connection.Sequence - 1, 0, TcpFlags.Rst)));
        Assert.Null(connection.Stream.ClosedInPeace);
        Assert.Empty(connection.Wire.Send(TestWire.Tcp(GuestPort, HostPort, connection.Sequence, 0, TcpFlags.Rst)));
        Assert.False(connection.Stream.ClosedInPeace);
        Assert.Equal(0, connection.Wire.Network.Connections);
    }

    [Fact]
    public void A_SYN_in_the_middle_changes_nothing()
    {
        using Connected connection = new();
        Assert.Equal(TcpFlags.Ack, Seen.Only(connection.Wire.Send(TestWire.Tcp(GuestPort, HostPort, connection.Sequence + 5, 0, TcpFlags.Syn))).Flags);
        Assert.Null(connection.Stream.ClosedInPeace);
    }

    [Fact]
    public void Nothing_can_be_acknowledged_that_was_not_sent()
    {
        using Connected connection = new();
        Assert.Equal(connection.Expected, Seen.Only(connection.Acknowledge(connection.Expected + 1, 1000)).Sequence);
        connection.Stream.Send("abc"u8);
        Assert.Equal("abc"u8.ToArray(), Seen.Only(connection.Wire.Wait(TimeSpan.Zero)).Data);
    }

    [Fact]
    public void What_belongs_to_no_connection_is_reset()
    {
        using TestWire wire = new(streams: true);
        Assert.Equal((TcpFlags.Rst, 200u, 0u), Answer(TcpFlags.Ack));
        Assert.Equal((TcpFlags.Rst, 200u, 0u), Answer(TcpFlags.Syn | TcpFlags.Ack));
        Assert.Equal((TcpFlags.Rst | TcpFlags.Ack, 0u, 101u), Answer(TcpFlags.Fin));
        Assert.Equal((TcpFlags.Rst | TcpFlags.Ack, 0u, 100u), Answer(TcpFlags.None));
        Assert.Empty(wire.Send(TestWire.Tcp(GuestPort, HostPort, 100, 200, TcpFlags.Rst)));

        (TcpFlags, uint, uint) Answer(TcpFlags sent)
        {
            Seen answer = Seen.Only(wire.Send(TestWire.Tcp(GuestPort, HostPort, 100, 200, sent)));
            return (answer.Flags, answer.Sequence, answer.Acknowledgement);
        }
    }

    [Fact]
    public void A_connection_of_the_host_asks_the_guest()
    {
        using TestWire wire = new TestWire(streams: true).Introduced();
        FakeStream stream = wire.ConnectGuest(22);
        Seen syn = Seen.Only(wire.Take());
        Assert.Equal((TcpFlags.Syn, "10.0.2.15:22", 0u), (syn.Flags, syn.To, syn.Acknowledgement));
        Seen acknowledged = Seen.Only(wire.Send(TestWire.Tcp(22, syn.SourcePort, 500, syn.Sequence + 1, TcpFlags.Syn | TcpFlags.Ack)));
        Assert.Equal((TcpFlags.Ack, 501u, syn.Sequence + 1), (acknowledged.Flags, acknowledged.Acknowledgement, acknowledged.Sequence));
        stream.Send("hi"u8);
        Assert.Equal("hi"u8.ToArray(), Seen.Only(wire.Wait(TimeSpan.Zero)).Data);
    }

    [Fact]
    public void A_guest_that_refuses_ends_the_hosts_connection()
    {
        using TestWire wire = new TestWire(streams: true).Introduced();
        FakeStream stream = wire.ConnectGuest(22);
        Seen syn = Seen.Only(wire.Take());
        wire.Send(TestWire.Tcp(22, syn.SourcePort, 0, syn.Sequence, TcpFlags.Rst | TcpFlags.Ack));      // not for this SYN
        Assert.Null(stream.ClosedInPeace);
        wire.Send(TestWire.Tcp(22, syn.SourcePort, 0, syn.Sequence + 1, TcpFlags.Rst | TcpFlags.Ack));
        Assert.False(stream.ClosedInPeace);
    }

    [Fact]
    public void A_guest_that_has_said_nothing_is_asked_who_it_is_first()
    {
        using TestWire wire = new(streams: true);
        wire.ConnectGuest(22);
        byte[] question = Assert.Single(wire.Take());
        Assert.Equal("FFFFFFFFFFFF" + "52550A000202" + "0806", Convert.ToHexString(question, 0, 14));
        ArpPacket answer = new(ArpOperation.Reply, TestWire.GuestMac, TestWire.Guest, TestWire.GatewayMac, TestWire.Gateway);
        Seen syn = Seen.Only(wire.Send(answer.ToFrame(TestWire.GatewayMac)));
        Assert.Equal((TcpFlags.Syn, TestWire.GuestMac), (syn.Flags, syn.Destination));
    }

    [Fact]
    public void A_guest_that_never_answers_is_given_up()
    {
        using TestWire wire = new TestWire(streams: true).Introduced();
        FakeStream stream = wire.ConnectGuest(22);
        for (int i = 0; i <= TcpConnection.MostSynRetries; i++) wire.WaitUntilDue();
        Assert.False(stream.ClosedInPeace);
        Assert.Equal(0, wire.Network.Connections);
        Assert.InRange(wire.Now / 1e9, 30, 120);
    }

    [Fact]
    public void There_are_only_so_many_connections()
    {
        using TestWire wire = new(streams: true);
        for (int i = 0; i < TcpRelay.MostConnections; i++) Assert.Empty(wire.Send(TestWire.Tcp((ushort)(2000 + i), HostPort, 1, 0, TcpFlags.Syn)));
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, Seen.Only(wire.Send(TestWire.Tcp(1, HostPort, 1, 0, TcpFlags.Syn))).Flags);
        Assert.False(wire.ConnectGuest(22).ClosedInPeace);
        Assert.Equal(TcpRelay.MostConnections, wire.Network.Connections);
    }

    [Fact]
    public void What_finds_no_room_on_the_wire_is_sent_when_there_is()
    {
        using Connected connection = new(window: 65535);
        byte[] echo = TestWire.Ipv4(IpProtocol.Icmp, [8, 0, 0xF7, 0xFF, 0, 0, 0, 0]);
        while (connection.Wire.Network.HasRoom) connection.Wire.Network.TrySend(echo);
        connection.Stream.Send(new byte[1000]);
        connection.Wire.Network.Advance(connection.Wire.Now);
        Assert.Equal(0, connection.Wire.Network.Dropped);
        connection.Wire.Take();
        Assert.Equal(1000, Seen.Only(connection.Wire.Wait(TimeSpan.Zero)).Data.Length);
    }
}
