namespace LguestPS.Devices.Virtio.Pci;

/// <summary>What is at a number on the PCI bus, as configuration accesses see it.</summary>
internal interface IPciFunction
{
    /// <param name="register">Offset in configuration space, a multiple of 4.</param>
    /// <param name="lane">The first byte of it that is read.</param>
    /// <param name="width">How many bytes are read: 1, 2 or 4.</param>
    /// <returns>All 32 bits of the register.</returns>
    uint ReadConfig(uint register, int lane, int width);

    /// <param name="register">Offset in configuration space, a multiple of 4.</param>
    /// <param name="lane">The first byte of it that is written.</param>
    /// <param name="width">How many bytes are written: 1, 2 or 4; those beyond the register are nobody's.</param>
    /// <param name="value">What is written.</param>
    void WriteConfig(uint register, int lane, int width, uint value);
}

/// <summary>The bridge to the processor: all zero but for its class, without which Linux believes in no PCI bus.</summary>
internal sealed class HostBridge : IPciFunction
{
    private const ushort BridgeClass = 0x0600;

    private readonly PciConfigSpace space = new();

    public HostBridge() => space.Set16(PciConfigSpace.Class, BridgeClass);

    public uint ReadConfig(uint register, int lane, int width) => register < PciConfigSpace.Size ? space.Get32(register) : uint.MaxValue;

    public void WriteConfig(uint register, int lane, int width, uint value)
    {
    }
}
