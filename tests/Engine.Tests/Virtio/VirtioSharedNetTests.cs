using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Networks;
using LguestPS.Networks.User;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>Guests of the virtio eras in networks that guests share, with each other and with guests of the DMA eras.</summary>
public sealed class VirtioSharedNetTests : IDisposable
{
    private const int In = 0, Out = 1;
    private const uint Buffer = 0x80000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Lan lan = new();
    private readonly List<BusRig> rigs = [];

    public void Dispose()
    {
        foreach (BusRig rig in rigs) rig.Dispose();
        lan.Dispose();
    }

    [SkippableFact]
    public void A_frame_goes_to_the_guest_with_its_address()
    {
        (BusRig first, BusRig second, BusRig third) = (Join(), Join(), Join());
        byte[] frame = FrameTo(MacAddress.OfSlot(1), from: MacAddress.OfSlot(0));
        Send(first, frame);
        Assert.Equal(frame, Received(second));
        // What comes after it shows that the third did not get it.
        byte[] next = FrameTo(MacAddress.OfSlot(2), from: MacAddress.OfSlot(0));
        Send(first, next);
        Assert.Equal(next, Received(third));
    }

    [SkippableFact]
    public void A_broadcast_goes_to_all_others()
    {
        (BusRig first, BusRig second, BusRig third) = (Join(), Join(), Join());
        byte[] frame = FrameTo(MacAddress.Broadcast, from: MacAddress.OfSlot(0));
        Send(first, frame);
        Assert.Equal(frame, Received(second));
        Assert.Equal(frame, Received(third));
        Assert.Equal(0, first.Ring(0, In).Used);
    }

    [SkippableFact]
    public void A_guest_that_gives_itself_an_address_is_found_under_it()
    {
        (BusRig first, BusRig second) = (Join(), Join());
        MacAddress own = new(0x02_11_22_33_44_55);
        Send(second, FrameTo(MacAddress.OfSlot(0), from: own));
        Received(first);
        byte[] frame = FrameTo(own, from: MacAddress.OfSlot(0));
        Send(first, frame);
        Assert.Equal(frame, Received(second));
    }

    [SkippableTheory]
    [InlineData("dma-2.6.23")]
    [InlineData("dma-2007-10")]
    public void Guests_of_the_DMA_eras_and_of_virtio_hear_each_other(string abi)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.Is64BitProcess);
        using ScriptedGuest old = lan.Join(abi: abi);
        // Its driver writes its address into the card's page, and binds buffers to its key.
        MacAddress mac = new(0x02_00_00_00_00_AA);
        mac.Write(old.Memory.Write(Lan.Page, MacAddress.Size));
        Lan.Listen(old, 0);
        old.Code().Play();
        BusRig later = Join();

        byte[] frame = FrameTo(mac, from: MacAddress.OfSlot(1));
        Until(() =>
        {
            Send(later, frame);
            old.Code().Play();
            return old.UsedLength(Lan.Buffers) != 0;
        });
        Assert.Equal(frame, Lan.Buffer(old, 0));

        // It finds the other's address in its page, and sends to the key of that slot.
        Lan.Until(old, () => Lan.Mac(old, 1)[5] != 0);
        byte[] own = new byte[6];
        MacAddress.OfSlot(1).Write(own);
        Assert.Equal(own, Lan.Mac(old, 1));
        Lan.Until(old, () => Lan.NetworkOf(old).IsBound(4));
        byte[] answer = FrameTo(MacAddress.OfSlot(1), from: mac);
        byte[] unfinished = [.. answer];
        unfinished.AsSpan(40, 2).Fill(0x55);        // what its checksum would be, had it computed one
        old.Memory.Write(ScriptedGuest.TextAddress, unfinished);
        old.Hypercall(Call.SendDma, Lan.KeyOf(1), old.Dma(ScriptedGuest.DmaAddress, (ScriptedGuest.TextAddress, unfinished.Length))).Play();
        Assert.Equal(answer, Received(later));
    }

    [SkippableFact]
    public void Frames_wait_for_a_buffer()
    {
        (BusRig first, BusRig second) = (Join(), Join());
        byte[][] frames = [FrameTo(MacAddress.OfSlot(1), MacAddress.OfSlot(0), 1), FrameTo(MacAddress.OfSlot(1), MacAddress.OfSlot(0), 2)];
        foreach (byte[] frame in frames) Send(first, frame);
        Assert.Equal(frames[0], Received(second));
        Assert.Equal(1, second.Ring(0, In).Used);
        Offer(second);
        Assert.Equal(frames[1], Received(second));
    }

    [SkippableFact]
    public void A_guest_that_has_reset_its_card_is_not_sent_to()
    {
        (BusRig first, BusRig second) = (Join(), Join());
        second.Memory.Write8(BusRig.Ram + 4, 0);
        second.Notify(BusRig.Ram);
        SharedWire wire = (SharedWire)first.Devices.Networks[0];
        Until(() => wire.Network!.Look() | !wire.Network.IsBound(4));
        Assert.False(wire.Network!.IsBound(4));
    }

    [SkippableFact]
    public void A_large_segment_is_cut_for_the_others()
    {
        (BusRig first, BusRig second) = (Join(), Join());
        byte[] large = TestWire.Tcp(1, 2, 100, 0, TcpFlags.Ack, payload: new byte[3000]);
        MacAddress.OfSlot(1).Write(large);
        byte[] header = [1, 1, 0, 0, 0xB4, 0x05, 34, 0, 16, 0];
        Send(first, large, header);
        Assert.Equal(1514, Received(second).Length);
    }

    private static byte[] FrameTo(MacAddress to, MacAddress from, byte data = 7)
    {
        byte[] frame = TestWire.Udp(1, 2, [data, data, data]);
        to.Write(frame);
        from.Write(frame.AsSpan(6));
        return frame;
    }

    private static void Send(BusRig rig, byte[] frame, byte[]? header = null)
    {
        rig.Memory.Write(0x90000, header ?? new byte[10]);
        rig.Memory.Write(0x90010, frame);
        rig.Ring(0, Out).Add((0x90000, 10, false), (0x90010, frame.Length, false));
        rig.Notify(rig.KeyOf(0, Out));
    }

    private static void Offer(BusRig rig) => rig.Ring(0, In).Add((Buffer + (uint)(rig.Ring(0, In).Available % 4) * 0x1000, 2000, true));

    /// <summary>The next frame that comes in.</summary>
    private static byte[] Received(BusRig rig)
    {
        int before = (rig.Ring(0, In).Available - 1) & 0xFFFF;
        Until(() =>
        {
            rig.Bus.DeliverInput();
            return rig.Ring(0, In).Used > before;
        });
        (_, uint length) = rig.Ring(0, In).UsedElement(before);
        return rig.Memory.Read(Buffer + (uint)(before % 4) * 0x1000 + 10, length - 10).ToArray();
    }

    private static void Until(Func<bool> come) => Assert.True(SpinWait.SpinUntil(come, Patience), "it did not come");

    /// <summary>A guest in the next slot, with one buffer for a frame; the others know of it.</summary>
    private BusRig Join()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.Is64BitProcess);
        SharedWire wire = new(0, SharedNetwork.Join(lan.Path));
        BusRig rig = new(LguestBusRules.V31, wire);
        Offer(rig);
        rig.Bus.DeliverInput();
        foreach (BusRig other in rigs)
        {
            SharedNetwork theirs = ((SharedWire)other.Devices.Networks[0]).Network!;
            Until(() =>
            {
                theirs.Look();
                return theirs.IsBound((uint)wire.Slot * 4);
            });
        }
        rigs.Add(rig);
        return rig;
    }
}
