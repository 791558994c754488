using LguestPS.Clock;
using LguestPS.Cpu.Emulated;
using LguestPS.Memory;

namespace LguestPS.Cpu;

/// <summary>Chooses the vCPU a guest runs on, and can say why.</summary>
internal static class CpuSelection
{
    /// <exception cref="LguestException">NotSupported: the one that was asked for cannot be had.</exception>
    public static (string Reason, Func<GuestMemory, GuestClock, VirtualCpu> Make) Choose(GuestDefinition definition)
    {
        if (definition.Cpu == CpuChoice.Kvm)
            throw new LguestException(LguestError.NotSupported, $"{HostReport.KvmNotBuilt} Use 'cpu: emulated' or 'cpu: auto'.");
        string reason = definition.Cpu == CpuChoice.Emulated ? "asked for by the definition" : HostReport.KvmNotBuilt;
        return (reason, (memory, clock) => new EmulatedCpu(memory, clock.ReadTimeStampCounter));
    }
}
