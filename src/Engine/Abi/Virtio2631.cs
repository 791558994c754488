namespace LguestPS.Abi;

/// <summary>A fourth argument; 13 and 15 change their meaning.</summary>
internal static class Virtio2631
{
    public static readonly AbiProfile Profile = new("virtio-2.6.31", "v2.6.31 to v2.6.33", VirtioCalls.V2631)
    {
        Instruction = TrapInstruction.Vmcall,
        Arguments = [ArgumentRegister.Ebx, ArgumentRegister.Ecx, ArgumentRegister.Edx, ArgumentRegister.Esi],
        Devices = DeviceInterface.Virtio,
        FirstKernel = new(2, 6, 31),
        Signs = new() { SyscallVec = [1392] },
    };
}
