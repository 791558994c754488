namespace LguestPS.Abi.Eras;

/// <summary>A fourth argument; 13 and 15 change their meaning, and the host says when an interrupt waits.</summary>
internal static class Virtio2631
{
    /// <summary>struct lguest_data of 2.6.31 to 3.0.</summary>
    public static readonly GuestDataLayout Data = new()
    {
        IrqPending = 20,
        HcallStatus = 24,
        Hcalls = 88,
        ReserveMem = 1368,
        TscKhz = 1372,
        PageDirectory = 1376,
        NoIrqStart = 1380,
        NoIrqEnd = 1384,
        KernelAddress = 1388,
        SyscallVec = 1392,
        Size = 1396,
        RingOrder = Arguments,
    };

    public static readonly AbiProfile Profile = new("virtio-2.6.31", "v2.6.31 to v2.6.33", VirtioCalls.V2631, Data)
    {
        Instruction = TrapInstruction.Vmcall,
        Arguments = Arguments,
        Boot = BootRules.IdentityAndPageOffset,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        MayStartOnPae = true,
        Bus = LguestBusRules.V2631,
        FirstKernel = new(2, 6, 31),
    };

    /// <summary>Where the arguments of a call are in this era and all that follow; in the ring they have the same order.</summary>
    public static IReadOnlyList<ArgumentRegister> Arguments => [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx, ArgumentRegister.Esi];
}
