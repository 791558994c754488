namespace LguestPS.Abi;

/// <summary>Back to int 0x1f, with the arguments of 2.6.31.</summary>
internal static class Virtio2634
{
    public static readonly AbiProfile Profile = new("virtio-2.6.34", "v2.6.34 to v3.19", VirtioCalls.V2631)
    {
        Arguments = [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx, ArgumentRegister.Esi],
        Devices = DeviceInterface.Virtio,
        FirstKernel = new(2, 6, 34),
        Signs = new() { SyscallVec = [1392, 1388] },
    };
}
