namespace LguestPS.Abi.Eras;

/// <summary>The last era: only one instruction, an iret, is not interrupted.</summary>
internal static class Pci41
{
    private static readonly GuestDataLayout Data =
        Virtio31.Data with { NoIrqStart = null, NoIrqEnd = null, NoIrqIret = 1376, KernelAddress = 1380, SyscallVec = 1384, Size = 1388 };

    public static readonly AbiProfile Profile = new("pci-4.1", "v4.1 to v4.13", VirtioCalls.V40, Data)
    {
        Arguments = Virtio2631.Arguments,
        Boot = BootRules.Linear,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        Pci = PciRules.V40,
        FirstKernel = new(4, 1),
    };
}
