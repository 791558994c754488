using LguestPS.Devices;
using LguestPS.Devices.Virtio;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>The registers of a device (virtio 1.0, 4.1.4.3 to 4.1.4.5): each rule that a guest can break ends it, with a sentence.</summary>
public sealed class CommonConfigurationTests : IDisposable
{
    private const uint DriverFeatureSelect = 8, DriverFeature = 12, QueueSelect = 22, QueueSize = 24, QueueEnable = 28, Desc = 32, Avail = 40, Used = 48;

    private readonly PciRig rig = new(new ConsoleFunction());
    private readonly PciDriver driver;

    public CommonConfigurationTests() => driver = rig.Driver(1);

    public void Dispose() => rig.Dispose();

    [Fact]
    public void Features_are_read_and_accepted_in_halves_of_32_bits()
    {
        driver.Begin();
        Assert.Equal(1ul << 32 | 1 << 2, driver.Offered);
        driver.Write(0, 4, 2);
        Assert.Equal(0u, driver.Read(4, 4));
        driver.Negotiate();
        Assert.Equal((1u, 1u), (driver.Read(DriverFeatureSelect, 4), driver.Read(DriverFeature, 4)));
    }

    [Theory]
    [InlineData(0u, "device_feature_select is written before DRIVER was set in device_status")]
    [InlineData(8u, "driver_feature_select is written before DRIVER was set in device_status")]
    [InlineData(12u, "driver_feature is written before DRIVER was set in device_status")]
    public void Features_need_a_driver(uint register, string killed) => Assert.Equal($"console: {killed}", Kills(register, 4, 0));

    [Fact]
    public void Features_are_read_by_a_driver() =>
        Assert.Equal("console: device_feature is read before DRIVER was set in device_status", PciRig.Kills(() => driver.Read(4, 4)));

    [Theory]
    [InlineData(0u, 1u << 28, 28)]
    [InlineData(0u, 1u, 0)]
    [InlineData(1u, 3u, 33)]
    public void Only_what_is_offered_can_be_accepted(uint half, uint features, int bit)
    {
        driver.Begin();
        driver.Write(DriverFeatureSelect, 4, half);
        Assert.Equal($"console: the driver accepts feature {bit}, which is not offered", Kills(DriverFeature, 4, features));
    }

    [Fact]
    public void There_is_no_third_half_to_accept()
    {
        driver.Begin();
        Assert.Equal("console: driver_feature_select is 2, and there are features in 0 and 1 only", Kills(DriverFeatureSelect, 4, 2));
    }

    [Theory]
    [InlineData(8u, "driver_feature_select")]
    [InlineData(12u, "driver_feature")]
    public void Nothing_is_accepted_after_FEATURES_OK(uint register, string name)
    {
        driver.Begin().Negotiate();
        Assert.Equal($"console: {name} is written after FEATURES_OK was set in device_status", Kills(register, 4, 1));
    }

    [Fact]
    public void An_unknown_virtqueue_has_no_size()
    {
        driver.Begin().Negotiate();
        driver.Write(QueueSelect, 2, 2);
        Assert.Equal((0u, 0u, 0u), (driver.Read(QueueSize, 2), driver.Read(QueueEnable, 2), driver.Read(Desc, 4)));
        Assert.Equal("console: queue_size is written for virtqueue 2 of 2", Kills(QueueSize, 2, 256));
    }

    [Theory]
    [InlineData(24u, 2, "queue_size")]
    [InlineData(28u, 2, "queue_enable")]
    [InlineData(32u, 4, "queue_desc_lo")]
    [InlineData(36u, 4, "queue_desc_hi")]
    [InlineData(44u, 4, "queue_avail_hi")]
    [InlineData(48u, 4, "queue_used_lo")]
    public void Virtqueues_are_set_up_between_FEATURES_OK_and_DRIVER_OK_and_not_again(uint register, int width, string name)
    {
        driver.Begin();
        Assert.Equal($"console: {name} is written before FEATURES_OK was set in device_status", Kills(register, width, 1));
        driver.Write(DriverFeatureSelect, 4, 1);
        driver.Write(DriverFeature, 4, 1);
        driver.Status = 0x0B;
        Assert.Equal($"console: {name} is written, and FEATURES_OK was not read back", Kills(register, width, 1));
        Assert.Equal(0x0B, driver.Status);
        driver.Place(1);
        driver.Enable(1);
        Assert.Equal($"console: {name} is written for virtqueue 1, which is enabled", Kills(register, width, 1));
        driver.Status = 0x0F;
        driver.Write(QueueSelect, 2, 0);
        Assert.Equal($"console: {name} is written after DRIVER_OK was set in device_status", Kills(register, width, 1));
    }

    [Theory]
    [InlineData(0, "queue_size 0 is no power of two")]
    [InlineData(100, "queue_size 100 is no power of two")]
    [InlineData(512, "queue_size 512 is more than the 256 that it may have")]
    public void A_virtqueue_has_a_power_of_two_of_descriptors_up_to_256(int size, string killed)
    {
        driver.Begin().Negotiate();
        Assert.Equal($"console, virtqueue 0: {killed}", Kills(QueueSize, 2, (uint)size));
    }

    [Fact]
    public void A_virtqueue_may_be_smaller_and_lie_anywhere()
    {
        driver.Begin().Negotiate();
        RingDriver ring = driver.Place(1, size: 4);
        driver.Enable(1);
        driver.Status = 0x0F;
        for (int i = 0; i < 6; i++)
        {
            ring.Add((rig.Put("x"u8), 1, false));
            driver.Kick(1);
        }
        Assert.Equal("xxxxxx"u8.ToArray(), rig.Shown);
        Assert.Equal((4u, 1u), (driver.Read(QueueSize, 2), driver.Read(QueueEnable, 2)));
    }

    [Fact]
    public void A_virtqueue_is_not_disabled()
    {
        driver.Begin().Negotiate();
        driver.Place(0);
        Assert.Equal("console: 0 is written to queue_enable; only a reset ends a virtqueue", Kills(QueueEnable, 2, 0));
    }

    [Theory]
    [InlineData(Desc, 0x50008u, 0u, "the descriptor table at 0x00050008 is not aligned to 16 bytes")]
    [InlineData(Avail, 0x50001u, 0u, "the available ring at 0x00050001 is not aligned to 2 bytes")]
    [InlineData(Used, 0x50002u, 0u, "the used ring at 0x00050002 is not aligned to 4 bytes")]
    [InlineData(Desc, 0xFFF10u, 0u, "the descriptor table at 0x000fff10 is not inside memory")]
    [InlineData(Avail, 0xFFFFFFF0u, 0u, "the available ring at 0xfffffff0 is not inside memory")]
    [InlineData(Used, 0x100000u, 0u, "the used ring at 0x00100000 is not inside memory")]
    [InlineData(Desc, 0x50000u, 1u, "queue_desc is 0x0000000100050000, beyond 4 GiB")]
    [InlineData(Avail, 0x50000u, 0x80000000u, "queue_avail is 0x8000000000050000, beyond 4 GiB")]
    [InlineData(Used, 0x50000u, 2u, "queue_used is 0x0000000200050000, beyond 4 GiB")]
    public void The_place_of_a_virtqueue_is_checked_when_it_is_enabled(uint register, uint low, uint high, string killed)
    {
        driver.Begin().Negotiate();
        driver.Place(1);
        driver.Write(register, 4, low);
        driver.Write(register + 4, 4, high);
        Assert.Equal($"console, virtqueue 1: {killed}", PciRig.Kills(() => driver.Enable(1)));
    }

    [Fact]
    public void The_used_ring_begins_without_flags()
    {
        driver.Begin().Negotiate();
        VirtqueuePlace place = driver.Place(1).Place;
        rig.Memory.Write16(place.Used, 1);
        Assert.Equal($"console, virtqueue 1: the flags of the used ring at 0x{place.Used:x8} are 0x1 when it is enabled, and not 0", PciRig.Kills(() => driver.Enable(1)));
    }

    [Fact]
    public void A_virtqueue_that_nobody_looks_into_when_it_is_kicked_says_so()
    {
        driver.Start();
        Assert.Equal((1, 0), (driver.Ring(0).UsedFlags, driver.Ring(1).UsedFlags));
    }

    [Theory]
    [InlineData(20u, 4, "a read of 4 bytes at offset 20 of its memory; device_status is at 20 and has 1")]
    [InlineData(24u, 4, "a read of 4 bytes at offset 24 of its memory; queue_size is at 24 and has 2")]
    [InlineData(25u, 1, "a read of 1 bytes at offset 25 of its memory; queue_size is at 24 and has 2")]
    [InlineData(0u, 1, "a read of 1 bytes at offset 0 of its memory; device_feature_select is at 0 and has 4")]
    [InlineData(34u, 2, "a read of 2 bytes at offset 34 of its memory; queue_desc_lo is at 32 and has 4")]
    [InlineData(58u, 2, "a read of 2 bytes at offset 58 of its memory; isr is at 58 and has 1")]
    public void A_register_is_read_as_a_whole(uint offset, int width, string killed) =>
        Assert.Equal($"console: {killed}", PciRig.Kills(() => driver.Read(offset, width)));

    [Theory]
    [InlineData(20u, 2, "a write of 2 bytes at offset 20 of its memory; device_status is at 20 and has 1")]
    [InlineData(56u, 4, "a write of 4 bytes at offset 56 of its memory; notify is at 56 and has 2")]
    public void A_register_is_written_as_a_whole(uint offset, int width, string killed) => Assert.Equal($"console: {killed}", Kills(offset, width, 0));

    [Theory]
    [InlineData(4u, 4, "device_feature")]
    [InlineData(18u, 2, "num_queues")]
    [InlineData(21u, 1, "config_generation")]
    [InlineData(30u, 2, "queue_notify_off")]
    [InlineData(58u, 1, "isr")]
    public void Some_registers_are_only_read(uint offset, int width, string name) => Assert.Equal($"console: {name} cannot be written", Kills(offset, width, 0));

    [Fact]
    public void There_is_no_MSI_X()
    {
        driver.Begin();
        driver.Write(16, 2, 0);
        driver.Write(26, 2, 0);
        Assert.Equal((0xFFFFu, 0xFFFFu), (driver.Read(16, 2), driver.Read(26, 2)));
        Assert.Equal((2u, 0u), (driver.Read(18, 2), driver.Read(21, 1)));
    }

    [Fact]
    public void The_devices_own_configuration_needs_a_driver()
    {
        Assert.Equal("console: its configuration is read before DRIVER was set in device_status", PciRig.Kills(() => rig.Read(driver.Config, 2)));
        driver.Begin();
        Assert.Equal(0u, rig.Read(driver.Config, 2));
        Assert.Equal("console: byte 4 of its configuration cannot be written", PciRig.Kills(() => rig.Write(driver.Config + 4, 4, 1)));
    }

    [Fact]
    public void What_nobody_answers_reads_as_all_ones_and_is_lost()
    {
        Assert.Equal((0xFFu, 0xFFFFu, uint.MaxValue), (rig.Read(driver.Common + 59, 1), rig.Read(driver.Config + 12, 2), rig.Read(driver.Common - 4, 4)));
        rig.Write(driver.Common + 59, 1, 7);
        rig.Write(PciRig.FirstBar + 0x2000, 4, 7);
        rig.Write(VirtioRig.Ram, 4, 7);
        Assert.Equal(0xFFu, rig.Read(VirtioRig.Ram, 1));
    }

    private string Kills(uint register, int width, uint value) => PciRig.Kills(() => driver.Write(register, width, value));
}
