namespace LguestPS.Abi.Eras;

/// <summary>Devices on a PCI bus that the launcher emulates, so NOTIFY is gone.</summary>
internal static class Pci40
{
    public static readonly AbiProfile Profile = new("pci-4.0", "v4.0", VirtioCalls.V40)
    {
        Arguments = Virtio2631.Arguments,
        Data = Virtio31.Data,
        Boot = BootRules.Linear,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        Devices = DeviceInterface.Pci,
        Pci = PciRules.V40,
        FirstKernel = new(4, 0),
    };
}
