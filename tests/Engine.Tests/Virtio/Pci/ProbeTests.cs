using LguestPS.Devices;
using LguestPS.Networks;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>A guest that finds its devices on the PCI bus as Linux 4.x does, and uses them.</summary>
public sealed class ProbeTests : IDisposable
{
    private const ulong Version1 = 1ul << 32;

    private readonly TempFolder folder = new();
    private readonly ConsoleFunction console = new();
    private readonly PciRig rig;

    public ProbeTests() => rig = new PciRig(
        new DiskFunction("block0", new BlockDefinition(folder.Write("disk", [.. Enumerable.Range(0, 8 * 512).Select(i => (byte)(i / 512))])) { Mode = BlockMode.ReadWrite }),
        console,
        new HostWire(0, new ReplayPort(default, [new RecordedFrame(0, TestWire.Udp(1, 2, "in"u8))]), recorder: null),
        new EntropyFunction("seed"));

    public void Dispose()
    {
        rig.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void The_console_is_device_1_and_the_others_follow_in_their_order()
    {
        Assert.Equal([0x10431AF4u, 0x10421AF4, 0x10411AF4, 0x10441AF4, uint.MaxValue], Enumerable.Range(1, 5).Select(device => rig.ReadConfig(device, 0)));
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(1, 4).Select(device => rig.Driver(device).Irq));
        Assert.Equal([0x0700u, 0x0180, 0x0200, 0xFF00], Enumerable.Range(1, 4).Select(device => rig.ReadConfig(device, 0x0A, 2)));
    }

    [Fact]
    public void The_console_prints_and_is_typed_to()
    {
        PciDriver driver = rig.Driver(1).Start();
        Assert.Equal(2, driver.QueueCount);
        driver.Ring(1).Add((rig.Put("hello\n"u8), 6, false));
        driver.Kick(1);
        Assert.Equal("hello\n", console.Output.Scrollback);
        Assert.Equal((1, (0u, 0u)), (driver.Ring(1).Used, driver.Ring(1).UsedElement(0)));
        Assert.Equal([1], rig.Interrupts);

        Assert.True(console.Input.TryEnter("typed"u8));
        rig.Transport.DeliverInput();
        Assert.False(console.Input.IsEmpty);
        uint buffer = rig.Allocate(16);
        driver.Ring(0).Add((buffer, 16, true));
        rig.Transport.DeliverInput();
        Assert.Equal("typed"u8.ToArray(), rig.Memory.Read(buffer, 5).ToArray());
        Assert.Equal((0u, 5u), driver.Ring(0).UsedElement(0));
        Assert.Equal([1, 1], rig.Interrupts);
    }

    [Fact]
    public void A_disk_reads_and_writes_its_sectors()
    {
        PciDriver driver = rig.Driver(2).Start();
        Assert.Equal((8u, 0u, 254u), (rig.Read(driver.Config, 4), rig.Read(driver.Config + 4, 4), rig.Read(driver.Config + 12, 4)));
        Assert.Equal(36u, driver.ConfigLength);
        uint data = rig.Allocate(512), status = rig.Put([0xEE]);
        driver.Ring(0).Add((rig.Put(Request(0, 3)), 16, false), (data, 512, true), (status, 1, true));
        driver.Kick(0);
        Assert.Equal(Enumerable.Repeat((byte)3, 512), rig.Memory.Read(data, 512).ToArray());
        driver.Ring(0).Add((rig.Put(Request(1, 5)), 16, false), (data, 512, false), (status, 1, true));
        driver.Kick(0);
        driver.Ring(0).Add((rig.Put(Request(4, 0)), 16, false), (status, 1, true));
        driver.Kick(0);
        Assert.Equal((3, 0), (driver.Ring(0).Used, rig.Memory.Read8(status)));
        Assert.Equal([2, 2, 2], rig.Interrupts);
        rig.Dispose();
        Assert.Equal(Enumerable.Repeat((byte)3, 512), File.ReadAllBytes(folder.Path("disk"))[(5 * 512)..(6 * 512)]);
    }

    [Fact]
    public void A_card_has_headers_of_twelve_bytes_that_say_one_buffer()
    {
        PciDriver driver = rig.Driver(3).Start();
        Assert.Equal(Version1 | 1 << 0 | 1 << 1 | 1 << 5 | 1 << 11 | 1 << 28, driver.Offered);
        uint buffer = rig.Allocate(1600);
        driver.Ring(0).Add((buffer, 1600, true));
        rig.Transport.DeliverInput();
        byte[] frame = TestWire.Udp(1, 2, "in"u8);
        Assert.Equal((0u, 12u + (uint)frame.Length), driver.Ring(0).UsedElement(0));
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, .. frame], rig.Memory.Read(buffer, 12 + (uint)frame.Length).ToArray());
        byte[] mac = [.. Enumerable.Range(0, 6).Select(i => (byte)rig.Read(driver.Config + (uint)i, 1))];
        Assert.Equal(rig.Transport.Slots[2].Device.Config, mac);
    }

    [Fact]
    public void Random_numbers_fill_a_buffer()
    {
        PciDriver driver = rig.Driver(4).Start();
        Assert.Equal((Version1, 0u), (driver.Offered, driver.Config));
        uint buffer = rig.Allocate(64);
        driver.Ring(0).Add((buffer, 64, true));
        driver.Kick(0);
        Assert.Equal((0u, 64u), driver.Ring(0).UsedElement(0));
        Assert.True(rig.Memory.Read(buffer, 64).ContainsAnyExcept((byte)0));
        Assert.Equal([4], rig.Interrupts);
    }

    private static byte[] Request(uint type, ulong sector) => [.. BitConverter.GetBytes(type), 0, 0, 0, 0, .. BitConverter.GetBytes(sector)];
}
