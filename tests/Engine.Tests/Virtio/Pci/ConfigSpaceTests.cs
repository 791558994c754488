using LguestPS.Devices;
using LguestPS.Errors;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>The ports of the PCI bus, and what a guest finds in configuration space.</summary>
public sealed class ConfigSpaceTests : IDisposable
{
    private const uint Bar0 = 0x10;

    private readonly ConsoleFunction console = new();
    private readonly PciRig rig;

    public ConfigSpaceTests() => rig = new PciRig(console, new EntropyFunction("seed"), HostWire.Silent(0));

    public void Dispose() => rig.Dispose();

    [Fact] // how Linux finds out that there is a bus: pci_check_type1 and pci_sanity_check
    public void Linux_believes_in_the_bus()
    {
        rig.Registers.WritePort(0xCFB, 1, 1);
        rig.Registers.WritePort(0xCF8, 4, 0x80000000);
        Assert.Equal(0x80000000, rig.Registers.ReadPort(0xCF8, 4));
        Assert.Equal(0x0600u, rig.ReadConfig(0, 0x0A, 2));
        Assert.Equal(0u, rig.ReadConfig(0, 0));
    }

    [Fact]
    public void The_address_is_a_word_of_four_bytes()
    {
        for (int lane = 0; lane < 4; lane++) rig.Registers.WritePort((ushort)(0xCF8 + lane), 1, (uint)(0xFFFFFF11 * (lane + 1)));
        Assert.Equal(0x44332211u, rig.Registers.ReadPort(0xCF8, 4));
        Assert.Equal((0x3322u, 0x44u), (rig.Registers.ReadPort(0xCF9, 2), rig.Registers.ReadPort(0xCFB, 1)));
        rig.Registers.WritePort(0xCFA, 2, 0xABCD);
        Assert.Equal(0xABCD2211u, rig.Registers.ReadPort(0xCF8, 4));
    }

    [Theory]
    [InlineData(0x80000800u, true)]
    [InlineData(0x00000800u, false)] // not enabled
    [InlineData(0x80010800u, false)] // another bus
    [InlineData(0x80000900u, false)] // another function
    [InlineData(0x81000800u, false)] // reserved
    [InlineData(0x80002000u, false)] // an empty place
    [InlineData(0x8000F800u, false)]
    [InlineData(0x80000898u, false)] // beyond what there is
    [InlineData(0x800008FCu, false)]
    public void Anything_else_reads_as_all_ones(uint address, bool answers)
    {
        rig.Registers.WritePort(0xCF8, 4, address);
        Assert.Equal(answers ? 0x10431AF4 : uint.MaxValue, rig.Registers.ReadPort(0xCFC, 4));
        rig.Registers.WritePort(0xCFC, 4, 0);
    }

    [Theory]
    [InlineData(0x64, 1, 0x01u)]
    [InlineData(0x64, 2, 0xFF01u)]
    [InlineData(0x60, 1, 0xFFu)]
    [InlineData(0x3FD, 1, 0xFFu)]
    [InlineData(0x70, 2, 0xFFFFu)]
    [InlineData(0xFFFF, 4, uint.MaxValue)]
    [InlineData(0xCFF, 4, 0xFFFFFF10u)]
    public void Ports_of_nobody_read_as_all_ones_and_the_keyboard_as_never_empty(ushort port, int width, uint value)
    {
        rig.Registers.WritePort(0xCF8, 4, 0x80000800);
        Assert.Equal(value, rig.Registers.ReadPort(port, width));
        if (port != 0xCFF) rig.Registers.WritePort(port, width, 0x12345678);
    }

    [Fact]
    public void Configuration_space_says_what_a_device_is()
    {
        Assert.Equal((0x10431AF4u, 0x00100000u, 0x07000001u, 0x00400000u), (rig.ReadConfig(1, 0), rig.ReadConfig(1, 4), rig.ReadConfig(1, 8), rig.ReadConfig(1, 0x2C)));
        Assert.Equal((0x40u, 1u, 0u), (rig.ReadConfig(1, 0x34, 1), rig.ReadConfig(1, 0x3C, 1), rig.ReadConfig(1, 0x3D, 1)));
        Assert.Equal([0x01105009u, 0u, 0u, 56u], Dwords(1, 0x40, 4));
        Assert.Equal([0x02146409u, 0u, 56u, 2u, 0u], Dwords(1, 0x50, 5));
        Assert.Equal([0x03108409u, 0u, 58u, 1u], Dwords(1, 0x64, 4));
        Assert.Equal([0x04100009u, 0u, 60u, 12u], Dwords(1, 0x74, 4));
        Assert.Equal([0x05147409u, 0u, 0u, 0u], Dwords(1, 0x84, 4));
        Assert.Equal(0x05140009u, rig.ReadConfig(2, 0x84));
    }

    [Theory]
    [InlineData(1, 128u)]
    [InlineData(2, 64u)]
    [InlineData(3, 128u)]
    public void A_base_address_tells_its_size(int device, uint size)
    {
        uint bar = rig.ReadConfig(device, Bar0);
        Assert.Equal(PciRig.FirstBar + (uint)(device - 1) * 4096, bar);
        rig.WriteConfig(device, Bar0, uint.MaxValue);
        Assert.Equal(~(size - 1), rig.ReadConfig(device, Bar0));
        rig.WriteConfig(device, Bar0, bar);
        Assert.Equal(bar, rig.ReadConfig(device, Bar0));
        for (uint other = 0x14; other <= 0x24; other += 4)
        {
            rig.WriteConfig(device, other, uint.MaxValue);
            Assert.Equal(0u, rig.ReadConfig(device, other));
        }
        rig.WriteConfig(device, 0x30, uint.MaxValue);
        Assert.Equal(0u, rig.ReadConfig(device, 0x30));
    }

    [Fact]
    public void A_device_follows_its_base_address()
    {
        uint before = rig.ReadConfig(1, Bar0), after = PciRig.FirstBar + 0x40080;
        rig.WriteConfig(1, Bar0, after);
        PciDriver driver = rig.Driver(1).Start();
        Assert.Equal((after, after + 56), (driver.Common, driver.Notify));
        driver.Ring(1).Add((rig.Put("x"u8), 1, false));
        rig.Registers.WriteMemory(driver.Notify, 2, 1);
        Assert.Equal(driver.Notify, ((PendingKick)rig.Pending!).Address);
        rig.ServePending();
        Assert.Equal("x"u8.ToArray(), rig.Shown);
        Assert.Equal((uint.MaxValue, 0xFu), (rig.Read(before, 4), rig.Read(after + 20, 1)));
        Assert.Equal((("console", "device_status"), null), (rig.Registers.NameOf(after + 20), rig.Registers.NameOf(before + 20)));
    }

    [Fact]
    public void Only_some_of_it_can_be_written()
    {
        for (uint register = 0; register < 0x84; register += 4)
            if (register is not (0x04 or 0x0C or Bar0))
            {
                uint before = rig.ReadConfig(1, register);
                rig.WriteConfig(1, register, ~before);
                Assert.Equal(before, rig.ReadConfig(1, register));
            }
        rig.WriteConfig(1, 0x04, uint.MaxValue);
        rig.WriteConfig(1, 0x0C, uint.MaxValue);
        Assert.Equal((0x0010FFFFu, 0x0000FFFFu), (rig.ReadConfig(1, 0x04), rig.ReadConfig(1, 0x0C)));
        rig.WriteConfig(1, 0x05, 0x12, 1);
        Assert.Equal(0x001012FFu, rig.ReadConfig(1, 0x04));
        rig.WriteConfig(0, 0x04, uint.MaxValue);
        Assert.Equal(0u, rig.ReadConfig(0, 0x04));
    }

    [Fact] // setup_bios_console of Linux 4.0: bar, length and offset, then each character
    public void A_guest_writes_to_the_console_before_any_driver()
    {
        PciDriver found = rig.Driver(1);
        Assert.True(found.ConfigLength >= 12);
        uint window = found.WindowCapability;
        rig.WriteConfig(1, window + 4, 0, 1);
        rig.WriteConfig(1, window + 12, 4);
        rig.WriteConfig(1, window + 8, found.Config - found.Common + 8);
        List<LguestEvent> events = rig.EventsOf(() =>
        {
            foreach (char letter in "early\n") rig.WriteConfig(1, window + 16, letter);
        });
        Assert.Equal("early\n"u8.ToArray(), rig.Shown);
        Assert.Equal("early\n", console.Output.Scrollback);
        Assert.Equal("early\n", string.Concat(events.Cast<KickEvent>().Select(kick => kick.Text)));
        Assert.All(events.Cast<KickEvent>(), kick => Assert.Equal((KickPurpose.EarlyConsole, "console", found.Config + 8, null), (kick.Purpose, kick.Device, kick.Address, kick.Queue)));
    }

    [Fact]
    public void The_window_does_what_an_access_to_memory_does()
    {
        PciDriver driver = rig.Driver(1);
        Window(20, 1);
        rig.WriteConfig(1, driver.WindowCapability + 16, 1);
        Assert.Equal((1, 1u), (driver.Status, rig.ReadConfig(1, driver.WindowCapability + 16)));
        driver.Start();
        driver.Ring(1).Add((rig.Put("x"u8), 1, false));
        Window(56, 2);
        rig.WriteConfig(1, driver.WindowCapability + 16, 1, 2);
        Assert.Equal("x"u8.ToArray(), rig.Shown);
        Window(58, 1);
        Assert.Equal((1u, 0u), (rig.ReadConfig(1, driver.WindowCapability + 16, 1), rig.ReadConfig(1, driver.WindowCapability + 16, 1)));
        Window(20, 4);
        Assert.Contains("device_status is at 20 and has 1", PciRig.Kills(() => rig.ReadConfig(1, driver.WindowCapability + 16)));
    }

    [Theory]
    [InlineData(1u, 20u, 1u)]
    [InlineData(0u, 20u, 0u)]
    [InlineData(0u, 20u, 3u)]
    [InlineData(0u, 20u, 8u)]
    [InlineData(0u, 21u, 2u)]
    [InlineData(0u, 72u, 4u)]
    [InlineData(0u, 0xFFFFFFFCu, 4u)]
    public void A_window_that_leads_nowhere_reads_as_all_ones(uint bar, uint offset, uint length)
    {
        uint window = rig.Driver(1).WindowCapability;
        rig.WriteConfig(1, window + 4, bar, 1);
        Window(offset, length);
        Assert.Equal(uint.MaxValue, rig.ReadConfig(1, window + 16));
        rig.WriteConfig(1, window + 16, 0x41);
        Assert.Empty(rig.Shown);
    }

    [Fact]
    public void As_many_devices_as_there_are_interrupts()
    {
        Assert.Equal(31, Cards(31).Bus.Devices.Count);
        LguestException refused = Assert.Throws<LguestException>(() => Cards(32));
        Assert.Equal((LguestError.NotSupported, "there are 32 devices; a guest has 31 virtual interrupts, one for each. Take some away"), (refused.Error, refused.Message));
    }

    [Theory]
    [InlineData(0u, "device_feature_select")]
    [InlineData(20u, "device_status")]
    [InlineData(39u, "queue_desc_hi")]
    [InlineData(56u, "notify")]
    [InlineData(59u, null)]
    [InlineData(68u, "config+8")]
    [InlineData(72u, null)]
    public void Registers_have_names(uint offset, string? name) => Assert.Equal(name, rig.Registers.NameOf(PciRig.FirstBar + offset)?.Register);

    private static PciRig Cards(int count) => new([.. Enumerable.Range(0, count).Select(i => (DeviceFunction)HostWire.Silent(i))]);

    private IEnumerable<uint> Dwords(int device, uint at, int count) => Enumerable.Range(0, count).Select(i => rig.ReadConfig(device, at + (uint)i * 4));

    private void Window(uint offset, uint length)
    {
        rig.WriteConfig(1, 0x8C, offset);
        rig.WriteConfig(1, 0x90, length);
    }
}
