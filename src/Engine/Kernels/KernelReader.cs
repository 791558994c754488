using LguestPS.Boot;

namespace LguestPS.Kernels;

/// <summary>Makes a report on a kernel with what boots it, so that both say the same.</summary>
internal static class KernelReader
{
    private const long MostUnpacked = 1 << 30;

    /// <exception cref="LguestException">FileUnavailable.</exception>
    public static KernelReport Read(string path)
    {
        try
        {
            return Describe(path, BootFile.ReadKernel(path));
        }
        catch (LguestException e) when (e.Error != LguestError.FileUnavailable)
        {
            return Refused(new KernelReport { Path = path }, e);     // of an empty file, say, there is nothing more to tell
        }
    }

    private static KernelReport Describe(string path, byte[] file)
    {
        KernelReport report = OfFile(path, file);
        KernelContents kernel;
        try
        {
            kernel = KernelContents.Read(path, file, MostUnpacked);
        }
        catch (LguestException e)
        {
            return Refused(report, e);
        }
        report = WithContents(report, kernel, out KernelTraits traits);
        KernelImage image;
        try
        {
            image = KernelImage.Of(path, kernel, asked: null);
        }
        catch (LguestException e)
        {
            return Refused(report, e);
        }
        SymbolTable? symbols = KernelSymbolFile.Find(path, kernel, image.PageOffset);
        report = report with
        {
            PageOffset = kernel.Segments.Count > 0 ? image.PageOffset : null,
            LeastMemory = BootMemory.LeastFor(image),
            Symbols = symbols?.Source,
            SymbolCount = symbols?.Count ?? 0,
        };
        return report with
        {
            CanRun = report.Lguest == LguestSupport.Yes ? true : null,
            Runs = KernelAdvice.Runs(report, image.Abi),
            Needs = KernelAdvice.Needs(report, image.Abi, traits),
        };
    }

    /// <summary>What can be told without unpacking anything.</summary>
    private static KernelReport OfFile(string path, byte[] file)
    {
        KernelReport report = new() { Path = path };
        if (ElfImage.IsElf(file)) return report with { Format = KernelFormat.Vmlinux, Bits = ElfImage.Bits(file), Unpacked = true };
        if (!BzImageHeader.IsBzImage(file)) return report;
        LinuxVersion? version = LinuxVersion.Parse(BzImageHeader.Version(file));
        return WithVersion(report, version) with
        {
            Format = BzImageHeader.IsLoadedHigh(file) ? KernelFormat.BzImage : KernelFormat.ZImage,
            Bits = BzImageHeader.Is64Bit(file) ? 64 : 32,
            Packing = FileKinds.PackedWith(BzImageHeader.Payload(file)),
        };
    }

    private static KernelReport WithContents(KernelReport report, KernelContents kernel, out KernelTraits traits)
    {
        // Its first message says more than the header of a bzImage.
        LinuxVersion? version = LinuxVersion.Find(kernel.Segments) ?? kernel.Version;
        KernelConfiguration? configuration = KernelConfiguration.In(kernel.Segments) ?? KernelConfiguration.Beside(report.Path, version);
        traits = new KernelTraits(kernel, version, configuration);
        AbiProfile? era = KernelEra.Find(kernel);
        return WithVersion(report, version) with
        {
            Unpacked = kernel.Segments.Count > 0,
            Packing = kernel.IsBzImage ? report.Packing ?? (kernel.Segments.Count > 0 ? FileKinds.Gzip : null) : null,
            Profile = era?.Name,
            Lguest = kernel.Segments.Count > 0 ? (kernel.MayKnowLguest ? LguestSupport.Yes : LguestSupport.No)
                : configuration is null ? LguestSupport.Unknown : configuration.Has("LGUEST_GUEST") ? LguestSupport.Yes : LguestSupport.No,
            PageOffset = kernel.PageOffset,
            Pae = traits.Pae,
            Smp = traits.Smp,
            StackProtector = traits.StackProtector,
            Microcode = traits.Microcode,
            Kaslr = traits.Kaslr,
            Modules = traits.Modules,
            Drivers = era is null ? [] : KernelDriver.Find(era.Devices, traits),
            Configuration = configuration?.Options,
            ConfigurationSource = configuration?.Source,
        };
    }

    private static KernelReport WithVersion(KernelReport report, LinuxVersion? version) => version is null ? report : report with
    {
        Version = version.Number,
        Release = Printable(version.Release),
        Build = Printable(version.Text[version.Release.Length..]),
    };

    private static KernelReport Refused(KernelReport report, LguestException e)
    {
        string subject = KernelImage.Subject(report.Path);
        string problem = e.Message.StartsWith(subject, StringComparison.Ordinal) ? e.Message[subject.Length..] : e.Message;
        return report with { CanRun = false, Runs = $"No: it {problem}." };
    }

    /// <summary>A text from a file without what a terminal would obey.</summary>
    private static string Printable(string text) => new([.. text.Where(letter => !char.IsControl(letter)).SkipWhile(char.IsWhiteSpace)]);
}
