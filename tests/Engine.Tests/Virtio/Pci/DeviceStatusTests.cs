using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>The order in which a guest sets a device up (virtio 1.0, 2.1 and 3.1.1).</summary>
public sealed class DeviceStatusTests : IDisposable
{
    private readonly PciRig rig = new(new ConsoleFunction());
    private readonly PciDriver driver;

    public DeviceStatusTests() => driver = rig.Driver(1);

    public void Dispose() => rig.Dispose();

    [Theory]
    [InlineData(new byte[] { 1 }, 0, null)]
    [InlineData(new byte[] { 1, 3 }, 1, "device_status 0x03 -> 0x01 takes back 0x02, which only a reset does")]
    [InlineData(new byte[] { }, 3, "device_status 0x00 -> 0x03 sets DRIVER before ACKNOWLEDGE was set")]
    [InlineData(new byte[] { }, 2, "device_status 0x00 -> 0x02 sets DRIVER before ACKNOWLEDGE was set")]
    [InlineData(new byte[] { 1 }, 9, "device_status 0x01 -> 0x09 sets FEATURES_OK before DRIVER was set")]
    [InlineData(new byte[] { 1, 3 }, 7, "device_status 0x03 -> 0x07 sets DRIVER_OK before FEATURES_OK was set")]
    [InlineData(new byte[] { 1, 3 }, 0x0B, "FEATURES_OK is set, and feature 32 (VERSION_1) was not accepted")]
    [InlineData(new byte[] { 1 }, 0x41, "device_status 0x01 -> 0x41 sets 0x40, which is nothing that a driver may say")]
    [InlineData(new byte[] { 1 }, 0x11, "device_status 0x01 -> 0x11 sets 0x10, which is nothing that a driver may say")]
    [InlineData(new byte[] { }, 0x80, null)]
    [InlineData(new byte[] { 1, 3 }, 0x83, null)]
    public void Bits_are_added_in_their_turn(byte[] before, byte status, string? killed)
    {
        foreach (byte step in before) driver.Status = step;
        if (killed is not null)
        {
            Assert.Equal($"console: {killed}", PciRig.Kills(() => driver.Status = status));
            return;
        }
        driver.Status = status;
        Assert.Equal(status, driver.Status);
    }

    [Fact]
    public void DRIVER_OK_comes_after_a_look_whether_the_features_will_do()
    {
        Accept();
        driver.Status = 0x0B;
        Assert.Equal("console: device_status 0x0b -> 0x0f sets DRIVER_OK, and FEATURES_OK was not read back", PciRig.Kills(() => driver.Status = 0x0F));
    }

    [Fact]
    public void A_look_before_FEATURES_OK_is_none_after_it()
    {
        Accept();
        Assert.Equal(3, driver.Status);
        driver.Status = 0x0B;
        Assert.Contains("was not read back", PciRig.Kills(() => driver.Status = 0x0F));
    }

    [Fact]
    public void Each_change_is_an_event_with_the_status_that_came_of_it()
    {
        List<LguestEvent> events = rig.EventsOf(() => driver.Start());
        Assert.Equal([(byte)0, 1, 3, 11, 15], events.OfType<KickEvent>().Select(kick => kick.Status!.Value));
        Assert.All(events.OfType<KickEvent>(), kick => Assert.Equal((KickPurpose.Status, "console", driver.Common + 20, null), (kick.Purpose, kick.Device, kick.Address, kick.Queue)));
    }

    [Fact]
    public void A_reset_makes_everything_what_it_was_and_touches_no_memory()
    {
        driver.Start();
        driver.Ring(1).Add((rig.Put("x"u8), 1, false));
        driver.Kick(1);
        byte[] before = rig.Memory.Read(0, VirtioRig.Ram).ToArray();
        driver.Status = 0;
        Assert.Equal((0, 0u), (driver.Status, rig.Read(driver.Isr, 1)));
        Assert.Equal((0u, 0u, 0u), (driver.Read(8, 4), driver.Read(12, 4), driver.Read(22, 2)));
        Assert.Equal((256u, 0u, 0u), (driver.Read(24, 2), driver.Read(28, 2), driver.Read(32, 4)));
        Assert.Equal(before, rig.Memory.Read(0, VirtioRig.Ram).ToArray());
        driver.Start();
        driver.Ring(1).Add((rig.Put("y"u8), 1, false));
        driver.Kick(1);
        Assert.Equal("xy"u8.ToArray(), rig.Shown);
    }

    [Fact]
    public void A_device_that_its_driver_has_given_up_does_nothing_until_a_reset()
    {
        driver.Start();
        driver.Status = 0x8F;
        driver.Ring(1).Add((rig.Put("x"u8), 1, false));
        driver.Kick(1);
        Assert.True(rig.Devices.Console!.Input.TryEnter("typed"u8));
        driver.Ring(0).Add((rig.Allocate(8), 8, true));
        rig.Transport.DeliverInput();
        Assert.Equal((0, 0), (driver.Ring(0).Used, driver.Ring(1).Used));
        Assert.Empty(rig.Shown);
    }

    [Fact]
    public void Input_waits_until_the_driver_is_ready()
    {
        driver.Begin().Negotiate();
        driver.Place(0).Add((rig.Allocate(8), 8, true));
        driver.Enable(0);
        Assert.True(rig.Devices.Console!.Input.TryEnter("typed"u8));
        rig.Transport.DeliverInput();
        Assert.Equal(0, driver.Ring(0).Used);
        driver.Status = 0x0F;
        rig.Transport.DeliverInput();
        Assert.Equal((0u, 5u), driver.Ring(0).UsedElement(0));
    }

    private void Accept()
    {
        driver.Status = 1;
        driver.Status = 3;
        driver.Write(8, 4, 1);
        driver.Write(12, 4, 1);
    }
}
