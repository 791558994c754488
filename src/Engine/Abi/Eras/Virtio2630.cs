namespace LguestPS.Abi.Eras;

/// <summary>The first era with vmcall, and with the arguments in ebx, ecx, edx.</summary>
internal static class Virtio2630
{
    public static readonly AbiProfile Profile = new("virtio-2.6.30", "v2.6.30", VirtioCalls.V2630, Virtio2624.Data)
    {
        Instruction = TrapInstruction.Vmcall,
        Arguments = [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx],
        Boot = BootRules.IdentityAndPageOffset,
        AcceptsVmcall = true,
        AllowsWriteThrough = true,
        Bus = LguestBusRules.V2630,
        FirstKernel = new(2, 6, 30),
    };
}
