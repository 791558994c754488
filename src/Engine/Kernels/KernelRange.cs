using LguestPS.Kernels;

namespace LguestPS;

/// <summary>The Linux kernels of one era: which profile they get, where they were tried, and what somebody who boots one has to supply.</summary>
/// <param name="Kernels">The releases.</param>
/// <param name="Profile">Name of their ABI profile.</param>
/// <param name="Emulated">Those tried on the emulated CPU; empty if none was.</param>
/// <param name="Kvm">Those tried on KVM, with the module it was; empty if none was.</param>
/// <param name="Supply">What to give with the kernel.</param>
public sealed record KernelRange(string Kernels, string Profile, string Emulated, string Kvm, string Supply)
{
    // glibc asks the kernel for random bytes (AT_RANDOM), which is there from this release on.
    internal static readonly Version HandsOutRandomBytes = new(2, 6, 29);

    /// <summary>Every era, oldest first.</summary>
    public static IReadOnlyList<KernelRange> All { get; } = AbiProfile.All.Select(Of).ToArray();

    internal static KernelRange Of(AbiProfile profile)
    {
        TriedKernel[] tried = [.. TriedKernel.All.Where(kernel => kernel.IsOf(profile))];
        return new KernelRange(
            profile.Kernels, profile.Name,
            Names(tried, TriedKernel.EmulatedCpu),
            string.Join("; ", tried.SelectMany(kernel => kernel.Modules).Distinct().Select(module => $"{module}: {Names(tried, module)}")),
            SupplyOf(profile));
    }

    /// <summary>The disk's name in Linux of an era, for its command line.</summary>
    internal static string DiskOf(AbiProfile profile) => profile.Devices == DeviceInterface.Dma ? "/dev/lgba" : "/dev/vda";

    private static string Names(IEnumerable<TriedKernel> tried, string cpu) => string.Join(", ", tried.Where(kernel => kernel.Cpus.Contains(cpu)).Select(kernel => kernel.Name));

    private static string SupplyOf(AbiProfile profile)
    {
        string root = $"an initrd, or a disk (root={DiskOf(profile)})";
        return (profile.FirstKernel ?? new Version(2, 6, 23)) < HandsOutRandomBytes ? $"{root}; programs of then, or linked with musl" : root;
    }
}
