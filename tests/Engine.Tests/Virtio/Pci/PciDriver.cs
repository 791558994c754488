using LguestPS.Devices.Virtio;
using Xunit;

namespace LguestPS.Tests.Virtio.Pci;

/// <summary>A driver of virtio 1.0 over PCI, which does what Linux does in Linux' order; a test may leave it wherever it likes.</summary>
internal sealed class PciDriver
{
    private readonly PciRig rig;
    private readonly int device;
    private readonly uint notifyMultiplier;
    private readonly Dictionary<int, RingDriver> rings = [];

    /// <summary>Looks for the capabilities that say where the registers are.</summary>
    public PciDriver(PciRig rig, int device)
    {
        (this.rig, this.device) = (rig, device);
        uint bar = rig.ReadConfig(device, 0x10);
        for (uint at = rig.ReadConfig(device, 0x34, 1); at != 0; at = rig.ReadConfig(device, at + 1, 1))
        {
            Assert.Equal(9u, rig.ReadConfig(device, at, 1));
            uint type = rig.ReadConfig(device, at + 3, 1), offset = rig.ReadConfig(device, at + 8), length = rig.ReadConfig(device, at + 12);
            if (type != 5) Assert.Equal(0u, rig.ReadConfig(device, at + 4, 1));
            switch (type)
            {
                case 1:
                    Common = bar + offset;
                    break;
                case 2:
                    Notify = bar + offset;
                    notifyMultiplier = rig.ReadConfig(device, at + 16);
                    break;
                case 3:
                    Isr = bar + offset;
                    break;
                case 4:
                    (Config, ConfigLength) = (bar + offset, length);
                    break;
                case 5:
                    WindowCapability = at;
                    break;
            }
        }
    }

    public uint Common { get; }

    public uint Notify { get; }

    public uint Isr { get; }

    /// <summary>Where the device's own configuration is; 0 if it has none.</summary>
    public uint Config { get; }

    public uint ConfigLength { get; }

    /// <summary>Where in configuration space the capability for access without a mapping is.</summary>
    public uint WindowCapability { get; }

    public int Irq => (int)rig.ReadConfig(device, 0x3C, 1);

    public byte Status
    {
        get => (byte)Read(20, 1);
        set => Write(20, 1, value);
    }

    /// <summary>The features that the device offers.</summary>
    public ulong Offered => Features(0) | Features(1) << 32;

    public int QueueCount => (int)Read(18, 2);

    public uint Read(uint register, int width) => rig.Read(Common + register, width);

    public void Write(uint register, int width, uint value) => rig.Write(Common + register, width, value);

    /// <summary>Resets the device and says that there is a driver.</summary>
    public PciDriver Begin()
    {
        Status = 0;
        Assert.Equal(0, Status);
        Status = (byte)(Status | 1);
        Status = (byte)(Status | 2);
        return this;
    }

    /// <summary>Accepts features, and looks whether they will do.</summary>
    /// <param name="features">Those; all that are offered unless it is said.</param>
    public PciDriver Negotiate(ulong? features = null)
    {
        ulong accepted = features ?? Offered;
        for (uint half = 0; half < 2; half++)
        {
            Write(8, 4, half);
            Write(12, 4, (uint)(accepted >> (int)(32 * half)));
        }
        Status = (byte)(Status | 8);
        Assert.Equal(0x0B, Status);
        return this;
    }

    /// <summary>Puts a virtqueue anywhere in memory, without enabling it.</summary>
    public RingDriver Place(int queue, int? size = null)
    {
        Write(22, 2, (uint)queue);
        ushort most = (ushort)Read(24, 2);
        Assert.NotEqual(0, most);
        Assert.Equal(0u, Read(28, 2));
        Assert.Equal(0u, Read(30, 2));
        ushort own = (ushort)(size ?? most);
        VirtqueuePlace place = new(own, 0, 0, 0);
        // One after the other, and no more aligned than they must be.
        uint descriptors = rig.Allocate((int)place.DescriptorBytes + 16);
        uint available = rig.Allocate((int)place.AvailableBytes + 16) + 2, used = rig.Allocate((int)place.UsedBytes + 16) + 4;
        return Place(place with { Descriptors = descriptors, Available = available, Used = used });
    }

    /// <summary>Writes the size and place of the selected virtqueue.</summary>
    public RingDriver Place(VirtqueuePlace place)
    {
        Write(24, 2, place.Size);
        WriteAddress(32, place.Descriptors);
        WriteAddress(40, place.Available);
        WriteAddress(48, place.Used);
        return rings[(int)Read(22, 2)] = new RingDriver(rig, place);
    }

    public void Enable(int queue)
    {
        Write(22, 2, (uint)queue);
        Write(28, 2, 1);
    }

    /// <summary>All of it: after this the device works.</summary>
    public PciDriver Start(ulong? features = null)
    {
        Begin().Negotiate(features);
        int queues = QueueCount;
        for (int i = 0; i < queues; i++) Place(i);
        for (int i = 0; i < queues; i++) Enable(i);
        Status = (byte)(Status | 4);
        Assert.Equal(0x0F, Status);
        return this;
    }

    /// <summary>The guest's side of a virtqueue that it has placed.</summary>
    public RingDriver Ring(int queue) => rings[queue];

    /// <summary>Goes on with a virtqueue that was placed by another driver.</summary>
    public void Adopt(int queue, VirtqueuePlace place) => rings[queue] = new RingDriver(rig, place);

    /// <summary>Tells the device of a virtqueue.</summary>
    public void Kick(int queue) => rig.Write(Notify + notifyMultiplier * 0, 2, (uint)queue);

    private void WriteAddress(uint register, uint address)
    {
        Write(register, 4, address);
        Write(register + 4, 4, 0);
    }

    private ulong Features(uint half)
    {
        Write(0, 4, half);
        return Read(4, 4);
    }
}
