namespace LguestPS.Abi;

/// <summary>The first era with vmcall, and with the arguments in ebx, ecx, edx.</summary>
internal static class Virtio2630
{
    public static readonly AbiProfile Profile = new("virtio-2.6.30", "v2.6.30", VirtioCalls.V2630)
    {
        Instruction = TrapInstruction.Vmcall,
        Arguments = [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx],
        Devices = DeviceInterface.Virtio,
        FirstKernel = new(2, 6, 30),
        Signs = new() { SyscallVec = [1132] },
    };
}
