using LguestPS.Devices;
using LguestPS.Networks;
using LguestPS.State;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>What devices on the PCI bus are is kept in checkpoints, and what they hand over comes again in a recorded run.</summary>
public sealed class PciPastTests : IDisposable
{
    private readonly ConsoleFunction console = new();
    private readonly ReplayPort port = new(default, [new RecordedFrame(0, TestWire.Udp(1, 2, "in"u8))]);
    private readonly PciRig rig;
    private readonly PciRig again;

    public PciPastTests()
    {
        rig = new PciRig(console, new EntropyFunction(seed: null), new HostWire(0, port, recorder: null));
        again = new PciRig(new ConsoleFunction(), new EntropyFunction(seed: null), HostWire.Silent(0));
    }

    public void Dispose()
    {
        rig.Dispose();
        again.Dispose();
    }

    [Fact]
    public void A_checkpoint_goes_on_where_the_rings_and_registers_were()
    {
        PciDriver driver = rig.Driver(1).Start();
        rig.WriteConfig(1, 0x10, PciRig.FirstBar + 0x80000);
        rig.WriteConfig(1, 0x04, 0x0006, 2);
        driver = Found(rig, driver);
        for (int i = 0; i < 300; i++) Print(driver, rig, "a");
        rig.Registers.WritePort(0xCF8, 4, 0x80000834);
        CopyTo(again);
        Assert.Equal(0x40u, again.Registers.ReadPort(0xCFC, 1));
        PciDriver same = Found(again, driver);
        Assert.Equal((0x0F, 1u, 0x00100006u), (same.Status, again.Read(same.Isr, 1), again.ReadConfig(1, 4)));
        Print(same, again, "b");
        Assert.Equal("b"u8.ToArray(), again.Shown);
        Assert.Equal(301, same.Ring(1).Used);
    }

    [Fact]
    public void A_reboot_makes_the_bus_what_it_was_and_a_driver_finds_it_again()
    {
        PciDriver driver = rig.Driver(1).Start();
        Print(driver, rig, "before");
        rig.WriteConfig(1, 0x10, PciRig.FirstBar + 0x80000);
        rig.WriteConfig(1, 0x04, 0x0006, 2);
        rig.Registers.WritePort(0xCF8, 4, 0x80000834);

        rig.Transport.Reset();

        Assert.Equal(0u, rig.Registers.ReadPort(0xCF8, 4));
        PciDriver afterwards = rig.Driver(1);
        Assert.Equal((PciRig.FirstBar, 0x00100000u), (rig.ReadConfig(1, 0x10), rig.ReadConfig(1, 4)));
        Assert.Equal((0, 0u, 0u, 256u, 0u), (afterwards.Status, rig.Read(afterwards.Isr, 1), afterwards.Read(22, 2), afterwards.Read(24, 2), afterwards.Read(28, 2)));
        Print(afterwards.Start(), rig, " and after");
        Assert.Equal("before and after"u8.ToArray(), rig.Shown);
    }

    [Fact]
    public void A_device_that_is_being_set_up_is_so_in_a_checkpoint_too()
    {
        PciDriver driver = rig.Driver(1).Begin().Negotiate();
        driver.Place(1, size: 8);
        CopyTo(again);
        PciDriver same = again.Driver(1);
        Assert.Equal((0x0B, 1u, 8u, 0u), (same.Status, same.Read(22, 2), same.Read(24, 2), same.Read(28, 2)));
        same.Enable(1);
        same.Status = 0x0F;
        Assert.Equal(1u, same.Read(28, 2));
    }

    [Fact]
    public void Going_back_to_before_a_virtqueue_was_enabled_takes_it_away()
    {
        byte[] before = rig.Saved();
        PciDriver driver = rig.Driver(1).Start();
        rig.Load(before);
        Assert.Equal((0, 0u, 256u), (driver.Status, driver.Read(28, 2), driver.Read(24, 2)));
        Assert.DoesNotContain(rig.Transport.Slots.SelectMany(slot => slot.Device.Queues), queue => queue.IsLive);
    }

    [Fact]
    public void A_kick_that_is_pending_is_kept_with_what_it_is_for()
    {
        PciDriver driver = rig.Driver(1).Start();
        rig.Registers.WriteMemory(driver.Notify, 2, 1);
        StateWriter state = new();
        rig.Transport.SavePending(state, rig.Pending!);
        Assert.Equal(rig.Pending, again.Transport.LoadPending(new StateReader(state.ToArray(), [])));
    }

    [Theory]
    [InlineData("console", 2)]
    [InlineData("console", -1)]
    [InlineData("block7", 0)]
    public void A_kick_of_a_virtqueue_that_is_not_there_is_no_state(string device, int queue)
    {
        StateWriter state = new();
        rig.Transport.SavePending(state, new PendingKick(KickPurpose.Queue, 0x1000, device, queue));
        Assert.Throws<InvalidStateException>(() => again.Transport.LoadPending(new StateReader(state.ToArray(), [])));
    }

    [Fact]
    public void Typed_text_frames_and_random_numbers_come_again_as_they_were()
    {
        FakeTape tape = new();
        rig.Tape = again.Tape = tape;
        Assert.True(console.Input.TryEnter("typed"u8));
        (byte[] text, byte[] frame, byte[] random) first = Play(rig);
        Assert.Equal([0, 2, 1], tape.Inputs.Select(input => input.Device));
        tape.Rewind();
        (byte[] text, byte[] frame, byte[] random) second = Play(again);
        Assert.Equal("typed"u8.ToArray(), second.text);
        Assert.Equal(first.frame, second.frame);
        Assert.Equal(TestWire.Udp(1, 2, "in"u8), second.frame[12..]);
        Assert.Equal(first.random, second.random);
    }

    /// <summary>Any file is either what a guest can be, or refused; and what was taken can be used, at worst to the end of the guest.</summary>
    [Fact]
    public void Damaged_state_is_refused_or_harmless()
    {
        rig.Driver(1).Start();
        rig.Driver(2).Begin().Negotiate();
        byte[] good = rig.Saved();
        Random random = new(14);
        int refused = 0, taken = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] bad = [.. good];
            for (int i = random.Next(1, 4); i > 0; i--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
            if (random.Next(20) == 0) bad = bad[..random.Next(bad.Length)];
            try
            {
                again.Load(bad);
                taken++;
            }
            catch (InvalidStateException)
            {
                refused++;
            }
            try
            {
                again.Transport.DeliverInput();
                foreach (uint queue in (uint[])[0, 1]) again.Write(again.ReadConfig(1, 0x10) + 56, 2, queue);
            }
            catch (Errors.GuestKilledException)
            {
            }
        }
        Assert.True(refused > 300 && taken > 300, $"{refused} refused, {taken} taken");
    }

    private void CopyTo(PciRig other)
    {
        rig.Memory.Read(0, rig.Memory.Size).CopyTo(other.Memory.Write(0, other.Memory.Size));
        other.Load(rig.Saved());
    }

    /// <summary>The same driver after its device has moved, or in another guest.</summary>
    private static PciDriver Found(PciRig rig, PciDriver driver)
    {
        PciDriver found = rig.Driver(1);
        foreach (int queue in (int[])[0, 1]) found.Adopt(queue, driver.Ring(queue).Place);
        return found;
    }

    private static (byte[] Text, byte[] Frame, byte[] Random) Play(PciRig rig)
    {
        PciDriver console = rig.Driver(1).Start(), entropy = rig.Driver(2).Start(), card = rig.Driver(3).Start();
        console.Ring(0).Add((0x70000, 100, true));
        card.Ring(0).Add((0x71000, 1600, true));
        rig.Transport.DeliverInput();
        entropy.Ring(0).Add((0x72000, 64, true));
        entropy.Kick(0);
        return (Filled(console, 0x70000), Filled(card, 0x71000), Filled(entropy, 0x72000));

        byte[] Filled(PciDriver driver, uint at) => rig.Memory.Read(at, driver.Ring(0).UsedElement(0).Length).ToArray();
    }

    private static void Print(PciDriver driver, PciRig rig, string text)
    {
        driver.Ring(1).Add((rig.Put(System.Text.Encoding.ASCII.GetBytes(text)), text.Length, false));
        driver.Kick(1);
    }
}
