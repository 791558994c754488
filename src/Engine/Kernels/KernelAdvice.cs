namespace LguestPS.Kernels;

/// <summary>Says of a kernel that can be booted how it runs, and what somebody who boots it has to supply.</summary>
internal static class KernelAdvice
{
    public static string Runs(KernelReport report, AbiProfile abi)
    {
        string how = $"with ABI profile {abi.Name}";
        if (report.Lguest != LguestSupport.Yes)
            return $"Perhaps, {how}: it is packed with {report.Packing ?? "something unknown"} and could not be looked into, so it is not known whether it has CONFIG_LGUEST_GUEST=y.";
        TriedKernel[] like = report.Version is { } version ? [.. TriedKernel.All.Where(tried => tried.IsOf(abi) && tried.IsLike(version))] : [];
        string[] cpus = [.. like.SelectMany(tried => tried.Cpus).Distinct().Select(cpu => cpu == TriedKernel.EmulatedCpu ? "the emulated CPU" : cpu)];
        return like.Length == 0 ? $"Yes, {how}." : $"Yes, {how}; {like[0].Name} was tried on {string.Join(" and ", cpus)}.";
    }

    public static string[] Needs(KernelReport report, AbiProfile abi, KernelTraits traits) => [.. AllNeeds(report, abi, traits)];

    private static IEnumerable<string> AllNeeds(KernelReport report, AbiProfile abi, KernelTraits traits)
    {
        yield return $"{report.LeastMemory >> 20} MiB of memory to be loaded, and more for its programs.";
        if (report.Version is null) yield break;      // it is no Linux

        yield return Root(KernelRange.DiskOf(abi), StateOf(report, "block") ?? DriverState.Unknown, traits.Initrd);
        if (StateOf(report, "pci") == DriverState.Module) yield return "An initrd that loads virtio_pci, without which it finds no disk and no network.";
        if (StateOf(report, "pci") == DriverState.Missing) yield return "Nothing but an initramfs: without CONFIG_VIRTIO_PCI it finds no disk and no network.";
        if (StateOf(report, "net") == DriverState.Module) yield return "For a network, the module virtio_net, from the initrd or the root file system.";
        if (StateOf(report, "console") == DriverState.Missing) yield return "Another way to see it than its console: it has no driver for that.";
        else yield return "console=hvc0 on its command line.";
        if (report.Kaslr is true) yield return "nokaslr on its command line, for breakpoints on symbols before LGUEST_INIT: until then it is not known where it has moved itself.";
        if (report.Version < KernelRange.HandsOutRandomBytes) yield return "Programs of its time, or linked with musl: it hands out no random bytes (AT_RANDOM), which today's glibc needs.";
    }

    private static string Root(string disk, DriverState driver, bool? initrd) => (driver, initrd) switch
    {
        (DriverState.Missing, false) => "A kernel with a driver for disks or with CONFIG_BLK_DEV_INITRD: this one has neither, so it finds no root file system.",
        (DriverState.Missing, _) => "An initramfs (initrd): it has no driver for disks.",
        (DriverState.Module, _) => $"An initrd that loads its driver for disks, a module; then a disk image can be its root (root={disk}).",
        (_, false) => $"A disk image as its root (root={disk}): it takes no initrd.",
        (DriverState.Unknown, _) => $"An initrd; or a disk image as its root (root={disk}), whose driver may be a module in the initrd.",
        _ => $"An initrd, or a disk image as its root (root={disk}).",
    };

    private static DriverState? StateOf(KernelReport report, string device)
    {
        foreach (KernelDriver driver in report.Drivers)
            if (driver.Device == device) return driver.State;
        return null;
    }
}
