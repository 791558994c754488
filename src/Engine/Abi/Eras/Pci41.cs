namespace LguestPS.Abi.Eras;

/// <summary>The last era: only one instruction, an iret, is not interrupted.</summary>
internal static class Pci41
{
    public static readonly AbiProfile Profile = new("pci-4.1", "v4.1 to v4.13", VirtioCalls.V40)
    {
        Arguments = Virtio2631.Arguments,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        Devices = DeviceInterface.Pci,
        FirstKernel = new(4, 1),
        Signs = new() { HcallStatus = 24, SyscallVec = 1384 },
    };
}
