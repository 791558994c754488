namespace LguestPS.Abi.Eras;

/// <summary>The kernel starts without page tables and names its own at once.</summary>
internal static class Virtio31
{
    /// <summary>struct lguest_data of 3.1 to 4.0.</summary>
    public static readonly GuestDataLayout Data =
        Virtio2631.Data with { PageDirectory = null, NoIrqStart = 1376, NoIrqEnd = 1380, KernelAddress = 1384, SyscallVec = 1388, Size = 1392 };

    public static readonly AbiProfile Profile = new("virtio-3.1", "v3.1 to v3.19", VirtioCalls.V2631, Data)
    {
        Arguments = Virtio2631.Arguments,
        Boot = BootRules.Linear,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        Bus = LguestBusRules.V31,
        FirstKernel = new(3, 1),
    };
}
