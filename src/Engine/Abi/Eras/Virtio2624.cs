namespace LguestPS.Abi.Eras;

/// <summary>Virtio replaces DMA; NOTIFY is new, and the kernel is entered like any other.</summary>
internal static class Virtio2624
{
    /// <summary>struct lguest_data of 2.6.24 to 2.6.30.</summary>
    public static readonly GuestDataLayout Data = new()
    {
        HcallStatus = 20,
        Hcalls = 84,
        ReserveMem = 1108,
        TscKhz = 1112,
        PageDirectory = 1116,
        NoIrqStart = 1120,
        NoIrqEnd = 1124,
        KernelAddress = 1128,
        SyscallVec = 1132,
        Size = 1136,
        RingOrder = [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx],
    };

    public static readonly AbiProfile Profile = new("virtio-2.6.24", "v2.6.24", VirtioCalls.V2624, Data)
    {
        Boot = BootRules.Identity,
        Bus = LguestBusRules.V2624,
        FirstKernel = new(2, 6, 24),
    };
}
