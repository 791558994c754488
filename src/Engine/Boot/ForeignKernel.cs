using System.Text;

namespace LguestPS.Boot;

/// <summary>Sentences for files that cannot be booted as an lguest kernel: what each is, and what to do.</summary>
internal static class ForeignKernel
{
    /// <summary>What a kernel must be.</summary>
    public const string Wanted = "lguest runs 32-bit x86 kernels: the vmlinux or bzImage of a Linux built with ARCH=i386 and CONFIG_LGUEST_GUEST=y";

    public const string Is64Bit = $"is a 64-bit kernel; {Wanted}";

    private const int LongestBanner = 64;
    private const int MostDots = 2;

    // Every kernel with lguest in it has this name of its paravirtual operations among its strings.
    private static ReadOnlySpan<byte> ParavirtName => "\0lguest\0"u8;

    private static ReadOnlySpan<byte> Banner => "Linux version "u8;

    /// <summary>A file that is neither an ELF file nor a bzImage.</summary>
    public static string NoKernel(ReadOnlySpan<byte> file) =>
        $"is neither an ELF file nor a bzImage{(FileKinds.Describe(file) is { } kind ? $", but {kind}" : "")}; {Wanted}";

    /// <summary>What the header of a bzImage tells against it; null if nothing.</summary>
    public static string? OfHeader(ReadOnlySpan<byte> file)
    {
        string? text = BzImageHeader.Version(file);
        if (BzImageHeader.Is64Bit(file)) return $"is a 64-bit kernel{(text is null ? "" : $" ({FirstWords(text)})")}; {Wanted}";
        if (ParseVersion(text) is { } version && WithoutLguest(version) is { } problem) return problem;
        return FileKinds.PackedWith(BzImageHeader.Payload(file)) is { } packing and not "gzip"
            ? $"is a bzImage{Named(text)} packed with {packing}; only gzip is unpacked here, so use its vmlinux, or build it with CONFIG_KERNEL_GZIP=y"
            : null;
    }

    /// <summary>A bzImage in which no whole kernel packed with gzip is found.</summary>
    public static string WithoutGzip(ReadOnlySpan<byte> file)
    {
        string? text = BzImageHeader.Version(file);
        string what = $"is a bzImage{Named(text)} without a whole gzip-packed kernel in it";
        if (BzImageHeader.WholeSize(file) is var whole && whole > file.Length)
            return $"{what}: it is cut off, with {file.Length} of its {whole} bytes or more; copy it again";
        if (text is not null && ParseVersion(text) is null) return $"{what}: it starts as Linux does, but is another program; {Wanted}";
        return $"{what}: it is damaged, or packed in a way that is not known here; copy it again, or use its vmlinux";
    }

    /// <summary>A kernel that does not have the entry point of the DMA eras.</summary>
    public static string WithoutEntry(IReadOnlyList<KernelSegment> segments)
    {
        const string missing = "has no 'GenuineLguest' signature, so it has no entry for lguest";
        if (FindVersion(segments) is not { } version)
            return $"{missing}; build it with CONFIG_LGUEST_GUEST=y, from a kernel older than 2.6.24";
        if (WithoutLguest(version) is { } problem) return problem;
        if (!segments.Any(segment => segment.Bytes.Span.IndexOf(ParavirtName) >= 0))
            return $"is Linux {version} without lguest support; build it with CONFIG_LGUEST_GUEST=y";
        AbiProfile profile = AbiProfile.OfKernel(version)!;
        return profile.CanRun
            ? $"is Linux {version} and {missing}; build it with CONFIG_LGUEST_GUEST=y"
            : $"is Linux {version} of ABI profile {profile.Name} ({profile.Kernels}), whose I/O is not supported yet; guests of {AbiProfile.Runnable} can run";
    }

    private static string? WithoutLguest(Version version)
    {
        if (version >= AbiProfile.Removed) return $"is Linux {version}; lguest was removed from Linux in {AbiProfile.Removed}, so use an older kernel";
        return AbiProfile.OfKernel(version) is null ? $"is Linux {version}; lguest came with Linux {AbiProfile.All[0].FirstKernel}, so use a newer kernel" : null;
    }

    private static Version? FindVersion(IReadOnlyList<KernelSegment> segments)
    {
        foreach (KernelSegment segment in segments)
        {
            ReadOnlySpan<byte> rest = segment.Bytes.Span;
            for (int at; (at = rest.IndexOf(Banner)) >= 0;)
            {
                rest = rest[(at + Banner.Length)..];
                if (ParseVersion(Encoding.Latin1.GetString(rest[..Math.Min(rest.Length, LongestBanner)])) is { } version) return version;
            }
        }
        return null;
    }

    /// <summary>The numbers at the start of a version text: 2.6.24 in 2.6.24-rc1.</summary>
    private static Version? ParseVersion(string? text)
    {
        if (text is null) return null;
        int end = 0, dots = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || (text[end] == '.' && dots++ < MostDots))) end++;
        return Version.TryParse(text.AsSpan(0, end).TrimEnd('.'), out Version? version) ? version : null;
    }

    private static string Named(string? version) => version is null ? "" : ParseVersion(version) is null ? $" ('{FirstWords(version)}')" : $" (Linux {FirstWords(version)})";

    /// <summary>A version text without who built it where, and without what a terminal would obey.</summary>
    private static string FirstWords(string text)
    {
        int end = text.IndexOf('(');
        string words = new([.. (end > 0 ? text[..end] : text).Where(letter => !char.IsControl(letter)).Take(LongestBanner)]);
        return words.Trim();
    }
}
