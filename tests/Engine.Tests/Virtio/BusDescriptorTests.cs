using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Memory;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>The page in which a guest finds the devices of the lguest bus, and the status it keeps there.</summary>
public sealed class BusDescriptorTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly List<IDisposable> open = [];

    public void Dispose()
    {
        foreach (IDisposable rig in open) rig.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_descriptor_from_2_6_25_on_is_queues_features_and_configuration()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction(), Disk(3));
        uint page = BusRig.Ram >> 12;
        Assert.Equal(
            [
                3, 2, 4, 0, 0,
                .. Queue(256, 1, page + 1), .. Queue(256, 2, page + 4),
                0, 0, 0, 0, 0, 0, 0, 0,
                2, 1, 4, 24, 0,
                .. Queue(256, 3, page + 7),
                0x04, 0x02, 0, 0, 0, 0, 0, 0,
                3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 254, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0,
            ],
            rig.Memory.Read(BusRig.Ram, 5 + 16 + 8 + 5 + 8 + 8 + 24 + 1).ToArray());
        Assert.Equal(1 + 3 * 3, rig.Bus.Pages);
    }

    [Fact]
    public void A_descriptor_of_2_6_24_is_fields()
    {
        BusRig rig = With(LguestBusRules.V2624, Disk(3), new ConsoleFunction());
        uint page = BusRig.Ram >> 12;
        Assert.Equal(
            [
                2, 26, 0,
                2, 8, .. Queue(128, 1, page + 1),
                0x41, 8, 3, 0, 0, 0, 0, 0, 0, 0,
                0x43, 4, 126, 0, 0, 0,
                3, 20, 0,
                2, 8, .. Queue(128, 2, page + 3), 2, 8, .. Queue(128, 3, page + 5),
                0,
            ],
            rig.Memory.Read(BusRig.Ram, 3 + 26 + 3 + 20 + 1).ToArray());
        Assert.Equal(1 + 3 * 2, rig.Bus.Pages);
    }

    [Fact]
    public void A_disk_that_cannot_be_written_says_so()
    {
        DiskFunction disk = new("block0", new BlockDefinition(folder.Write("ro", new byte[512]), BlockMode.ReadOnly));
        BusRig rig = With(LguestBusRules.V2625, disk);
        Assert.Equal(1u << 0 | 1u << 2 | 1u << 5, rig.Memory.Read32(BusRig.Ram + 5 + 8));
    }

    [Fact] // the original truncated longer ones
    public void Every_descriptor_fits_even_with_as_many_devices_as_there_can_be()
    {
        BusRig rig = With(LguestBusRules.V2625, [.. Enumerable.Range(0, 16).Select(i => Disk(1, $"d{i}"))]);
        Assert.Equal(16, rig.Bus.Devices.Count);
        Assert.Equal(0, rig.Memory.Read8(rig.Bus.Devices[15].Address + 5 + 8 + 8 + 24));
    }

    [Fact]
    public void More_virtqueues_than_interrupts_are_refused()
    {
        string message = Assert.Throws<LguestException>(() => With(LguestBusRules.V31, [.. Enumerable.Range(0, 16).Select(DeviceFunction (i) => HostWire.Silent(i))])).Message;
        Assert.Contains("32 virtual interrupts", message);
    }

    [Fact]
    public void A_guest_without_a_driver_for_random_numbers_gets_no_source_of_them() =>
        Assert.Contains("no driver for rng", Assert.Throws<LguestException>(() => With(LguestBusRules.V2624, new EntropyFunction(null))).Message);

    [Fact]
    public void Queues_that_are_used_only_when_there_is_something_need_no_kick()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        Assert.Equal((1, 0), (rig.Ring(0, 0).UsedFlags, rig.Ring(0, 1).UsedFlags));
        Reset(rig);
        Assert.Equal((1, 0), (rig.Ring(0, 0).UsedFlags, rig.Ring(0, 1).UsedFlags));
    }

    [Fact]
    public void A_reset_makes_the_status_the_features_and_the_rings_zero()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        RingDriver ring = rig.Ring(0, 1);
        ring.Add((rig.Put("x"u8), 1, IsWritable: false));
        rig.Notify(rig.KeyOf(0, 1));
        uint accepted = BusRig.Ram + 5 + 16 + 4;
        rig.Memory.Write32(accepted, 0x12345678);
        Reset(rig);
        Assert.Equal(0u, rig.Memory.Read32(accepted));
        Assert.Equal((0, 0), (ring.Available, ring.Used));
        Assert.True(rig.Memory.Read(ring.Place.Descriptors, ring.Place.DescriptorBytes).IndexOfAnyExcept((byte)0) < 0);
        // And it begins again at the start of the ring.
        ring.Add((rig.Put("y"u8), 1, IsWritable: false));
        rig.Notify(rig.KeyOf(0, 1));
        Assert.Equal("xy"u8.ToArray(), rig.Shown);
        Assert.Equal(1, ring.Used);
    }

    [Fact] // and a guest of 2.6.26 says each of its steps
    public void A_guest_of_2_6_25_resets_with_the_old_status_still_there()
    {
        BusRig rig = With(LguestBusRules.V2625, new ConsoleFunction());
        foreach (byte status in (byte[])[1, 3, 7])
        {
            rig.Memory.Write8(BusRig.Ram + 4, status);
            rig.Notify(BusRig.Ram);
            Assert.Equal(status, rig.Memory.Read8(BusRig.Ram + 4));
        }
        rig.Notify(BusRig.Ram);
        Assert.Equal(0, rig.Memory.Read8(BusRig.Ram + 4));
        rig.Memory.Write8(BusRig.Ram + 4, 7);       // which it has told nobody
        rig.Notify(BusRig.Ram);
        Assert.Equal(0, rig.Memory.Read8(BusRig.Ram + 4));
    }

    [Fact]
    public void Later_a_status_that_stands_there_is_the_status()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        rig.Memory.Write8(BusRig.Ram + 4, 3);
        for (int i = 0; i < 2; i++) rig.Notify(BusRig.Ram);
        Assert.Equal(3, rig.Memory.Read8(BusRig.Ram + 4));
    }

    [Theory] // a partition scan and the first buffers of a card come before the driver is ready
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void A_virtqueue_is_served_in_every_status(byte status)
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        rig.Memory.Write8(BusRig.Ram + 4, status);
        if (status != 0) rig.Notify(BusRig.Ram);
        rig.Ring(0, 1).Add((rig.Put("x"u8), 1, IsWritable: false));
        rig.Notify(rig.KeyOf(0, 1));
        Assert.Equal("x"u8.ToArray(), rig.Shown);
    }

    [Fact]
    public void A_device_that_its_driver_has_given_up_stops_until_it_is_reset()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        rig.Memory.Write8(BusRig.Ram + 4, 0x83);
        rig.Notify(BusRig.Ram);
        rig.Ring(0, 1).Add((rig.Put("x"u8), 1, IsWritable: false));
        rig.Notify(rig.KeyOf(0, 1));
        Assert.Empty(rig.Shown);
        Reset(rig);
        rig.Ring(0, 1).Add((rig.Put("y"u8), 1, IsWritable: false));
        rig.Notify(rig.KeyOf(0, 1));
        Assert.Equal("y"u8.ToArray(), rig.Shown);
    }

    [Fact]
    public void A_NOTIFY_of_0_is_nothing()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        Assert.Empty(rig.EventsOf(() => rig.Notify(0)));
    }

    [Fact]
    public void A_NOTIFY_below_the_end_of_RAM_prints_the_text_there()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        KickEvent kick = Assert.IsType<KickEvent>(Assert.Single(rig.EventsOf(() => rig.Notify(rig.Put("Linux\0more"u8)))));
        Assert.Equal("Linux"u8.ToArray(), rig.Shown);
        Assert.Equal((KickPurpose.EarlyConsole, "console", "Linux"), (kick.Purpose, kick.Device, kick.Text));
    }

    [Fact]
    public void Early_text_ends_where_RAM_does_and_is_cut_after_a_page()
    {
        BusRig rig = With(LguestBusRules.V31, new ConsoleFunction());
        rig.Memory.Write(BusRig.Ram - 3, "end"u8);
        rig.Notify(BusRig.Ram - 3);
        Assert.Equal("end"u8.ToArray(), rig.Shown);
        rig.Shown.Clear();
        rig.Memory.Write(0x40000, 0x3000).Fill((byte)'a');
        rig.Notify(0x40000);
        Assert.Equal(4096, rig.Shown.Count);
    }

    [Fact]
    public void Early_text_is_shown_without_a_console_too()
    {
        BusRig rig = With(LguestBusRules.V31, Disk(1));
        rig.Notify(rig.Put("text\0"u8));
        Assert.Equal("text"u8.ToArray(), rig.Shown);
    }

    [Theory]
    [InlineData(BusRig.Ram + 1)]                    // inside the descriptor page, and no descriptor
    [InlineData(BusRig.Ram + 0x1000 + 0x1000)]      // a ring's second page
    [InlineData(0x7FFFF000u)]
    [InlineData(0xFFFFFFFFu)]
    public void Any_other_NOTIFY_ends_the_guest(uint address) =>
        Assert.StartsWith($"Bad NOTIFY 0x{address:x8}", With(LguestBusRules.V31, new ConsoleFunction()).Kills(address));

    [Fact] // no guest of that release does it
    public void A_NOTIFY_on_a_descriptor_of_2_6_24_ends_the_guest() =>
        Assert.StartsWith("Bad NOTIFY", With(LguestBusRules.V2624, new ConsoleFunction()).Kills(BusRig.Ram));

    [Fact]
    public void Any_address_in_a_rings_first_page_names_it()
    {
        BusRig rig = With(LguestBusRules.V2625, new ConsoleFunction());
        rig.Ring(0, 1).Add((rig.Put("x"u8), 1, IsWritable: false));
        rig.Notify(rig.KeyOf(0, 1) + 0x234);
        Assert.Equal("x"u8.ToArray(), rig.Shown);
    }

    private static void Reset(BusRig rig)
    {
        rig.Memory.Write8(BusRig.Ram + 4, 0);
        rig.Notify(BusRig.Ram);
    }

    private static byte[] Queue(ushort size, ushort irq, uint page) =>
        [(byte)size, (byte)(size >> 8), (byte)irq, (byte)(irq >> 8), (byte)page, (byte)(page >> 8), (byte)(page >> 16), (byte)(page >> 24)];

    private DiskFunction Disk(int sectors, string name = "block0") => new(name, new BlockDefinition(folder.Write(name, new byte[sectors * 512])));

    private BusRig With(LguestBusRules rules, params DeviceFunction[] devices)
    {
        BusRig rig = new(rules, devices);
        open.Add(rig);
        return rig;
    }
}
