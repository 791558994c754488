using System.Runtime.InteropServices;
using LguestPS.Cpu.Kvm;
using LguestPS.Native;

namespace LguestPS;

/// <summary>What this machine can run guests on, and which Linux kernels run.</summary>
/// <param name="OperatingSystem">Name and version.</param>
/// <param name="Architecture">The processor architecture of this process.</param>
/// <param name="Processors">Logical processors.</param>
/// <param name="KvmDevice">Whether /dev/kvm exists.</param>
/// <param name="KvmState">What it is good for.</param>
/// <param name="KvmReason">Why, or why not, in a sentence.</param>
/// <param name="AutoCpu">What <c>cpu: auto</c> chooses here.</param>
/// <param name="Kernels">The Linux kernels that run, by era, oldest first.</param>
public sealed record HostReport(
    string OperatingSystem, string Architecture, int Processors, bool KvmDevice, KvmState KvmState, string KvmReason, string AutoCpu, IReadOnlyList<KernelRange> Kernels)
{
    /// <summary>Whether <c>cpu: kvm</c> works.</summary>
    public bool KvmUsable => KvmState != KvmState.Unavailable;

    /// <summary>Looks at this machine; the first time in a process, by running a tiny guest on KVM.</summary>
    public static HostReport Probe()
    {
        KvmVerdict verdict = KvmProbe.Machine.Verdict;
        return new HostReport(
            RuntimeInformation.OSDescription, RuntimeInformation.ProcessArchitecture.ToString(), Environment.ProcessorCount,
            File.Exists(KvmSystem.DevicePath), verdict.State, verdict.Reason, AutoCpu: verdict.State == KvmState.Ready ? "kvm" : "emulated", KernelRange.All);
    }
}
