namespace LguestPS.Abi;

/// <summary>The last era: devices on a PCI bus that the launcher emulates, so NOTIFY is gone.</summary>
internal static class Pci40
{
    public static readonly AbiProfile Profile = new("pci-4.0", "v4.0 to v4.13", VirtioCalls.V40)
    {
        Arguments = [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx, ArgumentRegister.Esi],
        Devices = DeviceInterface.Pci,
        FirstKernel = new(4, 0),
        Signs = new() { SyscallVec = [1388, 1384] },
    };
}
