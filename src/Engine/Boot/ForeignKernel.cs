namespace LguestPS.Boot;

/// <summary>Sentences for files that cannot be booted as an lguest kernel: what each is, and what to do.</summary>
internal static class ForeignKernel
{
    /// <summary>What a kernel must be.</summary>
    public const string Wanted = "lguest runs 32-bit x86 kernels: the vmlinux or bzImage of a Linux built with ARCH=i386 and CONFIG_LGUEST_GUEST=y";

    public const string Is64Bit = $"is a 64-bit kernel; {Wanted}";

    private const int LongestBanner = 64;

    /// <summary>A file that is neither an ELF file nor a bzImage.</summary>
    public static string NoKernel(ReadOnlySpan<byte> file) =>
        $"is neither an ELF file nor a bzImage{(FileKinds.Describe(file) is { } kind ? $", but {kind}" : "")}; {Wanted}";

    /// <summary>What the header of a bzImage tells against it; null if nothing.</summary>
    public static string? OfHeader(ReadOnlySpan<byte> file)
    {
        string? text = BzImageHeader.Version(file);
        if (BzImageHeader.Is64Bit(file)) return $"is a 64-bit kernel{(text is null ? "" : $" ({FirstWords(text)})")}; {Wanted}";
        if (LinuxVersion.Parse(text) is { } version && WithoutLguest(version) is { } problem) return problem;
        return PackedOtherwise(file) is { } packing && BzImageHeader.WholeSize(file) is var whole && whole > file.Length
            ? $"is a bzImage{Named(text)} packed with {packing}, and cut off, with {file.Length} of its {whole} bytes or more; copy it again"
            : null;
    }

    /// <summary>How a bzImage is packed, if it is known, and another way than the one that is unpacked here; else null.</summary>
    public static string? PackedOtherwise(ReadOnlySpan<byte> file) => FileKinds.PackedWith(BzImageHeader.Payload(file)) is { } packing and not FileKinds.Gzip ? packing : null;

    /// <summary>A bzImage in which no whole kernel packed with gzip is found.</summary>
    public static string WithoutGzip(ReadOnlySpan<byte> file)
    {
        string? text = BzImageHeader.Version(file);
        string what = $"is a bzImage{Named(text)} without a whole gzip-packed kernel in it";
        if (BzImageHeader.WholeSize(file) is var whole && whole > file.Length)
            return $"{what}: it is cut off, with {file.Length} of its {whole} bytes or more; copy it again";
        if (PackedOtherwise(file) is { } packing)
            return $"is a bzImage{Named(text)} packed with {packing}, {(Unpacking.Knows(packing) ? "and is damaged" : "which is not unpacked here")}; a kernel of its era is not left to unpack itself, so use its vmlinux";
        if (text is not null && LinuxVersion.Parse(text) is null) return $"{what}: it starts as Linux does, but is another program; {Wanted}";
        return $"{what}: it is damaged, or packed in a way that is not known here; copy it again, or use its vmlinux";
    }

    /// <summary>A kernel of a DMA era without that era's entry point.</summary>
    public static string WithoutSignature(AbiProfile abi, KernelContents kernel) =>
        $"{(kernel.Version is { } version ? $"is Linux {version} and " : "")}has no 'GenuineLguest' signature, so it has no entry for lguest of ABI profile {abi.Name}; build it with CONFIG_LGUEST_GUEST=y";

    /// <summary>A kernel of another era than the definition says.</summary>
    public static string OfOtherEra(KernelContents kernel, AbiProfile found, AbiProfile asked) =>
        $"is {What(kernel)} of ABI profile {found.Name} ({found.Kernels}), not of {asked.Name}; leave out 'abi', or use --abi={found.Name}, or 'abi: {found.Name}' in its definition";

    /// <summary>A kernel that does not tell of which era it is.</summary>
    public static string OfUnknownEra(KernelContents kernel) => kernel.MayKnowLguest
        ? $"does not tell which Linux it is{(kernel.Fitting.Count > 0 ? $", but its lguest_data is that of {string.Join(" or ", kernel.Fitting.Select(profile => profile.Name))}" : "")}; name its ABI profile with --abi, or 'abi' in its definition"
        : $"has no 'GenuineLguest' signature, does not tell which Linux it is, and has no lguest support that could be found; {Wanted}";

    /// <summary>Why lguest is not in a release; null if it is.</summary>
    public static string? WithoutLguest(LinuxVersion version)
    {
        if (version.Number >= AbiProfile.Removed) return $"is Linux {version}; lguest was removed from Linux in {AbiProfile.Removed}, so use an older kernel";
        return AbiProfile.OfKernel(version.Number) is null ? $"is Linux {version}; lguest came with Linux {AbiProfile.All[0].FirstKernel}, so use a newer kernel" : null;
    }

    private static string What(KernelContents kernel) => kernel.Version is { } version ? $"Linux {version}" : "a kernel";

    private static string Named(string? version) => version is null ? "" : LinuxVersion.Parse(version) is null ? $" ('{FirstWords(version)}')" : $" (Linux {FirstWords(version)})";

    /// <summary>A version text without who built it where, and without what a terminal would obey.</summary>
    private static string FirstWords(string text)
    {
        int end = text.IndexOf('(');
        string words = new([.. (end > 0 ? text[..end] : text).Where(letter => !char.IsControl(letter)).Take(LongestBanner)]);
        return words.Trim();
    }
}
