namespace LguestPS.Abi.Eras;

/// <summary>CRASH becomes SHUTDOWN, with a reason; the descriptors of devices change.</summary>
internal static class Virtio2625
{
    public static readonly AbiProfile Profile = new("virtio-2.6.25", "v2.6.25 to v2.6.28", VirtioCalls.V2625, Virtio2624.Data)
    {
        Boot = BootRules.Identity,
        AllowsWriteThrough = true,
        Bus = LguestBusRules.V2625,
        FirstKernel = new(2, 6, 25),
    };
}
