using LguestPS.Clock;
using LguestPS.Cpu;
using LguestPS.Cpu.Emulated;
using LguestPS.Cpu.Kvm;
using LguestPS.Memory;
using LguestPS.Native;

namespace LguestPS.Boot;

/// <summary>Chooses the vCPU a guest runs on, and can say why.</summary>
internal static class CpuSelection
{
    private const string AskedFor = "asked for by the definition";

    /// <exception cref="LguestException">NotSupported: the one that was asked for cannot be had.</exception>
    public static (string Reason, Func<GuestMemory, GuestClock, VirtualCpu> Make) Choose(GuestDefinition definition) => definition.Cpu switch
    {
        CpuChoice.Emulated => (AskedFor, MakeEmulated),
        CpuChoice.Kvm => ChooseKvm(KvmProbe.Machine.Verdict),
        _ when definition.Clock == ClockKind.Virtual => ("the clock 'virtual' counts instructions, which KVM cannot", MakeEmulated),
        _ when definition.Limits.Instructions is not null => ("the limit counts instructions, which KVM cannot", MakeEmulated),
        _ when KvmProbe.Machine.IsReady => (KvmProbe.Machine.WhyChosen, MakeKvm(Assistance.OnRequest)),
        _ => (KvmProbe.Machine.WhyChosen, MakeEmulated),
    };

    private static (string, Func<GuestMemory, GuestClock, VirtualCpu>) ChooseKvm(KvmVerdict verdict) => verdict.State switch
    {
        KvmState.Ready => (AskedFor, MakeKvm(Assistance.OnRequest)),
        KvmState.Degraded => ($"{AskedFor}. {verdict.Reason}", MakeKvm(Assistance.AtEveryFault)),
        _ => throw new LguestException(LguestError.NotSupported, $"{verdict.Reason} Or use 'cpu: emulated'."),
    };

    private static VirtualCpu MakeEmulated(GuestMemory memory, GuestClock clock) => new EmulatedCpu(memory, clock.ReadTimeStampCounter);

    private static Func<GuestMemory, GuestClock, VirtualCpu> MakeKvm(Assistance assistance) => (memory, clock) =>
    {
        try
        {
            return new KvmCpu(memory, clock.ReadTimeStampCounter, LibC.Instance, assistance);
        }
        catch (Exception e) when (e is ErrnoException or NotSupportedException)
        {
            throw new LguestException(LguestError.NotSupported, $"KVM could not make a virtual machine: {e.Message}. Use 'cpu: emulated'.", e);
        }
    };
}
