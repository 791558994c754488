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

    /// <summary>Whether anybody has run this version on such a system.</summary>
    public bool IsTried => System.OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is System.Runtime.InteropServices.Architecture.X64 or System.Runtime.InteropServices.Architecture.Arm64;

    /// <summary>What is known of such systems, in a sentence.</summary>
    public string Platform => (System.OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture) switch
    {
        (true, System.Runtime.InteropServices.Architecture.X64) => "Linux on x64: all tests are run on it.",
        (true, System.Runtime.InteropServices.Architecture.Arm64) => "Linux on arm64: tried in an emulator; without KVM and without compiled code.",
        (true, _) => "Linux on this processor: built for it, and never tried; without KVM and without compiled code.",
        _ => $"{(System.OperatingSystem.IsWindows() ? "Windows" : System.OperatingSystem.IsMacOS() ? "macOS" : "This system")}: built for it, and never tried. Guests run on the emulated CPU, without compiled code; networks between guests and TAP interfaces are Linux's.",
    };

    /// <summary>Looks at this machine; the first time in a process, by running a tiny guest on KVM.</summary>
    public static HostReport Probe()
    {
        KvmVerdict verdict = KvmProbe.Machine.Verdict;
        return new HostReport(
            RuntimeInformation.OSDescription, RuntimeInformation.ProcessArchitecture.ToString(), Environment.ProcessorCount,
            File.Exists(KvmSystem.DevicePath), verdict.State, verdict.Reason, AutoCpu: verdict.State == KvmState.Ready ? "kvm" : "emulated", KernelRange.All);
    }
}
