namespace LguestPS.Abi.Eras;

/// <summary>Devices on a PCI bus that the launcher emulates, so NOTIFY is gone.</summary>
internal static class Pci40
{
    public static readonly AbiProfile Profile = new("pci-4.0", "v4.0", VirtioCalls.V40, Virtio31.Data)
    {
        Arguments = Virtio2631.Arguments,
        Boot = BootRules.Linear,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        Pci = PciRules.V40,
        FirstKernel = new(4, 0),
    };
}
