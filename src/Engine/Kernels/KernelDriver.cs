using LguestPS.Kernels;

namespace LguestPS;

/// <summary>How a kernel has a driver.</summary>
public enum DriverState : long
{
    /// <summary>The kernel does not tell.</summary>
    Unknown,

    /// <summary>It has none.</summary>
    Missing,

    /// <summary>As a module, which an initrd has to load.</summary>
    Module,

    /// <summary>Built in.</summary>
    BuiltIn,
}

/// <summary>A kernel's driver for a device of its guest.</summary>
/// <param name="Device">The device: block, net, console, rng, or pci for what leads to the others.</param>
/// <param name="Name">The driver's name in Linux.</param>
/// <param name="State">How the kernel has it.</param>
public sealed record KernelDriver(string Device, string Name, DriverState State)
{
    private sealed record Known(string Device, string Name, string Option);

    private static readonly Known[] Dma = [new("console", "lguestcons", "HVC_DRIVER"), new("block", "lguestblk", "LGUEST_BLOCK"), new("net", "lguestnet", "LGUEST_NET")];

    private static readonly Known[] Virtio =
        [new("console", "virtio_console", "VIRTIO_CONSOLE"), new("block", "virtio_blk", "VIRTIO_BLK"), new("net", "virtio_net", "VIRTIO_NET"), new("rng", "virtio_rng", "HW_RANDOM_VIRTIO")];

    private static readonly Known[] Pci = [.. Virtio, new("pci", "virtio-pci", "VIRTIO_PCI")];

    /// <summary>Those that a kernel of an era needs.</summary>
    internal static KernelDriver[] Find(DeviceInterface devices, KernelTraits kernel) =>
        [.. (devices switch { DeviceInterface.Dma => Dma, DeviceInterface.Virtio => Virtio, _ => Pci }).Select(driver => new KernelDriver(driver.Device, driver.Name, kernel.StateOf(driver.Option, driver.Name)))];

    public override string ToString() => $"{Name}: {State switch { DriverState.BuiltIn => "built in", DriverState.Module => "module", DriverState.Missing => "missing", _ => "unknown" }}";
}
