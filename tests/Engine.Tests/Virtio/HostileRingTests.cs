using LguestPS.Abi;
using LguestPS.Devices;
using LguestPS.Errors;
using LguestPS.Networks;
using LguestPS.Tests.Networks;
using Xunit;

namespace LguestPS.Tests.Virtio;

/// <summary>Guests that write anything into rings and descriptors and kick whatever they like.</summary>
public sealed class HostileRingTests : IDisposable
{
    private readonly TempFolder folder = new();

    public static TheoryData<string> Profiles => [.. AbiProfile.All.Where(profile => profile.Bus is not null).Select(profile => profile.Name)];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Whatever_a_guest_writes_it_ends_itself_or_is_served_and_nothing_else_happens(string profile)
    {
        LguestBusRules rules = AbiProfile.Find(profile)!.Bus!;
        Random random = new(profile.Sum(c => c));
        string image = folder.Write("disk", new byte[64 * 512]);
        BusRig? rig = null;
        int killed = 0, served = 0;
        for (int round = 0; round < 1500; round++)
        {
            rig ??= Make(rules, image);
            try
            {
                for (int step = 0; step < 3; step++) Step(random, rig);
                served++;
            }
            catch (GuestKilledException)
            {
                killed++;
                rig.Dispose();
                rig = null;
            }
        }
        rig?.Dispose();
        Assert.True(killed > 100 && served > 20, $"{killed} were killed, {served} were served");
        Assert.Equal(new byte[64 * 512], File.ReadAllBytes(image));
    }

    internal static void Step(Random random, BusRig rig)
    {
        int device = random.Next(rig.Bus.Devices.Count);
        int queue = random.Next(rig.Bus.Devices[device].Device.QueueCount);
        RingDriver ring = rig.Ring(device, queue);
        for (int i = random.Next(5); i > 0; i--)
        {
            uint address = (uint)(random.Next(20) == 0 ? random.NextInt64(1L << 32) : random.Next((int)rig.Memory.Size));
            uint length = (uint)(random.Next(8) switch { 0 => random.NextInt64(1L << 32), 1 => 16, 2 => 512, 3 => 1, _ => random.Next(5000) });
            ushort flags = (ushort)(random.Next(4) == 0 ? random.Next(0x10000) : random.Next(4));
            ring.SetDescriptor(random.Next(8), address, length, flags, (ushort)random.Next(9));
        }
        if (random.Next(3) != 0) ring.Offer((ushort)(random.Next(30) == 0 ? random.Next(0x10000) : random.Next(8)));
        switch (random.Next(16))
        {
            case 0:
                ring.Available = (ushort)random.Next(0x10000);
                break;
            case 1:
                rig.Memory.Write8(rig.Memory.RamSize + (uint)random.Next(200), (byte)random.Next(256));
                break;
            case 2:
                rig.Memory.Write8(rig.Bus.Devices[device].Address + (rig.Rules.HasTypedFields ? 2u : 4u), (byte)random.Next(256));
                if (rig.Rules.HasStatusKicks) rig.Notify(rig.Bus.Devices[device].Address);
                break;
            case 3:
                rig.Notify((uint)random.NextInt64(1L << 32));
                break;
            case 4:
                rig.Devices.Console!.Input.TryEnter("typed"u8);
                break;
        }
        rig.Notify(rig.KeyOf(device, queue));
        rig.Bus.DeliverInput();
    }

    internal static BusRig Make(LguestBusRules rules, string image)
    {
        List<DeviceFunction> devices =
        [
            new ConsoleFunction(), new DiskFunction("block0", new BlockDefinition(image)),
            new HostWire(0, new ReplayPort(default, [.. Enumerable.Range(0, 20).Select(_ => new RecordedFrame(0, TestWire.Udp(1, 2, "data"u8)))]), recorder: null),
        ];
        if (rules.HasEntropy) devices.Add(new EntropyFunction("hostile"));
        return new BusRig(rules, [.. devices]);
    }
}
