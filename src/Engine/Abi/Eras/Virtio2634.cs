namespace LguestPS.Abi.Eras;

/// <summary>Back to int 0x1f, with the arguments of 2.6.31; only SEND_INTERRUPTS is still a vmcall.</summary>
internal static class Virtio2634
{
    public static readonly AbiProfile Profile = new("virtio-2.6.34", "v2.6.34 to v3.0", VirtioCalls.V2631, Virtio2631.Data)
    {
        Arguments = Virtio2631.Arguments,
        Boot = BootRules.IdentityAndPageOffset,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        MayStartOnPae = true,
        Bus = LguestBusRules.V2631,
        FirstKernel = new(2, 6, 34),
    };
}
