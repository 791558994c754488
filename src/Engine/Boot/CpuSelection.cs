using System.Runtime.Versioning;
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
    private const string AskedForText = "asked for by the definition";

    private static readonly Func<string> AskedFor = () => AskedForText;

    private const string VmcallIsLost = "this machine's KVM answers vmcall itself, with which kernels of 2.6.30 to 2.6.33 call their host (Intel, without CONFIG_KVM_HYPERV)";

    /// <param name="definition">What the guest is to be.</param>
    /// <param name="abi">The era of its kernel.</param>
    /// <exception cref="LguestException">NotSupported: the one that was asked for cannot be had.</exception>
    public static (Func<string> Reason, Func<GuestMemory, GuestClock, VirtualCpu> Make) Choose(GuestDefinition definition, AbiProfile abi) => definition.Cpu switch
    {
        CpuChoice.Emulated => (AskedFor, MakeEmulated(definition)),
        CpuChoice.Kvm when KvmProbe.Machine.Verdict.State != KvmState.Unavailable && LosesHypercalls(abi) =>
            throw new LguestException(LguestError.NotSupported, $"cpu: kvm cannot run this kernel: {VmcallIsLost}. Use 'cpu: emulated'."),
        CpuChoice.Kvm => ChooseKvm(KvmProbe.Machine.Verdict),
        _ when definition.Clock == ClockKind.Virtual => (() => "the clock 'virtual' counts instructions, which KVM cannot", MakeEmulated(definition)),
        _ when definition.Limits.Instructions is not null => (() => "the limit counts instructions, which KVM cannot", MakeEmulated(definition)),
        _ when definition.SampleEvery is not null => (() => "samples are taken by counting instructions, which KVM cannot", MakeEmulated(definition)),
        _ when KvmProbe.Machine.IsReady && LosesHypercalls(abi) => (() => VmcallIsLost, MakeEmulated(definition)),
        _ when KvmProbe.Machine.IsReady => (KvmProbe.Machine.WhyChosen, MakeKvm(Assistance.OnRequest)),
        _ => (KvmProbe.Machine.WhyChosen, MakeEmulated(definition)),
    };

    private static bool LosesHypercalls(AbiProfile abi) => abi.Instruction == TrapInstruction.Vmcall && !KvmProbe.Machine.BringsOutVmcalls;

    private static (Func<string>, Func<GuestMemory, GuestClock, VirtualCpu>) ChooseKvm(KvmVerdict verdict) => verdict.State switch
    {
        KvmState.Ready when OperatingSystem.IsLinux() => (AskedFor, MakeKvm(Assistance.OnRequest)),
        KvmState.Degraded when OperatingSystem.IsLinux() => (() => $"{AskedForText}. {verdict.Reason}", MakeKvm(Assistance.AtEveryFault)),
        _ => throw new LguestException(LguestError.NotSupported, $"{verdict.Reason} Or use 'cpu: emulated'."),
    };

    /// <summary>How hot code is before it is compiled; another value can be put into the environment, to compile everything at once in a test.</summary>
    internal static int Heat { get; set; } = int.TryParse(Environment.GetEnvironmentVariable("LGUEST_CPU_HEAT"), out int value) ? value : EmulatedCpu.UsualHeat;

    private static Func<GuestMemory, GuestClock, VirtualCpu> MakeEmulated(GuestDefinition definition) =>
        (memory, clock) => new EmulatedCpu(memory, clock.ReadTimeStampCounter, definition.Compile == CompileChoice.Off ? null : Heat,
            samples: definition.SampleEvery is { } period ? new CodeSamples(period) : null);

    [SupportedOSPlatform("linux")]
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
