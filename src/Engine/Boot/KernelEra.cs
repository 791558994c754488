namespace LguestPS.Boot;

/// <summary>Finds the era of a kernel: its struct lguest_data tells layouts apart, its version tells eras with the same layout apart.</summary>
internal static class KernelEra
{
    /// <param name="path">The kernel's file, for messages.</param>
    /// <param name="kernel">What is in it.</param>
    /// <param name="asked">The profile that the definition asks for; null to find the kernel's own.</param>
    /// <exception cref="LguestException">InvalidImage: it has no lguest in it, is of another era than <paramref name="asked"/>, or does not tell.</exception>
    public static AbiProfile Choose(string path, KernelContents kernel, AbiProfile? asked)
    {
        if (kernel.Version is { } version && ForeignKernel.WithoutLguest(version) is { } tooOldOrNew) throw KernelImage.Invalid(path, tooOldOrNew);
        if (kernel.Version is { } linux && !kernel.MayKnowLguest)
            throw KernelImage.Invalid(path, $"is Linux {linux} without lguest support; build it with CONFIG_LGUEST_GUEST=y");

        AbiProfile? found = Find(kernel);
        if (asked is not null)
        {
            if (found is not null && found != asked && !MayBe(asked, kernel)) throw KernelImage.Invalid(path, ForeignKernel.OfOtherEra(kernel, found, asked));
            return asked;
        }
        // No Linux, then; the signature was what every guest had when this project began.
        if (found is null && kernel is { Version: null, Fitting.Count: 0, AfterSignature: not null }) found = AbiProfile.Find(AbiProfile.DefaultName);
        return found ?? throw KernelImage.Invalid(path, ForeignKernel.OfUnknownEra(kernel));
    }

    /// <summary>The era of a kernel; null if it does not tell.</summary>
    public static AbiProfile? Find(KernelContents kernel)
    {
        AbiProfile? byVersion = kernel.Version is { } version ? AbiProfile.OfKernel(version.Number) : null;
        if (kernel.Fitting.Count == 0 || (byVersion is not null && kernel.Fitting.Contains(byVersion))) return byVersion;
        return kernel.Fitting.Count == 1 ? kernel.Fitting[0] : null;
    }

    /// <summary>Whether a kernel may be of an era that its version is not of: it was built between two releases, with the struct of that era.</summary>
    private static bool MayBe(AbiProfile asked, KernelContents kernel) => kernel.Fitting.Contains(asked) && kernel.Version is null or { IsDevelopment: true };
}
