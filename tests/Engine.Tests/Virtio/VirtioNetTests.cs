using System.Buffers.Binary;
using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Networks;
using LguestPS.Networks.User;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>A card whose wire ends at the host: headers, what a guest leaves to its card, and what comes in.</summary>
public sealed class VirtioNetTests : IDisposable
{
    private const int In = 0, Out = 1;
    private const uint AcceptedAt = BusRig.Ram + 5 + 16 + 4;

    private readonly KeepingPort port = new();
    private readonly BusRig rig;

    public VirtioNetTests() => rig = With(LguestBusRules.V31);

    public static TheoryData<string> Profiles => [.. AbiProfile.All.Where(profile => profile.Bus is not null).Select(profile => profile.Name)];

    private static byte[] Frame => TestWire.Udp(1000, 2000, "some data"u8);

    public void Dispose() => rig.Dispose();

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_frame_is_what_comes_after_the_header_of_its_era(string profile)
    {
        using BusRig own = With(AbiProfile.Find(profile)!.Bus!);
        int header = own.Rules.NetHeader;
        Assert.Equal(profile == "virtio-2.6.24" ? 8 : 10, header);
        own.Ring(0, Out).Add((own.Allocate(header), header, false), (own.Put(Frame), Frame.Length, false));
        own.Notify(own.KeyOf(0, Out));
        Assert.Equal(Frame, Assert.Single(port.Sent));
        Assert.Equal((0u, 0u), own.Ring(0, Out).UsedElement(0));

        uint buffer = own.Allocate(2000);
        own.Ring(0, In).Add((buffer, header, true), (buffer + (uint)header, 1514, true));
        port.Receive(Frame);
        own.Bus.DeliverInput();
        Assert.Equal([.. new byte[header], .. Frame], own.Memory.Read(buffer, (uint)(header + Frame.Length)).ToArray());
        Assert.Equal((0u, (uint)(header + Frame.Length)), own.Ring(0, In).UsedElement(0));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Its_address_is_in_its_configuration(string profile)
    {
        using BusRig own = With(AbiProfile.Find(profile)!.Bus!);
        byte[] mac = own.Bus.Devices[0].Device.Config;
        Assert.Equal((6, 0x02), (mac.Length, mac[0] & 0x03));
        Assert.True(own.Memory.Read(BusRig.Ram, 64).IndexOf(mac) > 0);
    }

    [Fact]
    public void Two_guests_have_different_addresses_and_each_the_same_in_every_run()
    {
        Assert.NotEqual(MacAddress.Of("one net0"), MacAddress.Of("two net0"));
        Assert.Equal(MacAddress.Of("one net0"), MacAddress.Of("one net0"));
        Assert.False(MacAddress.Of("one net0").IsGroup);
    }

    [Fact]
    public void A_frame_waits_for_a_buffer_and_one_too_long_for_it_is_lost()
    {
        byte[] second = [.. Frame];
        second[^1] ^= 1;
        port.Receive(new byte[1514]);
        port.Receive(second);
        rig.Bus.DeliverInput();
        Assert.Equal(0, rig.Ring(0, In).Used);
        uint buffer = rig.Allocate(100);
        rig.Ring(0, In).Add((buffer, 100, true));
        rig.Bus.DeliverInput();
        Assert.Equal(second, rig.Memory.Read(buffer + 10, (uint)second.Length).ToArray());
    }

    [Fact]
    public void A_frame_without_a_whole_header_ends_the_guest()
    {
        rig.Ring(0, Out).Add((rig.Allocate(9), 9, false));
        Assert.Contains("a frame has 9 bytes", rig.Kills(rig.KeyOf(0, Out)));
    }

    [Fact]
    public void A_buffer_without_room_for_a_header_ends_the_guest()
    {
        rig.Ring(0, In).Add((rig.Allocate(9), 9, true));
        port.Receive(Frame);
        Assert.Contains("a buffer for frames has 9 bytes", Assert.Throws<GuestKilledException>(rig.Bus.DeliverInput).Message);
    }

    [Fact]
    public void What_is_too_long_for_a_frame_is_lost()
    {
        Send(default, new byte[1515]);
        Send(default, new byte[70_000]);
        Assert.Empty(port.Sent);
        Assert.Equal(2, rig.Ring(0, Out).Used);
    }

    [Fact]
    public void A_checksum_that_was_left_to_the_card_is_computed()
    {
        byte[] frame = Tcp(100);
        byte[] without = WithPseudoChecksum(frame);
        Send(Header(needsChecksum: true), without);
        Assert.Equal(frame, Assert.Single(port.Sent));
    }

    [Theory]
    [InlineData(0xFFFF, 16)]
    [InlineData(34, 0xFFFF)]
    [InlineData(153, 0)]
    public void A_checksum_outside_the_frame_loses_it(int start, int offset)
    {
        Send(Header(needsChecksum: true, start: (ushort)start, offset: (ushort)offset), Tcp(100));
        Assert.Empty(port.Sent);
    }

    [Theory]
    [InlineData(1460)]
    [InlineData(1461)]
    [InlineData(30_000)]
    [InlineData(65_495)]
    public void A_large_segment_is_cut_into_frames_for_a_wire_that_takes_no_larger(int length)
    {
        byte[] large = Tcp(length, TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin);
        Send(Header(needsChecksum: true, segmentSize: 1460), WithPseudoChecksum(large));
        Assert.Equal((length + 1459) / 1460, port.Sent.Count);
        List<byte> data = [];
        uint sequence = 5000;
        for (int i = 0; i < port.Sent.Count; i++)
        {
            Assert.True(EthernetFrame.TryParse(port.Sent[i], out EthernetFrame ethernet));
            Assert.True(Ipv4Packet.TryParse(ethernet.Payload, out Ipv4Packet packet));
            Assert.True(TcpSegment.TryParse(packet, out TcpSegment segment), "its checksum is wrong");
            Assert.Equal(sequence, segment.Sequence);
            Assert.Equal(i == port.Sent.Count - 1 ? TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin : TcpFlags.Ack, segment.Flags);
            data.AddRange(segment.Payload);
            sequence += (uint)segment.Payload.Length;
        }
        Assert.Equal(large[54..], data);
    }

    [Fact]
    public void A_large_segment_goes_whole_to_whoever_takes_it()
    {
        port.Longest = 65_549;
        byte[] large = Tcp(40_000);
        Send(Header(needsChecksum: true, segmentSize: 1460), WithPseudoChecksum(large));
        Assert.Equal(large, Assert.Single(port.Sent));
    }

    [Theory]
    [InlineData(0)]         // nothing fits into it
    [InlineData(1)]         // too many frames
    [InlineData(1500)]      // no frame is so long
    public void A_large_segment_that_cannot_be_cut_is_lost(int segmentSize)
    {
        Send(Header(needsChecksum: true, segmentSize: (ushort)segmentSize), WithPseudoChecksum(Tcp(60_000)));
        Assert.Empty(port.Sent);
    }

    [Fact]
    public void Random_headers_and_frames_harm_nobody()
    {
        Random random = new(4);
        byte[] header = new byte[10];
        for (int i = 0; i < 5000; i++)
        {
            byte[] frame = Tcp(random.Next(3000));
            random.NextBytes(header);
            if (i % 2 == 0) header[1] = NetSegmentation;
            for (int changes = random.Next(4); changes > 0; changes--) frame[random.Next(54)] = (byte)random.Next(256);
            Send(header, frame[..random.Next(frame.Length + 1)]);
        }
        Assert.All(port.Sent, frame => Assert.InRange(frame.Length, 14, 1514));
    }

    [Fact]
    public void A_guest_that_wants_to_know_hears_which_checksums_are_right()
    {
        byte[] wrong = Tcp(10);
        wrong[^1] ^= 1;
        Assert.Equal(0, FirstByteOf(Tcp(10)));
        rig.Memory.Write32(AcceptedAt, NetFeature.GuestChecksum);
        Assert.Equal([2, 0], [FirstByteOf(Tcp(10)), FirstByteOf(wrong)]);
    }

    [Fact]
    public void A_guest_told_of_an_empty_ring_is_told_although_it_wants_no_interrupt()
    {
        using BusRig own = With(LguestBusRules.V2625);
        own.Ring(0, Out).WantsNoInterrupt = true;
        own.Ring(0, Out).Add((own.Allocate(10), 10, false), (own.Put(Frame), Frame.Length, false));
        own.Notify(own.KeyOf(0, Out));
        Assert.Empty(own.Interrupts);
        own.Memory.Write32(AcceptedAt, RingFeature.NotifyOnEmpty);
        own.Ring(0, Out).Add((own.Allocate(10), 10, false), (own.Put(Frame), Frame.Length, false));
        own.Notify(own.KeyOf(0, Out));
        Assert.Equal([2], own.Interrupts);
    }

    [Fact] // it was once forced on guests that had not asked for it
    public void What_was_not_offered_is_not_accepted()
    {
        rig.Memory.Write32(AcceptedAt, uint.MaxValue);
        rig.Ring(0, Out).WantsNoInterrupt = true;
        Send(default, Frame);
        Assert.Empty(rig.Interrupts);
    }

    [Fact]
    public void An_unwatched_frame_allocates_nothing()
    {
        port.Keeps = false;
        for (int i = 0; i < 3; i++) Send(default, Frame);
        rig.Ring(0, Out).Add((rig.Allocate(10), 10, false), (rig.Put(Frame), Frame.Length, false));
        rig.Interrupts.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        rig.Bus.Devices[0].Device.Serve(rig.Bus.Devices[0].Device.Queues[Out]);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        rig.Ring(0, In).Add((rig.Allocate(2000), 2000, true));
        port.Receive(Frame);
        rig.Bus.DeliverInput();
        rig.Ring(0, In).Add((rig.Allocate(2000), 2000, true));
        port.Receive(Frame);
        rig.Interrupts.Clear();
        before = GC.GetAllocatedBytesForCurrentThread();
        rig.Bus.DeliverInput();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2, rig.Ring(0, In).Used);
    }

    private const byte NetSegmentation = 1;

    private static byte[] Tcp(int length, TcpFlags flags = TcpFlags.Ack)
    {
        byte[] payload = new byte[length];
        new Random(length).NextBytes(payload);
        // The test's own builder sends with the guest's address as the pseudo header's source.
        return TestWire.Tcp(1000, 80, 5000, 1, flags, payload: payload);
    }

    /// <summary>The frame as a guest leaves it to its card: the sum of the pseudo header stands in place of the checksum.</summary>
    private static byte[] WithPseudoChecksum(byte[] frame)
    {
        byte[] without = [.. frame];
        int length = frame.Length - 34;
        uint pseudo = InternetChecksum.PseudoHeader(TestWire.Guest, TestWire.Gateway, IpProtocol.Tcp, length);
        BinaryPrimitives.WriteUInt16BigEndian(without.AsSpan(50), (ushort)~InternetChecksum.Of([], pseudo));
        return without;
    }

    private static byte[] Header(bool needsChecksum, ushort segmentSize = 0, ushort start = 34, ushort offset = 16)
    {
        byte[] header = new byte[10];
        header[0] = needsChecksum ? (byte)1 : (byte)0;
        header[1] = segmentSize == 0 ? (byte)0 : NetSegmentation;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), segmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), start);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), offset);
        return header;
    }

    private byte FirstByteOf(byte[] frame)
    {
        uint buffer = 0x80000;
        rig.Ring(0, In).Add((buffer, 2000, true));
        port.Receive(frame);
        rig.Bus.DeliverInput();
        return rig.Memory.Read8(buffer);
    }

    private void Send(byte[]? header, byte[] frame)
    {
        const uint At = 0x90000;
        rig.Memory.Write(At, header ?? new byte[10]);
        rig.Memory.Write(At + 16, frame);
        rig.Ring(0, Out).Add((At, 10, false), (At + 16, frame.Length, false));
        rig.Notify(rig.KeyOf(0, Out));
    }

    private BusRig With(LguestBusRules rules) => new(rules, new HostWire(0, port, recorder: null));

    private sealed class KeepingPort : NetworkPort
    {
        public List<byte[]> Sent { get; } = [];

        public bool Keeps { get; set; } = true;

        public int Longest { get; set; } = LongestFrame;

        public override int LongestSent => Longest;

        public override MacAddress HostMac => new(0x02_00_00_00_00_01);

        public override bool IsLive => true;

        public override bool AwaitsAnswer => false;

        public override bool TrySend(ReadOnlySpan<byte> frame)
        {
            if (Keeps) Sent.Add(frame.ToArray());
            return true;
        }

        public void Receive(byte[] frame) => Deliver(frame);

        public override NetworkPort StartAnew(long now) => this;
    }
}
