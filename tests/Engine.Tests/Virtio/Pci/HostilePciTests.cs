using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Networks;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>Guests that read and write any port and any register, in any order, with anything in their rings.</summary>
public sealed class HostilePciTests : IDisposable
{
    /// <summary>How every reason why a device ends its guest begins.</summary>
    internal const string ReasonsStart = @"^(console|block0|net0|rng)(, virtqueue [01])?: ";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(4)]
    [InlineData(13)]
    public void Whatever_a_guest_writes_to_registers_it_ends_itself_or_is_served_and_nothing_else_happens(int seed)
    {
        Random random = new(seed);
        string image = folder.Write("disk", new byte[64 * 512]);
        HashSet<string> reasons = [];
        PciRig? rig = null;
        int killed = 0, survived = 0;
        for (int round = 0; round < 4000; round++)
        {
            rig ??= Make(random, image);
            try
            {
                for (int step = 0; step < 8; step++) Step(random, rig);
                survived++;
            }
            catch (GuestKilledException ended)
            {
                Assert.Matches(ReasonsStart, ended.Message);
                reasons.Add(ended.Message.Split(' ')[1]);
                killed++;
                rig.Dispose();
                rig = null;
            }
        }
        rig?.Dispose();
        Assert.True(killed > 100 && survived > 100, $"{killed} were killed, {survived} survived");
        Assert.True(reasons.Count > 8, string.Join(", ", reasons));
        Assert.Equal(new byte[64 * 512], File.ReadAllBytes(image));
    }

    internal static void Step(Random random, PciRig rig)
    {
        int device = random.Next(1, rig.Bus.Devices.Count + 1);
        int width = 1 << random.Next(3);
        uint bar = rig.Bus.Devices[device - 1].Bar;
        switch (random.Next(12))
        {
            case 0:
                rig.Registers.WritePort(random.Next(3) == 0 ? (ushort)random.Next(0x10000) : (ushort)(0xCF8 + random.Next(8)), width, (uint)random.NextInt64(1L << 32));
                rig.ServePending();
                break;
            case 1:
                rig.Registers.ReadPort(random.Next(3) == 0 ? (ushort)random.Next(0x10000) : (ushort)(0xCF8 + random.Next(8)), width);
                break;
            case 2:
                rig.WriteConfig(random.Next(33), (uint)random.Next(256) & ~3u, random.Next(4) == 0 ? uint.MaxValue : (uint)random.Next(80));
                break;
            case 3:
                rig.ReadConfig(random.Next(33), (uint)random.Next(256));
                break;
            case 4:
                rig.Read((uint)random.NextInt64(1L << 32), width);
                rig.Write((uint)random.NextInt64(1L << 32), width, (uint)random.Next());
                break;
            case 5:
                rig.Devices.Console!.Input.TryEnter("typed"u8);
                break;
            case 6:
                rig.Memory.Write32((uint)random.Next(0x40000) & ~3u, (uint)random.Next(0x10000));
                break;
            case 7:
                rig.Registers.NameOf(bar + (uint)random.Next(200));
                break;
            case 8:
                rig.Load(rig.Saved());
                break;
            default:
                Access(random, rig, bar);
                break;
        }
        rig.Transport.DeliverInput();
    }

    /// <summary>Mostly a register as it is meant to be accessed, for the rules after that one to be met as well.</summary>
    private static void Access(Random random, PciRig rig, uint bar)
    {
        (uint offset, int width) = random.Next(20) switch
        {
            0 => ((uint)random.Next(128), 1 << random.Next(3)),
            < 4 => (24u, 2),
            < 6 => (28u, 2),
            < 9 => ((uint)(32 + 4 * random.Next(6)), 4),
            < 11 => (22u, 2),
            < 14 => (56u, 2),
            < 16 => (20u, 1),
            _ => (58u, 1),
        };
        if (random.Next(3) == 0)
        {
            rig.Read(bar + offset, width);
            return;
        }
        uint value = offset switch
        {
            22 or 56 => (uint)random.Next(random.Next(10) == 0 ? 4 : 2),
            24 => 1u << random.Next(random.Next(10) == 0 ? 17 : 9),
            28 => random.Next(10) == 0 ? 0u : 1,
            20 => (uint)(random.Next(6) switch { 0 => 0, 1 => 0x8F, _ => 0x0F }),
            58 => 0,
            _ => (offset & 4) != 0 ? (uint)(random.Next(30) == 0 ? 1 : 0) : (uint)random.Next(0x40000) & ~(random.Next(20) == 0 ? 0u : 15u),
        };
        if (offset != 58) rig.Write(bar + offset, width, value);
    }

    /// <summary>Devices of which some are as far as FEATURES_OK, for random writes would seldom come there.</summary>
    internal static PciRig Make(Random random, string image)
    {
        PciRig rig = new(
            new ConsoleFunction(), new DiskFunction("block0", new BlockDefinition(image)),
            new HostWire(0, new ReplayPort(default, [.. Enumerable.Range(0, 20).Select(_ => new RecordedFrame(0, TestWire.Udp(1, 2, "data"u8)))]), recorder: null),
            new EntropyFunction("hostile"));
        for (int device = 1; device <= 4; device++)
        {
            PciDriver driver = rig.Driver(device);
            if (random.Next(3) != 0) driver.Begin().Negotiate();
            if (random.Next(3) == 0) driver.Start();
        }
        return rig;
    }
}
