using LguestPS.Memory;

namespace LguestPS.Cpu.Emulated;

internal sealed class EmulatedCpu : VirtualCpu
{
    public EmulatedCpu(GuestMemory memory, Func<ulong> readTimeStampCounter) => throw new NotSupportedException($"{memory}{readTimeStampCounter}");
    public override string Name => "emulated";
    public override bool HasFpu => false;
    public override ref GuestRegisters Registers => throw new NotSupportedException();
    public override long InstructionCount => 0;
    public override bool TaskSwitched { get; set; }
    public override CpuExit Run(long budget) => throw new NotSupportedException();
    public override void Kick() { }
    public override void SetAddressSpace(uint pageDirectory) { }
    public override void FlushAll() { }
    public override void FlushUser(uint kernelBase) { }
    public override void FlushPage(uint? directory, uint linear) { }
    public override void FlushSlot(uint directory, uint index) { }
    public override void LoadDescriptors(ReadOnlySpan<ulong> descriptors) { }
    public override void SetGatePrivilege(byte vector, int level) { }
    public override void Dispose() { }
}
