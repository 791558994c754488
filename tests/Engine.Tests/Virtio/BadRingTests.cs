using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Devices.Virtio;
using LguestPS.Errors;
using LguestPS.Memory;
using LguestPS.State;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>What a guest may not do with a virtqueue: it ends itself, and nothing else.</summary>
public sealed class BadRingTests : IDisposable
{
    private const int Out = 1;      // the console's virtqueue for what the guest writes

    private readonly BusRig rig = new(LguestBusRules.V31, new ConsoleFunction());
    private readonly RingDriver ring;

    public BadRingTests() => ring = rig.Ring(0, Out);

    public static TheoryData<int> BadSizes => [0, 3, 5, 100, 255, 257, 65535];

    public static TheoryData<uint, uint, uint> BadPlaces => new()
    {
        { 8, 0x1000, 0x2000 },                                      // the table is not aligned to 16
        { 0x1000, 0x2001, 0x3000 },                                 // the available ring is not aligned to 2
        { 0x1000, 0x2000, 0x3002 },                                 // the used ring is not aligned to 4
        { BusRig.Ram - 16, 0x1000, 0x2000 },                        // the table ends outside memory
        { 0x1000, BusRig.Ram - 4, 0x2000 },                         // the available ring does
        { 0x1000, 0x2000, BusRig.Ram - 4 },                         // the used ring does
        { 0xFFFFFFF0, 0x1000, 0x2000 },                             // it would wrap round
    };

    public void Dispose() => rig.Dispose();

    [Theory]
    [MemberData(nameof(BadSizes))]
    public void The_size_is_a_power_of_two(int size)
    {
        using GuestMemory memory = new(1 << 20, 0);
        Assert.Contains("power of two", Assert.Throws<GuestKilledException>(() => new Virtqueue(memory, new VirtqueuePlace((ushort)size, 0x1000, 0x20000, 0x40000), "rng")).Message);
    }

    [Theory]
    [MemberData(nameof(BadPlaces))]
    public void Rings_are_aligned_and_inside_memory(uint descriptors, uint available, uint used)
    {
        using GuestMemory memory = new(BusRig.Ram, 0);
        string message = Assert.Throws<GuestKilledException>(() => new Virtqueue(memory, new VirtqueuePlace(16, descriptors, available, used), "rng")).Message;
        Assert.True(message.Contains("aligned", StringComparison.Ordinal) || message.Contains("inside memory", StringComparison.Ordinal), message);
    }

    [Fact]
    public void A_ring_may_end_where_memory_ends()
    {
        using GuestMemory memory = new(BusRig.Ram, 0);
        Assert.Equal(16, new Virtqueue(memory, new VirtqueuePlace(16, BusRig.Ram - 256, 0x1000, 0x2000), "rng").Size);
    }

    [Fact] // the host keeps its own: descriptor values changed by the guest after boot once led elsewhere
    public void A_set_up_is_frozen_whatever_the_guest_writes_into_its_descriptor()
    {
        rig.Memory.Write(BusRig.Ram, GuestMemory.PageSize).Fill(0xFF);
        Print("still here");
        Assert.Equal("still here", Shown);
        Assert.Equal([2], rig.Interrupts);
    }

    [Theory]
    [InlineData(257)]
    [InlineData(1000)]
    [InlineData(0x8000)]
    [InlineData(0xFFFF)]
    public void The_available_index_runs_ahead_by_no_more_than_the_size(int index)
    {
        ring.Available = (ushort)index;
        Assert.Contains($"its available index went from 0 to {index}", Kills());
    }

    [Fact]
    public void A_full_available_ring_is_served()
    {
        uint text = rig.Put("."u8);
        for (ushort i = 0; i < 256; i++)
        {
            ring.SetDescriptor(i, text, 1);
            ring.Offer(i);
        }
        Kick();
        Assert.Equal(256, Shown.Length);
        Assert.Equal(256, ring.Used);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(0xFFFF)]
    public void A_head_is_in_range(int head)
    {
        ring.Offer((ushort)head);
        Assert.Contains($"its available ring names descriptor {head} of 256", Kills());
    }

    [Theory]
    [InlineData(256)]
    [InlineData(0xFFFF)]
    public void A_next_is_in_range(int next)
    {
        ring.SetDescriptor(3, rig.Put("x"u8), 1, RingDriver.Next, (ushort)next);
        ring.Offer(3);
        Assert.Contains($"descriptor 3 goes on at {next} of 256", Kills());
    }

    [Fact] // a next without its flag is no next
    public void A_next_out_of_range_does_not_matter_at_the_end_of_a_chain()
    {
        ring.SetDescriptor(3, rig.Put("x"u8), 1, flags: 0, next: 0xFFFF);
        ring.Offer(3);
        Kick();
        Assert.Equal("x", Shown);
    }

    [Fact]
    public void A_chain_may_have_exactly_as_many_descriptors_as_the_ring()
    {
        OfferChain(256);
        Kick();
        Assert.Equal(new string('x', 256), Shown);
    }

    [Fact]
    public void A_chain_that_goes_round_in_a_loop_ends_the_guest()
    {
        OfferChain(256);
        ring.SetDescriptor(255, rig.Put("x"u8), 1, RingDriver.Next, 0);
        Assert.Contains("longer than 256, or goes round in a loop", Kills());
    }

    [Fact]
    public void A_descriptor_that_is_its_own_next_ends_the_guest()
    {
        ring.SetDescriptor(7, rig.Put("x"u8), 1, RingDriver.Next, 7);
        ring.Offer(7);
        Assert.Contains("loop", Kills());
    }

    [Theory]
    [InlineData(0xFFFFFFFFul, 1u)]
    [InlineData(0x100000000ul, 1u)]
    [InlineData(0xFFFFFFFF00000000ul, 1u)]
    [InlineData(0x10000ul, 0xFFFFFFFFu)]
    [InlineData(0xFFFFFFF0ul, 0x20u)]
    public void A_buffer_lies_inside_memory(ulong address, uint length)
    {
        ring.SetDescriptor(0, address, length);
        ring.Offer(0);
        Assert.Contains("not inside memory", Kills());
    }

    [Fact]
    public void A_buffer_may_end_where_memory_ends()
    {
        ring.SetDescriptor(0, rig.Memory.Size - 1, 1);
        ring.Offer(0);
        Kick();
        Assert.Equal("\0", Shown);
    }

    [Fact] // what was checked must be what is used
    public void A_descriptor_is_read_once_whatever_the_guest_writes_there_later()
    {
        DeviceQueue queue = rig.Bus.Devices[0].Device.Queues[Out];
        uint good = rig.Put("good"u8);
        ring.Add((good, 4, IsWritable: false));
        DescriptorChain chain = queue.Take()!;
        ring.SetDescriptor(0, 0xFFFFFFF0, 0xFFFF, RingDriver.Next, 0xFFFF);
        ring.Available = 999;
        Assert.Equal("good"u8.ToArray(), chain.ReadAll());
        queue.Return(chain, 0);
        Assert.Equal((0u, 0u), ring.UsedElement(0));
    }

    [Fact]
    public void What_is_to_be_read_comes_before_what_is_to_be_written()
    {
        uint text = rig.Put("x"u8);
        ring.SetDescriptor(0, text, 1, RingDriver.Next | RingDriver.Writable, 1);
        ring.SetDescriptor(1, text, 1);
        ring.Offer(0);
        Assert.Contains("descriptor 1 is to be read and comes after one to be written", Kills());
    }

    [Fact]
    public void The_lengths_of_a_chain_add_up_to_less_than_4_GiB()
    {
        using BusRig large = new(LguestBusRules.V31 with { QueueSize = 8192 }, new ConsoleFunction());
        RingDriver wide = large.Ring(0, Out);
        for (ushort i = 0; i < 8192; i++) wide.SetDescriptor(i, 0, BusRig.Ram, RingDriver.Next, (ushort)(i + 1));
        wide.Offer(0);
        Assert.Contains("4 GiB", large.Kills(large.KeyOf(0, Out)));
    }

    [Fact] // else one kick could keep the host busy, and fill its memory with events, for as long as the guest likes
    public void A_buffer_has_at_most_16_MiB()
    {
        for (ushort i = 0; i < 16; i++) ring.SetDescriptor(i, 0, BusRig.Ram, RingDriver.Next, (ushort)(i + 1));
        ring.SetDescriptor(16, 0, 1);
        ring.Offer(0);
        Assert.Contains("a buffer has 16777217 bytes; 16777216 is the most", Kills());
    }

    [Fact]
    public void The_used_ring_is_written_from_our_own_counter()
    {
        Print("a");
        rig.Memory.Write16(ring.Place.Used + 2, 77);
        Print("b");
        Assert.Equal(2, ring.Used);
        Assert.Equal((1u, 0u), ring.UsedElement(1));
    }

    [Fact] // whoever sees the index must find the element
    public void An_element_is_written_before_the_index_that_makes_it_count()
    {
        using GuestMemory memory = new(1 << 20, 0);
        VirtqueuePlace place = new(1024, 0x10000, 0x20000, 0x30000);
        Virtqueue queue = new(memory, place, "rng");
        for (int i = 0; i < 1023; i++) queue.Return(0, 0);
        List<uint> pages = [];
        memory.WatchedPageWritten = frame =>
        {
            pages.Add(frame);
            memory.Unwatch(frame);
        };
        memory.Watch(0x30);
        memory.Watch(0x32);     // where the last element lies
        memory.Watch(0x31);
        queue.Return(0, 0);
        Assert.Equal([0x31u, 0x30u], pages.Where(page => page != 0x32));
    }

    [Fact]
    public void Indices_go_round_at_65536()
    {
        uint text = rig.Put("."u8);
        ring.SetDescriptor(0, text, 1);
        int rounds = (65536 + 300) / 100;
        for (int i = 0; i < rounds; i++)
        {
            for (int j = 0; j < 100; j++) ring.Offer(0);
            Kick();
        }
        Assert.Equal((ushort)(rounds * 100), ring.Used);
        Assert.Equal(ring.Available, ring.Used);
        Assert.Equal(rounds * 100, rig.Shown.Count);
    }

    [Fact]
    public void A_device_says_of_no_more_than_it_could_write_that_it_has_written_it()
    {
        DeviceQueue queue = rig.Bus.Devices[0].Device.Queues[Out];
        ring.Add((rig.Allocate(10), 10, IsWritable: true));
        DescriptorChain chain = queue.Take()!;
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.Return(chain, 11));
        queue.Return(chain, 10);
        Assert.Equal((0u, 10u), ring.UsedElement(0));
    }

    [Fact]
    public void No_more_buffers_than_the_ring_has_are_in_flight()
    {
        using GuestMemory memory = new(1 << 20, 0);
        VirtqueuePlace place = new(4, 0x10000, 0x20000, 0x30000);
        Virtqueue queue = new(memory, place, "rng");
        memory.Write16(place.Available + 2, 4);
        for (int i = 0; i < 4; i++)
        {
            Assert.NotNull(queue.Peek());
            queue.Take();
        }
        Assert.Equal(4, queue.InFlight);
        memory.Write16(place.Available + 2, 5);
        Assert.Contains("in flight", Assert.Throws<GuestKilledException>(queue.Peek).Message);
        queue.Return(0, 0);
        Assert.NotNull(queue.Peek());
    }

    [Fact]
    public void No_wake_up_is_lost_by_a_guest_that_waits_with_a_full_ring()
    {
        ring.WantsNoInterrupt = true;
        uint text = rig.Put("."u8);
        for (ushort i = 0; i < 256; i++) ring.SetDescriptor(i, text, 1);
        for (ushort i = 0; i < 256; i++) ring.Offer(i);
        Kick();
        Assert.Empty(rig.Interrupts);
        // It has seen none given back, allows interrupts again, and looks: they are all there.
        ring.WantsNoInterrupt = false;
        Assert.Equal(256, ring.Used);
        ring.Offer(0);
        Kick();
        Assert.Equal([2], rig.Interrupts);
    }

    [Theory]
    [InlineData(1, 0)]          // given back, and never taken
    [InlineData(0, 1)]          // taken, and no device has it
    [InlineData(500, 0)]        // more than there are
    public void State_from_a_checkpoint_is_checked_as_if_a_guest_had_written_it(ushort taken, ushort returned)
    {
        StateWriter state = new();
        state.Write(taken);
        state.Write(returned);
        using GuestMemory memory = new(1 << 20, 0);
        Virtqueue queue = new(memory, new VirtqueuePlace(256, 0x10000, 0x20000, 0x30000), "rng");
        Assert.Contains("in flight", Assert.Throws<InvalidStateException>(() => queue.Load(new StateReader(state.ToArray(), []))).Message);
    }

    [Fact]
    public void Damaged_state_of_the_bus_is_refused_and_never_more_than_that()
    {
        byte[] good = rig.Saved();
        Random random = new(12);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bad = [.. good];
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                rig.Load(bad[..random.Next(bad.Length + 1)]);
            }
            catch (InvalidStateException)
            {
                // One of ours.
            }
        }
        rig.Load(good);
        Print("fine");
        Assert.Equal("fine", Shown);
    }

    private string Shown => System.Text.Encoding.Latin1.GetString([.. rig.Shown]);

    private void OfferChain(int length)
    {
        uint text = rig.Put("x"u8);
        for (int i = 0; i < length; i++) ring.SetDescriptor(i, text, 1, i + 1 < length ? RingDriver.Next : (ushort)0, (ushort)(i + 1));
        ring.Offer(0);
    }

    private void Print(string text)
    {
        ring.Add((rig.Put(System.Text.Encoding.Latin1.GetBytes(text)), text.Length, IsWritable: false));
        Kick();
    }

    private void Kick() => rig.Notify(rig.KeyOf(0, Out));

    private string Kills() => rig.Kills(rig.KeyOf(0, Out));
}
