namespace LguestPS.Abi;

/// <summary>Virtio replaces DMA; NOTIFY is new.</summary>
internal static class Virtio2624
{
    public static readonly AbiProfile Profile = new("virtio-2.6.24", "v2.6.24", VirtioCalls.V2624)
    {
        Devices = DeviceInterface.Virtio,
        FirstKernel = new(2, 6, 24),
        Signs = new() { SyscallVec = [1132] },
    };
}
