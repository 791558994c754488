namespace LguestPS.Abi.Eras;

/// <summary>The kernel no longer extends the first page tables itself.</summary>
internal static class Virtio2629
{
    public static readonly AbiProfile Profile = new("virtio-2.6.29", "v2.6.29", VirtioCalls.V2625, Virtio2624.Data)
    {
        Boot = BootRules.IdentityAndPageOffset,
        AllowsWriteThrough = true,
        Bus = LguestBusRules.V2629,
        FirstKernel = new(2, 6, 29),
    };
}
