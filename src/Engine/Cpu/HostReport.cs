using System.Runtime.InteropServices;

namespace LguestPS;

/// <summary>What this machine can run guests on.</summary>
/// <param name="OperatingSystem">Name and version.</param>
/// <param name="Architecture">The processor architecture of this process.</param>
/// <param name="Processors">Logical processors.</param>
/// <param name="KvmDevice">Whether /dev/kvm exists.</param>
/// <param name="KvmUsable">Whether guests can run on KVM.</param>
/// <param name="KvmReason">Why, or why not, in a sentence.</param>
/// <param name="AutoCpu">What <c>cpu: auto</c> chooses here.</param>
public sealed record HostReport(
    string OperatingSystem, string Architecture, int Processors, bool KvmDevice, bool KvmUsable, string KvmReason, string AutoCpu)
{
    internal const string KvmNotBuilt = "This version has no KVM engine yet.";

    private const string KvmPath = "/dev/kvm";

    /// <summary>Looks at this machine; touches no device.</summary>
    public static HostReport Probe()
    {
        bool present = System.OperatingSystem.IsLinux() && File.Exists(KvmPath);
        string reason = System.OperatingSystem.IsLinux()
            ? present ? $"{KvmPath} is there. {KvmNotBuilt}" : $"{KvmPath} does not exist. {KvmNotBuilt}"
            : $"KVM exists on Linux only. {KvmNotBuilt}";
        return new HostReport(
            RuntimeInformation.OSDescription, RuntimeInformation.ProcessArchitecture.ToString(), Environment.ProcessorCount,
            present, KvmUsable: false, reason, AutoCpu: "emulated");
    }
}
