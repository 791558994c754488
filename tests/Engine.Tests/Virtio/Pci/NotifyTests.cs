using LguestPS.Devices;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>What a write to notify does, and how the guest is told of what came of it.</summary>
public sealed class NotifyTests : IDisposable
{
    private readonly PciRig rig = new(new ConsoleFunction(), new EntropyFunction("seed"));
    private readonly PciDriver driver;

    public NotifyTests() => driver = rig.Driver(1);

    public void Dispose() => rig.Dispose();

    [Fact]
    public void A_kick_waits_for_the_launchers_turn_and_says_whose_it_is()
    {
        driver.Start();
        driver.Ring(1).Add((rig.Put("hi\n"u8), 3, false));
        rig.Registers.WriteMemory(driver.Notify, 2, 1);
        Assert.Equal(new PendingKick(KickPurpose.Queue, driver.Notify, "console", 1), rig.Pending);
        Assert.Equal("serve virtqueue 1 of console: descriptor 0 first, 3 bytes to read and 0 to write: \"hi\\n\"", rig.Transport.Preview(rig.Pending!));
        Assert.Empty(rig.Shown);
        KickEvent kick = Assert.Single(rig.EventsOf(rig.ServePending).OfType<KickEvent>());
        Assert.Equal((KickPurpose.Queue, driver.Notify, "console", 1), (kick.Purpose, kick.Address, kick.Device, kick.Queue));
        Assert.Equal("hi\n"u8.ToArray(), rig.Shown);
    }

    [Fact]
    public void A_virtqueue_that_does_not_exist_cannot_be_kicked()
    {
        driver.Start();
        Assert.Equal("console: 2 is written to notify, and there are 2 virtqueues", PciRig.Kills(() => driver.Kick(2)));
    }

    [Fact]
    public void A_device_is_not_kicked_before_its_driver_is_ready()
    {
        driver.Begin().Negotiate();
        driver.Place(1);
        driver.Enable(1);
        Assert.Equal("console: 1 is written to notify before DRIVER_OK was set", PciRig.Kills(() => driver.Kick(1)));
    }

    [Fact]
    public void A_virtqueue_is_not_kicked_that_was_not_enabled()
    {
        driver.Begin().Negotiate();
        driver.Place(1);
        driver.Enable(1);
        driver.Status = 0x0F;
        Assert.Equal("console: 0 is written to notify, and that virtqueue was not enabled", PciRig.Kills(() => driver.Kick(0)));
    }

    [Fact]
    public void Reading_isr_clears_it()
    {
        driver.Start();
        Assert.Equal(0u, rig.Read(driver.Isr, 1));
        driver.Ring(1).Add((rig.Put("x"u8), 1, false));
        driver.Kick(1);
        Assert.Equal([1], rig.Interrupts);
        Assert.Equal((1u, 0u), (rig.Read(driver.Isr, 1), rig.Read(driver.Isr, 1)));
    }

    [Fact]
    public void A_guest_that_wants_no_interrupt_gets_none_and_isr_says_nothing()
    {
        driver.Start();
        driver.Ring(1).WantsNoInterrupt = true;
        driver.Ring(1).Add((rig.Put("x"u8), 1, false));
        driver.Kick(1);
        Assert.Empty(rig.Interrupts);
        Assert.Equal(0u, rig.Read(driver.Isr, 1));
    }

    [Fact] // its line is one for both virtqueues
    public void Isr_is_set_before_the_interrupt_and_for_its_own_device_only()
    {
        driver.Start();
        PciDriver other = rig.Driver(2).Start();
        other.Ring(0).Add((rig.Allocate(8), 8, true));
        other.Kick(0);
        Assert.Equal([2], rig.Interrupts);
        Assert.Equal((0u, 1u), (rig.Read(driver.Isr, 1), rig.Read(other.Isr, 1)));
    }

    [Fact]
    public void Indirect_descriptors_are_for_drivers_that_have_accepted_them()
    {
        driver.Start();
        driver.Ring(1).SetDescriptor(0, rig.Put(new byte[16]), 16, RingDriver.Indirect);
        driver.Ring(1).Offer(0);
        Assert.Equal("console, virtqueue 1: descriptor 0 is indirect, and the driver has not accepted that feature", PciRig.Kills(() => driver.Kick(1)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_card_takes_indirect_descriptors_if_that_was_accepted(bool accepted)
    {
        using PciRig own = new(HostWire.Silent(0));
        PciDriver card = own.Driver(1);
        card.Begin();
        card.Start(accepted ? card.Offered : card.Offered & ~(1ul << 28));
        uint table = own.Allocate(16);
        card.Ring(1).SetDescriptor(table, 0, own.Put(new byte[12 + 60]), 12 + 60);
        card.Ring(1).SetDescriptor(0, table, 16, RingDriver.Indirect);
        card.Ring(1).Offer(0);
        if (accepted) card.Kick(1);
        else Assert.Contains("has not accepted that feature", PciRig.Kills(() => card.Kick(1)));
        Assert.Equal(accepted ? 1 : 0, card.Ring(1).Used);
    }
}
