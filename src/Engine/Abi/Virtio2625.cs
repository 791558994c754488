namespace LguestPS.Abi;

/// <summary>CRASH becomes SHUTDOWN, with a reason.</summary>
internal static class Virtio2625
{
    public static readonly AbiProfile Profile = new("virtio-2.6.25", "v2.6.25 to v2.6.29", VirtioCalls.V2625)
    {
        Devices = DeviceInterface.Virtio,
        FirstKernel = new(2, 6, 25),
        Signs = new() { SyscallVec = [1132] },
    };
}
